#include "app/commands.h"
#include "base/clock.h"
#include "config/units.h"
#include "io/net/http_client.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

// query traces: asks the Jaeger API of a running server and prints a table, a tree, or the answer.

namespace binnacle::app {
namespace {

namespace dom = simdjson::dom;

std::string text_of(dom::element object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::int64_t int_of(dom::element object, const char* key) {
  std::int64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

std::string duration_text(std::int64_t us) {
  if (us < 1'000) return fmt::format("{}us", us);
  if (us < 1'000'000) return fmt::format("{:.2f}ms", static_cast<double>(us) / 1e3);
  return fmt::format("{:.2f}s", static_cast<double>(us) / 1e6);
}

std::string parent_of(dom::element span) {
  dom::array references;
  if (span["references"].get(references) != simdjson::SUCCESS) return {};
  for (dom::element reference : references) {
    if (text_of(reference, "refType") == "CHILD_OF") return text_of(reference, "spanID");
  }
  return {};
}

std::string service_of(dom::element trace, dom::element span) {
  dom::element process;
  if (trace["processes"][text_of(span, "processID")].get(process) != simdjson::SUCCESS) return {};
  return text_of(process, "serviceName");
}

bool is_error(dom::element span) {
  dom::array tags;
  if (span["tags"].get(tags) != simdjson::SUCCESS) return false;
  for (dom::element tag : tags) {
    bool value = false;
    if (text_of(tag, "key") == "error" && tag["value"].get(value) == simdjson::SUCCESS)
      return value;
  }
  return false;
}

struct Row {
  std::string id;
  std::string parent;
  std::int64_t start_us;
  std::string line;
};

void print_children(const std::vector<Row>& rows, const std::string& parent, int depth) {
  // Deeper than any real trace; stops at a parent cycle.
  constexpr int kMaxDepth = 200;
  if (depth > kMaxDepth) return;
  for (const Row& row : rows) {
    if (row.parent != parent || row.id == parent) continue;
    fmt::print("{:{}}{}\n", "", depth * 2, row.line);
    print_children(rows, row.id, depth + 1);
  }
}

void print_tree(dom::element trace) {
  std::vector<Row> rows;
  dom::array spans;
  if (trace["spans"].get(spans) != simdjson::SUCCESS) return;
  for (dom::element span : spans) {
    rows.push_back(Row{text_of(span, "spanID"), parent_of(span), int_of(span, "startTime"),
                       fmt::format("{} {} [{}]{}", duration_text(int_of(span, "duration")),
                                   text_of(span, "operationName"), service_of(trace, span),
                                   is_error(span) ? " ERROR" : "")});
  }
  std::ranges::stable_sort(rows, {}, &Row::start_us);
  // A span whose parent is not here is shown as a root.
  for (Row& row : rows) {
    const bool has_parent =
        std::ranges::any_of(rows, [&](const Row& r) { return r.id == row.parent; });
    if (!has_parent) row.parent.clear();
  }
  print_children(rows, "", 0);
}

void print_row(dom::element trace) {
  dom::array spans;
  if (trace["spans"].get(spans) != simdjson::SUCCESS) return;
  std::int64_t first = INT64_MAX;
  std::int64_t last = 0;
  std::size_t count = 0;
  std::size_t errors = 0;
  std::string root;
  for (dom::element span : spans) {
    const std::int64_t start = int_of(span, "startTime");
    if (root.empty() || parent_of(span).empty()) {
      root = fmt::format("{}: {}", service_of(trace, span), text_of(span, "operationName"));
    }
    first = std::min(first, start);
    last = std::max(last, start + int_of(span, "duration"));
    errors += is_error(span) ? 1 : 0;
    ++count;
  }
  fmt::print("{}  {:>10}  {:>6} spans  {:>3} errors  {}\n", text_of(trace, "traceID"),
             duration_text(last - first), count, errors, root);
}

Result<std::string> target_of(const QueryTracesOptions& options) {
  if (!options.trace_id.empty()) return "/api/traces/" + encode_percent(options.trace_id);
  const auto lookback = config::parse_duration_ns(options.lookback);
  if (!lookback) return std::unexpected(lookback.error().in("--lookback"));
  const std::int64_t now_us = SystemClock().unix_now_ns() / kNanosPerMicro;
  std::string target = fmt::format("/api/traces?limit={}&start={}&end={}", options.limit,
                                   now_us - *lookback / kNanosPerMicro, now_us);
  const auto add = [&target](const char* name, const std::string& value) {
    if (!value.empty()) target += fmt::format("&{}={}", name, encode_percent(value));
  };
  add("service", options.service);
  add("operation", options.operation);
  add("minDuration", options.min_duration);
  add("maxDuration", options.max_duration);
  for (const std::string& tag : options.tags) {
    const auto equals = tag.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("--tag {}: write key=value", tag));
    }
    add("tag", tag.substr(0, equals) + ":" + tag.substr(equals + 1));
  }
  return target;
}

}  // namespace

int query_traces(const QueryTracesOptions& options) {
  HttpClientRequest request;
  auto target = target_of(options);
  if (!target) {
    fmt::print(stderr, "{}\n", target.error().message);
    return kExitUsage;
  }
  request.target = std::move(*target);
  HttpClient client(options.from, {});
  const auto answer = client.send(request);
  if (!answer) {
    fmt::print(stderr, "{}\n", answer.error().message);
    return kExitBad;
  }
  if (options.json) {
    fmt::print("{}\n", answer->body);
    return answer->status == 200 ? kExitGood : kExitBad;
  }
  dom::parser parser;
  dom::element document;
  dom::array traces;
  if (answer->status != 200 || parser.parse(answer->body).get(document) != simdjson::SUCCESS ||
      document["data"].get(traces) != simdjson::SUCCESS) {
    fmt::print(stderr, "{} answered {}: {}\n", options.from, answer->status, answer->body);
    return kExitBad;
  }
  for (dom::element trace : traces) {
    if (options.trace_id.empty()) {
      print_row(trace);
    } else {
      print_tree(trace);
    }
  }
  return kExitGood;
}

}  // namespace binnacle::app
