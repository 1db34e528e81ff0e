#include "sdk/context_extras.h"
#include "sdk/propagators.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The tables of tests/golden/propagation: what headers mean, well-formed and malformed.

namespace binnacle::sdk {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Case {
  std::string title;
  Headers headers;
  std::string expected;
};

struct Table {
  std::string propagators;
  std::vector<Case> cases;
};

Table read_table(const std::string& name) {
  std::ifstream file(std::string(BINNACLE_SOURCE_DIR) + "/tests/golden/propagation/" + name);
  Table table;
  Case next;
  const auto after = [](const std::string& line, std::string_view start) {
    return line.substr(std::min(line.size(), start.size()));
  };
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line.rfind("propagators: ", 0) == 0) {
      table.propagators = after(line, "propagators: ");
    } else if (line.rfind("case: ", 0) == 0) {
      next = {after(line, "case: "), {}, {}};
    } else if (line.rfind("=> ", 0) == 0) {
      next.expected = after(line, "=> ");
      table.cases.push_back(next);
    } else {
      const std::size_t colon = line.find(':');
      next.headers.emplace_back(line.substr(0, colon), after(line.substr(colon + 1), " "));
    }
  }
  return table;
}

std::string describe(const Context& context) {
  std::string text = "none";
  const SpanContext& ids = context.span_context();
  if (context.is_valid()) {
    char hex[49];
    ids.trace_id.to_hex(hex);
    hex[32] = ' ';
    ids.span_id.to_hex(hex + 33);
    text.assign(hex, sizeof hex);
    text += ids.is_deferred ? " deferred" : ids.is_sampled() ? " sampled" : " unsampled";
    if (ids.is_deferred && ids.is_sampled()) text += " and sampled?";
    if (!ids.is_remote) text += " not remote?";
  }
  const std::uint8_t marks = detail::marks_of(context.extras());
  if ((ids.flags & kTraceFlagRandom) != 0) text += " random";
  if ((marks & detail::kMarkDebug) != 0) text += " debug";
  if ((marks & detail::kMarkRootAccepted) != 0) text += " accepted";
  if ((marks & detail::kMarkRootDenied) != 0) text += " denied";
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) text.append(name).append(value);
  };
  add(" tracestate=", context.trace_state());
  add(" baggage=", context.baggage_header());
  return text;
}

/// The propagators of this list for as long as this lives.
class WithPropagators {
 public:
  explicit WithPropagators(std::string_view list) {
    Config config;
    read_propagators(list, config, [](std::string_view warning) { ADD_FAILURE() << warning; });
    use_propagators(config);
  }
  WithPropagators(const WithPropagators&) = delete;
  WithPropagators& operator=(const WithPropagators&) = delete;
  ~WithPropagators() { use_propagators(Config()); }
};

class PropagationCases : public testing::TestWithParam<const char*> {};

TEST_P(PropagationCases, AreReadAsTheTableSays) {
  const Table table = read_table(GetParam());
  ASSERT_GE(table.cases.size(), 5U);
  const WithPropagators configured(table.propagators);
  for (const Case& test : table.cases) {
    EXPECT_EQ(describe(extract_trace_context(test.headers)), test.expected) << test.title;
  }
}

TEST_P(PropagationCases, ComeBackAsTheyWere) {
  const Table table = read_table(GetParam());
  const WithPropagators configured(table.propagators);
  for (const Case& test : table.cases) {
    const Context context = extract_trace_context(test.headers);
    std::vector<std::pair<std::string, std::string>> headers;  // a map would sort the baggage
    add_trace_context_to_headers(headers, context);
    // Properties of baggage are W3C's alone; all formats together lose nothing.
    EXPECT_EQ(describe(extract_trace_context(headers)), describe(context)) << test.title;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PropagationCases,
                         testing::Values("tracecontext.txt", "b3.txt", "jaeger.txt", "datadog.txt",
                                         "composite.txt"));

}  // namespace
}  // namespace binnacle::sdk
