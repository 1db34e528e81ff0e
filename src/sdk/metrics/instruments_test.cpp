#include "sdk/metrics/metrics_for_test.h"

#include <binnacle/instruments.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// The ready-made instruments are those of docs/reference/instruments.md, and the page has no
// others.

namespace binnacle::sdk {
namespace {

struct Row {
  std::string name;
  std::string kind;
  std::string unit;
  std::string labels;  ///< sorted, comma-separated
  std::string bounds;
  friend auto operator<=>(const Row&, const Row&) = default;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name << " | " << row.kind << " | " << row.unit << " | " << row.labels << " | "
       << row.bounds;
}

std::string trimmed(std::string text) {
  std::erase(text, '`');
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string sorted_list(const std::string& text) {
  std::set<std::string> items;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) items.insert(trimmed(item));
  items.erase("");
  std::string joined;
  for (const std::string& item : items) joined += (joined.empty() ? "" : ",") + item;
  return joined;
}

/// The page's table; letters for bounds are replaced by what the page says they stand for.
std::set<Row> documented() {
  std::ifstream page(BINNACLE_SOURCE_DIR "/docs/reference/instruments.md");
  EXPECT_TRUE(page.is_open());
  std::map<std::string, std::string> bounds;
  std::set<Row> rows;
  std::vector<std::vector<std::string>> tables;
  bool is_inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line == "<!-- instruments -->") is_inside = true;
    if (line == "<!-- /instruments -->") is_inside = false;
    if (line.starts_with("- Bounds ")) {
      const std::size_t colon = line.find(':');
      bounds[line.substr(9, colon - 9)] = trimmed(line.substr(colon + 1));
    }
    if (!is_inside || !line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) cells.push_back(trimmed(cell));
    tables.push_back(cells);
  }
  for (const std::vector<std::string>& cells : tables) {
    if (cells.size() < 5) continue;
    std::string list = cells[4];
    if (bounds.count(list) != 0) list = bounds[list];
    rows.insert({cells[0], cells[1], cells[2], sorted_list(cells[3]), list});
  }
  return rows;
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

void record_everything() {
  const Instruments& all = instruments();
  all.record_task("t", "ok", 1);
  all.record_task_error("t", "timeout");
  all.record_llm_call("m", "p", "ok", 1);
  all.record_tokens("m", "input", 1);
  all.record_marketplace_scan("host", "ok", 1);
  all.record_bid("host", "ok");
  all.record_payment("p", "ok", 1);
  all.record_rag_query("c", "ok", 1);
  all.record_arena_competition("a", "ok", 1);
  all.record_http_request("GET", "/", 200, 1);
  all.record_gen_ai_operation("chat", "p", "m", "m2", "timeout", 1);
  all.record_gen_ai_tokens("chat", "p", "m", "m2", "input", 1);
}

TEST(InstrumentsTest, AreThoseOfTheReference) {
  MetricsRun run;
  record_everything();
  std::set<Row> actual;
  MetricReader reader(TemporalityPreference::kCumulative);
  for (const MetricData& metric : reader.collect()) {
    if (metric.points.empty() || metric.scope.name != "binnacle") continue;
    Row row;
    row.name = metric.name;
    row.kind = metric.kind == MetricKind::kCounter ? "counter" : "histogram";
    row.unit = metric.unit;
    for (const Label& label : metric.points[0].attributes) {
      row.labels += (row.labels.empty() ? "" : ",") + label.key;
    }
    if (const auto* value = std::get_if<HistogramValue>(&metric.points[0].value)) {
      for (const double bound : value->bounds) {
        row.bounds += (row.bounds.empty() ? "" : ", ") + number_text(bound);
      }
    }
    actual.insert(row);
  }
  EXPECT_EQ(actual, documented());
  EXPECT_EQ(actual.size(), 14U);
}

TEST(InstrumentsTest, MissingTextsLeaveTheirAttributeOut) {
  MetricsRun run;
  instruments().record_gen_ai_operation("chat", "openai", "gpt-4o", "", "", 0.5);
  EXPECT_EQ(run.collect()["gen_ai.client.operation.duration"].count(
                "gen_ai.operation.name=chat,gen_ai.provider.name=openai,"
                "gen_ai.request.model=gpt-4o"),
            1U);
}

}  // namespace
}  // namespace binnacle::sdk
