#pragma once

#include "sdk/metrics/metric_reader.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

// Test support: docs/reference/instruments.md as rows, and what a reader collects in the same form,
// so that page and code can be compared in both directions. Needs BINNACLE_SOURCE_DIR.

namespace binnacle::sdk {

/// A line of one of the page's tables.
struct InstrumentRow {
  std::string name;
  std::string kind;
  std::string unit;
  std::string labels;  ///< sorted, comma-separated
  std::string bounds;
  friend auto operator<=>(const InstrumentRow&, const InstrumentRow&) = default;
};

inline void PrintTo(const InstrumentRow& row, std::ostream* out) {
  *out << row.name << " | " << row.kind << " | " << row.unit << " | " << row.labels << " | "
       << row.bounds;
}

inline std::string trimmed_cell(std::string text) {
  std::erase(text, '`');
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

inline std::string joined(const std::set<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

/// The cells of the table between `<!-- section -->` and `<!-- /section -->`, line by line.
inline std::vector<std::vector<std::string>> documented_cells(const std::string& section) {
  std::ifstream page(BINNACLE_SOURCE_DIR "/docs/reference/instruments.md");
  EXPECT_TRUE(page.is_open());
  std::vector<std::vector<std::string>> table;
  bool is_inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line == "<!-- " + section + " -->") is_inside = true;
    if (line == "<!-- /" + section + " -->") is_inside = false;
    if (!is_inside || !line.starts_with("| `")) continue;
    std::istringstream in(line.substr(1));
    table.emplace_back();
    for (std::string cell; std::getline(in, cell, '|');) {
      table.back().push_back(trimmed_cell(cell));
    }
  }
  EXPECT_FALSE(table.empty()) << section;
  return table;
}

/// What a letter of the column `bounds` stands for.
inline std::map<std::string, std::string> documented_bounds() {
  std::ifstream page(BINNACLE_SOURCE_DIR "/docs/reference/instruments.md");
  std::map<std::string, std::string> bounds;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("- Bounds ")) continue;
    const std::size_t colon = line.find(':');
    bounds[line.substr(9, colon - 9)] = trimmed_cell(line.substr(colon + 1));
  }
  return bounds;
}

inline std::set<InstrumentRow> documented_instruments(const std::string& section) {
  const std::map<std::string, std::string> bounds = documented_bounds();
  std::set<InstrumentRow> rows;
  for (const std::vector<std::string>& cells : documented_cells(section)) {
    if (cells.size() != 5) {
      ADD_FAILURE() << cells[0] << " has " << cells.size() << " cells";
      continue;
    }
    std::set<std::string> labels;
    std::istringstream in(cells[3]);
    for (std::string label; std::getline(in, label, ',');) labels.insert(trimmed_cell(label));
    const auto letter = bounds.find(cells[4]);
    rows.insert({cells[0], cells[1], cells[2], joined(labels),
                 letter != bounds.end() ? letter->second : cells[4]});
  }
  return rows;
}

/// The SDK's own instruments among `metrics`, with the labels of all their points.
inline std::set<InstrumentRow> collected_instruments(const std::vector<MetricData>& metrics) {
  std::set<InstrumentRow> rows;
  for (const MetricData& metric : metrics) {
    if (metric.points.empty() || metric.scope.name != "binnacle") continue;
    InstrumentRow row;
    row.name = metric.name;
    row.kind = metric.kind == MetricKind::kCounter ? "counter" : "histogram";
    row.unit = metric.unit;
    std::set<std::string> labels;
    for (const Point& point : metric.points) {
      for (const Label& label : point.attributes) labels.insert(label.key);
    }
    row.labels = joined(labels);
    if (const auto* value = std::get_if<HistogramValue>(&metric.points[0].value)) {
      for (const double bound : value->bounds) {
        char number[32];
        std::snprintf(number, sizeof number, "%.10g", bound);
        row.bounds += (row.bounds.empty() ? "" : ", ") + std::string(number);
      }
    }
    rows.insert(row);
  }
  return rows;
}

}  // namespace binnacle::sdk
