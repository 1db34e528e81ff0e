#include "sdk/w3c_headers.h"

#include <binnacle/propagation.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

// The conditions of W3C's trace-context test suite (test/test.py of github.com/w3c/trace-context),
// as far as they concern reading and writing headers, and those of W3C Baggage.

namespace binnacle::sdk {
namespace {

constexpr std::string_view kTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr std::string_view kGood = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceparentTest, ReadsWellFormedOnes) {
  struct Case {
    std::string value;
    int flags;
  };
  const std::string ids = "-" + std::string(kTrace) + "-b7ad6b7169203331-";
  const std::vector<Case> cases = {
      {"00" + ids + "00", 0},       {"00" + ids + "01", 1},
      {"00" + ids + "02", 2},       {"00" + ids + "03", 3},
      {"00" + ids + "ff", 3},        // unknown flags are ignored
      {" \t00" + ids + "01 \t", 1},  // white space around a header value is not part of it
      {"cc" + ids + "01", 1},        // a later version, with nothing more
      {"cc" + ids + "01-", 1},      {"cc" + ids + "01-what-the-future-will-be-like", 1},
  };
  for (const Case& test : cases) {
    const auto context = parse_traceparent(test.value);
    ASSERT_TRUE(context.has_value()) << test.value;
    EXPECT_EQ(context->flags, test.flags) << test.value;
    EXPECT_TRUE(context->is_remote);
    char hex[32];
    context->trace_id.to_hex(hex);
    EXPECT_EQ(std::string_view(hex, sizeof hex), kTrace);
  }
}

TEST(TraceparentTest, RefusesMalformedOnes) {
  const std::string good(kGood);
  std::vector<std::string> cases = {
      "",
      "00",
      "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",   // the forbidden version
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",  // longer than version 00 is
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
      "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.x",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",  // capitals
      "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
      "00-.0f7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-.7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-.0",
      "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-010",
      "0-0af7651916cd43dd8448eb211c80319c0-b7ad6b7169203331-01",
      "000-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "..-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  for (std::size_t length = 0; length < good.size(); ++length) {
    cases.push_back(good.substr(0, length));
  }
  for (const std::string& value : cases) {
    EXPECT_FALSE(parse_traceparent(value).has_value()) << value;
    EXPECT_FALSE(extract_trace_context(value).is_valid()) << value;
  }
}

TEST(TraceparentTest, WritesWhatItReads) {
  for (const char* flags : {"00", "01", "02", "03"}) {
    const std::string value = std::string(kGood.substr(0, 53)) + flags;
    std::map<std::string, std::string> headers;
    add_trace_context_to_headers(headers, extract_trace_context(value));
    EXPECT_EQ(headers["traceparent"], value);
    EXPECT_EQ(headers.count("tracestate"), 0U);
  }
  std::map<std::string, std::string> none;
  add_trace_context_to_headers(none, Context());
  EXPECT_TRUE(none.empty());
}

TEST(TraceStateTest, KeepsWellFormedListsAndDropsOthers) {
  std::string many;
  for (int i = 0; i < 32; ++i) many += (i > 0 ? ",k" : "k") + std::to_string(i) + "=1";
  const std::string key256(256, 'z');
  const std::string tenant = std::string(241, 't') + "@" + std::string(14, 'v');
  const std::vector<std::pair<std::string, bool>> cases = {
      {"foo=1", true},
      {"foo=1,bar=2", true},
      {"foo=1 \t, \tbar=2", true},
      {"foo=1,", true},
      {"foo=1,,bar=2", true},
      {"0foo=1", true},
      {"foo-_*/bar=bar-_*/4", true},
      {"foo@bar=1", true},
      {key256 + "=1", true},
      {tenant + "=1", true},
      {"k=" + std::string(256, 'v'), true},
      {many, true},
      {many + ",k32=1", false},
      {"foo=1,foo=1", false},
      {"foo=1,foo=2", false},
      {"foo =1", false},
      {"FOO=1", false},
      {"foo.bar=1", false},
      {"foo@=1", false},
      {"@foo=1", false},
      {"foo@@bar=1", false},
      {"foo@bar@baz=1", false},
      {key256 + "z=1", false},
      {"t" + tenant + "=1", false},
      {tenant + "v=1", false},
      {"foo=bar=baz", false},
      {"foo=", false},
      {"foo", false},
      {"k=" + std::string(257, 'v'), false},
      {"foo=\x7f", false},
  };
  for (const auto& [list, is_kept] : cases) {
    const Context context = extract_trace_context(kGood, list);
    EXPECT_TRUE(context.is_valid()) << list;  // the traceparent does not suffer
    EXPECT_EQ(context.trace_state(), is_kept ? std::string_view(list) : std::string_view()) << list;
  }
  EXPECT_EQ(extract_trace_context("", "foo=1").trace_state(), "");  // nothing without traceparent
}

TEST(CarrierTest, ReadsHeadersInAnyCaseAndCombinesLines) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const Context context = extract_trace_context(Headers{{"Content-Type", "text/plain"},
                                                        {"TraceParent", std::string(kGood)},
                                                        {"TRACESTATE", "foo=1"},
                                                        {"tracestate", "bar=2"},
                                                        {"Baggage", "user=7"}});
  EXPECT_TRUE(context.is_valid());
  EXPECT_EQ(context.trace_state(), "foo=1,bar=2");
  EXPECT_EQ(context.baggage("user"), "7");
  // Two traceparents: which caller should we believe?
  EXPECT_FALSE(extract_trace_context(Headers{{"traceparent", std::string(kGood)},
                                             {"traceparent", std::string(kGood)}})
                   .is_valid());
}

TEST(CarrierTest, ReplacesInMapsAppendsToVectorsCallsCallables) {
  const Context context = extract_trace_context(kGood, "a=b");
  std::map<std::string, std::string> map = {{"traceparent", "old"}, {"other", "kept"}};
  add_trace_context_to_headers(map, context);
  EXPECT_EQ(map["traceparent"], kGood);
  EXPECT_EQ(map["tracestate"], "a=b");
  EXPECT_EQ(map["other"], "kept");
  std::vector<std::pair<std::string, std::string>> vector;
  add_trace_context_to_headers(vector, context);
  ASSERT_EQ(vector.size(), 2U);
  EXPECT_EQ(vector[0].first, "traceparent");
  std::string seen;
  add_trace_context_to_headers([&](std::string_view name, std::string_view) { seen += name; },
                               context);
  EXPECT_EQ(seen, "traceparenttracestate");
  const Context back = extract_trace_context(
      [&](std::string_view name) -> std::string_view { return map[std::string(name)]; });
  EXPECT_TRUE(back.is_valid());
}

TEST(BaggageTest, CarriesEntriesAndRefusesMalformedOnes) {
  const Context context = extract_trace_context("", {}, "user=7;private , plan = gold%20plus");
  EXPECT_FALSE(context.is_valid());
  EXPECT_EQ(context.baggage("user"), "7");
  EXPECT_EQ(context.baggage("plan"), "gold%20plus");
  EXPECT_EQ(context.baggage("none"), "");
  std::map<std::string, std::string> headers;
  add_trace_context_to_headers(headers, context);
  EXPECT_EQ(headers.count("traceparent"), 0U);
  EXPECT_EQ(headers["baggage"], "user=7;private , plan = gold%20plus");
  for (const std::string& bad :
       {std::string("novalue"), std::string("a b=c"), std::string("k=\x01"),
        std::string("k=v,,x=y"), "k=" + std::string(8192, 'v')}) {
    EXPECT_EQ(extract_trace_context("", {}, bad).baggage_header(), "") << bad.substr(0, 20);
  }
}

TEST(BaggageTest, SetsAndReplacesEntries) {
  const Context one = Context().with_baggage("user", "a b,c%");
  EXPECT_EQ(one.baggage_header(), "user=a%20b%2Cc%25");
  const Context two = one.with_baggage("plan", "gold").with_baggage("user", "8");
  EXPECT_EQ(two.baggage("user"), "8");
  EXPECT_EQ(two.baggage("plan"), "gold");
  EXPECT_EQ(two.with_baggage("bad key", "x").baggage_header(), two.baggage_header());
  EXPECT_EQ(one.baggage("user"), "a%20b%2Cc%25");  // the first one is what it was
}

}  // namespace
}  // namespace binnacle::sdk
