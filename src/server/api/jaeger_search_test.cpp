#include "server/api/jaeger_search.h"

#include "server/api/jaeger_text.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

constexpr std::uint64_t kNow = 1'700'000'000'000'000'000;
constexpr SearchRules kRules{.now_unix_ns = kNow, .traces_limit = 1500};

Result<JaegerSearch> v1(std::string_view query) {
  const auto parsed = parse_query(query);
  EXPECT_TRUE(parsed);
  return parse_search_v1(*parsed, kRules);
}

Result<JaegerSearch> v3(std::string_view query) {
  const auto parsed = parse_query(query);
  EXPECT_TRUE(parsed);
  return parse_search_v3(*parsed, kRules);
}

using Tags = std::vector<std::pair<std::string, std::string>>;

TEST(JaegerSearchV1, EmptyQueryGetsJaegersDefaults) {
  const auto s = v1("");
  ASSERT_TRUE(s);
  EXPECT_EQ(s->limit, 100U);
  EXPECT_EQ(s->end_unix_ns, kNow);
  EXPECT_EQ(s->start_unix_ns, kNow - 48ULL * 3600 * 1'000'000'000);
  EXPECT_EQ(s->min_duration_ns, 0U);
  EXPECT_EQ(s->max_duration_ns, 0U);
}

// As jaeger-ui's search form sends it.
TEST(JaegerSearchV1, ReadsEveryParameter) {
  const auto s = v1(
      "end=1485449191640000&limit=20&lookback=1h&maxDuration=1.5ms&minDuration=100us&operation=GET"
      "%20%2F&service=front%2Fend&start=1485445591640000&tag=a%3Ab%3Ac&tags=%7B%22error%22%3A%22"
      "true%22%7D&raw=true&prettyPrint=true");
  ASSERT_TRUE(s) << s.error().message;
  EXPECT_EQ(s->service, "front/end");
  EXPECT_EQ(s->operation, "GET /");
  EXPECT_EQ(s->limit, 20U);
  EXPECT_EQ(s->start_unix_ns, 1485445591640000000U);
  EXPECT_EQ(s->end_unix_ns, 1485449191640000000U);
  EXPECT_EQ(s->min_duration_ns, 100'000U);
  EXPECT_EQ(s->max_duration_ns, 1'500'000U);
  EXPECT_EQ(s->tags, (Tags{{"a", "b:c"}, {"error", "true"}}));
}

TEST(JaegerSearchV1, LookbackCountsOnlyWithoutAStart) {
  EXPECT_EQ(v1("lookback=1h")->start_unix_ns, kNow - 3600ULL * 1'000'000'000);
  EXPECT_EQ(v1("lookback=2d")->start_unix_ns, kNow - 48ULL * 3600 * 1'000'000'000);
  EXPECT_EQ(v1("lookback=custom")->start_unix_ns, kNow - 48ULL * 3600 * 1'000'000'000);
  EXPECT_EQ(v1("lookback=whatever&start=1000")->start_unix_ns, 1'000'000U);
  EXPECT_FALSE(v1("lookback=soon"));
}

TEST(JaegerSearchV1, TagsTakeNumbersAndBooleansAsTheirText) {
  const auto s = v1("tags=%7B%22n%22%3A500%2C%22b%22%3Atrue%2C%22d%22%3A72.5%7D");
  ASSERT_TRUE(s) << s.error().message;
  EXPECT_EQ(s->tags, (Tags{{"n", "500"}, {"b", "true"}, {"d", "72.5"}}));
}

TEST(JaegerSearchV1, TraceIdsMayRepeatAndBeShort) {
  const auto s = v1("traceID=1&traceID=0af7651916cd43dd8448eb211c80319c");
  ASSERT_TRUE(s);
  EXPECT_EQ(s->trace_ids, (std::vector<TraceId>{{0, 1}, {0x0af7651916cd43dd, 0x8448eb211c80319c}}));
}

struct BadQuery {
  std::string_view query;
  std::string_view message;
};

TEST(JaegerSearchV1, ErrorsNameParameterValueAndRemedy) {
  for (const BadQuery& bad : std::initializer_list<BadQuery>{
           {"start=yesterday",
            "unable to parse param 'start': \"yesterday\" is not a whole number of microseconds "
            "since 1970-01-01"},
           {"end=99999999999999999999",
            "unable to parse param 'end': \"99999999999999999999\" is not a whole number of "
            "microseconds since 1970-01-01"},
           {"start=2000&end=1000",
            "unable to parse param 'start': 2000 us is after the end, 1000 us"},
           {"limit=0",
            "unable to parse param 'limit': \"0\" is not a number of traces between 1 and 1500 "
            "(query.max_traces)"},
           {"limit=1501",
            "unable to parse param 'limit': \"1501\" is not a number of traces between 1 and 1500 "
            "(query.max_traces)"},
           {"limit=ten",
            "unable to parse param 'limit': \"ten\" is not a number of traces between 1 and 1500 "
            "(query.max_traces)"},
           {"minDuration=fast",
            "unable to parse param 'minDuration': \"fast\" is not a duration; write it like 1.5s, "
            "200ms, 100us or 1h30m"},
           {"maxDuration=-1s", "unable to parse param 'maxDuration': \"-1s\" is negative"},
           {"minDuration=2s&maxDuration=1s", "'maxDuration' should be greater than 'minDuration'"},
           {"tag=novalue", "malformed 'tag' parameter, expecting key:value, received: novalue"},
           {"tags=%7B",
            "malformed 'tags' parameter, cannot unmarshal JSON: json: expected a member "
            "name in quotes at byte 1; write it like "
            "{\"key\":\"value\"}"},
           {"tags=%5B%5D",
            "malformed 'tags' parameter, cannot unmarshal JSON: not an object; write it like "
            "{\"key\":\"value\"}"},
           {"tags=%7B%22a%22%3Anull%7D",
            "malformed 'tags' parameter, cannot unmarshal JSON: the value of \"a\" is not a "
            "string; write it like {\"key\":\"value\"}"},
           {"traceID=xyz",
            "cannot parse traceID param: \"xyz\" is not a trace id; give 1 to 32 hexadecimal "
            "digits"},
           {"raw=perhaps", "unable to parse param 'raw': \"perhaps\" is neither true nor false"},
       }) {
    const auto s = v1(bad.query);
    ASSERT_FALSE(s) << bad.query;
    EXPECT_EQ(s.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(s.error().message, bad.message);
  }
}

TEST(JaegerSearchV1, TooManyTagsAreRefused) {
  std::string query;
  for (std::size_t i = 0; i <= kMaxSearchTags; ++i) query += "tag=k" + std::to_string(i) + ":v&";
  const auto s = v1(query);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().message,
            "unable to parse param 'tags': 65 tags; at most 64 can be searched at once");
}

// Grafana writes the times into the URL without escaping them.
TEST(JaegerSearchV3, ReadsBothSpellings) {
  const auto s =
      v3("query.service_name=a&query.operation_name=b&query.duration_min=1ms&query.duration_max=2ms"
         "&query.num_traces=7&query.attributes=%7B%22k%22%3A%22v%22%7D"
         "&query.start_time_min=2017-01-26T17:46:31.639875+01:00"
         "&query.start_time_max=2017-01-26T16:46:32Z");
  ASSERT_TRUE(s) << s.error().message;
  EXPECT_EQ(s->service, "a");
  EXPECT_EQ(s->operation, "b");
  EXPECT_EQ(s->min_duration_ns, 1'000'000U);
  EXPECT_EQ(s->max_duration_ns, 2'000'000U);
  EXPECT_EQ(s->limit, 7U);
  EXPECT_EQ(s->tags, (Tags{{"k", "v"}}));
  EXPECT_EQ(s->start_unix_ns, 1485449191639875000U);
  EXPECT_EQ(s->end_unix_ns, 1485449192000000000U);

  const auto camel =
      v3("query.serviceName=a&query.operationName=b&query.searchDepth=9"
         "&query.startTimeMin=2017-01-26T16:46:31Z&query.startTimeMax=2017-01-26T16:46:32Z");
  ASSERT_TRUE(camel) << camel.error().message;
  EXPECT_EQ(camel->service, "a");
  EXPECT_EQ(camel->limit, 9U);
}

TEST(JaegerSearchV3, TimesAreRequiredAndInOrder) {
  EXPECT_EQ(v3("query.service_name=a").error().message,
            "query.startTimeMin and query.startTimeMax are required");
  EXPECT_EQ(
      v3("query.start_time_min=now&query.start_time_max=2017-01-26T16:46:32Z").error().message,
      "malformed parameter query.start_time_min: \"now\" is not a time; write it like "
      "2024-05-01T10:00:00.5Z");
  EXPECT_FALSE(
      v3("query.startTimeMin=2017-01-26T16:46:32Z&query.startTimeMax=2017-01-26T16:46:32Z"));
}

TEST(JaegerSearchV3, FilterExpressionsAreRefusedClearly) {
  const auto s = v3("query.filter=%7B%7D");
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, ErrorCode::kUnimplemented);
}

TEST(JaegerText, Rfc3339) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0U);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.000000001Z"), 1U);
  EXPECT_EQ(parse_rfc3339("2000-02-29T23:59:59.5-01:30"), 951874199500000000U + 0U);
  EXPECT_EQ(parse_rfc3339("2017-01-26T17:46:31 01:00"), 1485449191000000000U);
  for (const std::string_view bad :
       {"", "2017", "2017-01-26", "2017-01-26 16:46:31Z", "2017-13-26T16:46:31Z",
        "2017-02-30T16:46:31Z", "2017-01-26T25:46:31Z", "2017-01-26T16:46:31",
        "1969-12-31T23:59:59Z", "2017-01-26T16:46:31.Z", "2017-01-26T16:46:31Zx",
        "9999-01-26T16:46:31Z", "2017-01-26T16:46:-1Z", "2017-01-26T16:46:31+0100"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

TEST(JaegerText, TraceIdsAreHexOrBase64) {
  EXPECT_EQ(parse_jaeger_trace_id("ff"), (TraceId{0, 0xff}));
  EXPECT_EQ(parse_jaeger_trace_id("AAAAAAAAAAIAAAAAAAAAAQ=="), (TraceId{2, 1}));
  EXPECT_EQ(parse_jaeger_trace_id("AAAAAAAAAAIAAAAAAAAAAQ"), (TraceId{2, 1}));
  EXPECT_EQ(parse_jaeger_trace_id("AAAAAAAAAP8="), (TraceId{0, 0xff}));
  for (const std::string_view bad :
       {"", "chumbawumba!", "g", "0af7651916cd43dd8448eb211c80319c0"}) {
    EXPECT_FALSE(parse_jaeger_trace_id(bad)) << bad;
  }
  EXPECT_EQ(jaeger_trace_id({0, 1}), "0000000000000001");
  EXPECT_EQ(jaeger_trace_id({1, 2}), "00000000000000010000000000000002");
}

Clause clause_of(std::string key, std::string value) {
  JaegerSearch search;
  search.tags = {{std::move(key), std::move(value)}};
  return to_trace_search(search).selection.predicate.clauses.at(0);
}

Comparison any_text(std::string key, std::string value) {
  return {{FieldKind::kAnyAttribute, std::move(key)}, CompareOp::kTextEq, std::move(value)};
}

TEST(JaegerPredicate, PlainTagsAreTextInAnyAttribute) {
  EXPECT_EQ(clause_of("http.status_code", "500"), Clause{any_text("http.status_code", "500")});
}

TEST(JaegerPredicate, ErrorIsTheStatus) {
  const Comparison is_error{{FieldKind::kStatus, {}}, CompareOp::kEq, std::int64_t{2}};
  EXPECT_EQ(clause_of("error", "true"), (Clause{is_error, any_text("error", "true")}));
  EXPECT_EQ(clause_of("error", "1"), (Clause{is_error, any_text("error", "true")}));
  EXPECT_EQ(clause_of("error", "false"),
            (Clause{{{FieldKind::kStatus, {}}, CompareOp::kNe, std::int64_t{2}}}));
  EXPECT_EQ(clause_of("error", "timeout"), Clause{any_text("error", "timeout")});
}

TEST(JaegerPredicate, OwnFieldsAreAskedForByTheirTagNames) {
  EXPECT_EQ(clause_of("span.kind", "Server").at(1),
            (Comparison{{FieldKind::kKind, {}}, CompareOp::kEq, std::int64_t{2}}));
  EXPECT_EQ(clause_of("otel.status_code", "OK").at(1),
            (Comparison{{FieldKind::kStatus, {}}, CompareOp::kEq, std::int64_t{1}}));
  EXPECT_EQ(clause_of("otel.scope.name", "lib").at(1),
            (Comparison{{FieldKind::kScopeName, {}}, CompareOp::kEq, std::string("lib")}));
  EXPECT_EQ(clause_of("event", "exception").at(1),
            (Comparison{{FieldKind::kEventName, {}}, CompareOp::kEq, std::string("exception")}));
  EXPECT_EQ(
      clause_of("resource.host.name", "h").at(1),
      (Comparison{
          {FieldKind::kResourceAttribute, "host.name"}, CompareOp::kTextEq, std::string("h")}));
}

TEST(JaegerPredicate, EndOfTheRangeIsIncluded) {
  JaegerSearch search;
  search.start_unix_ns = 10;
  search.end_unix_ns = 20;
  const TimeRange time = to_trace_search(search).selection.time;
  EXPECT_TRUE(time.contains(10));
  EXPECT_TRUE(time.contains(20));
  EXPECT_FALSE(time.contains(21));
}

TEST(JaegerPredicate, DurationsAreInclusiveBounds) {
  JaegerSearch search;
  search.min_duration_ns = 5;
  search.max_duration_ns = 9;
  const Predicate predicate = to_trace_search(search).selection.predicate;
  ASSERT_EQ(predicate.clauses.size(), 2U);
  EXPECT_EQ(predicate.clauses[0].at(0),
            (Comparison{{FieldKind::kDuration, {}}, CompareOp::kGe, std::int64_t{5}}));
  EXPECT_EQ(predicate.clauses[1].at(0),
            (Comparison{{FieldKind::kDuration, {}}, CompareOp::kLe, std::int64_t{9}}));
}

}  // namespace
}  // namespace binnacle
