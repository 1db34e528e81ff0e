#include "sdk/propagators.h"

#include "sdk/recording_for_test.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace binnacle::sdk {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Map = std::map<std::string, std::string>;

constexpr std::string_view kGood = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

constexpr PropagatorKind kIdentityFormats[] = {PropagatorKind::kTraceContext, PropagatorKind::kB3,
                                               PropagatorKind::kB3Multi, PropagatorKind::kJaeger,
                                               PropagatorKind::kDatadog};

/// Uses these propagators for as long as it lives.
class Using {
 public:
  explicit Using(const Config& config) { use_propagators(config); }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
  ~Using() { use_propagators(Config()); }
};

Context random_context(std::mt19937_64& random) {
  SpanContext ids;
  // Leading zeros are where formats differ.
  const std::size_t zeros = random() % 3 == 0 ? random() % 16 : 0;
  for (std::size_t i = zeros; i < 16; ++i)
    ids.trace_id.bytes[i] = static_cast<std::uint8_t>(random());
  for (std::size_t i = zeros / 2; i < 8; ++i)
    ids.span_id.bytes[i] = static_cast<std::uint8_t>(random());
  ids.trace_id.bytes[15] |= 1;
  ids.span_id.bytes[7] |= 1;
  ids.flags = static_cast<std::uint8_t>(random() % 2);
  return Context(ids);
}

TEST(PropagatorsTest, WhatIsWrittenIsReadBackInEveryFormat) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const Context context = random_context(random);
    for (const PropagatorKind kind : kIdentityFormats) {
      Pairs headers;
      inject(kind, headers, context);
      const SpanContext read = extract(kind, headers).span_context();
      EXPECT_EQ(read.trace_id, context.span_context().trace_id) << headers[0].second;
      EXPECT_EQ(read.span_id, context.span_context().span_id) << headers[0].second;
      EXPECT_EQ(read.flags, context.span_context().flags) << headers[0].second;
      EXPECT_TRUE(read.is_remote);
      EXPECT_FALSE(read.is_deferred);
    }
  }
}

TEST(PropagatorsTest, BaggageIsReadBackWhateverItIs) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 200; ++i) {
    Context context;
    for (const char* key : {"user", "plan", "a!b"}) {
      std::string value;
      for (std::size_t n = random() % 20; n > 0; --n) value += static_cast<char>(random());
      context = context.with_baggage(key, value);
    }
    for (const PropagatorKind kind : {PropagatorKind::kBaggage, PropagatorKind::kJaeger}) {
      Pairs headers;
      inject(kind, headers, context);
      const Context read = extract(kind, headers);
      for (const char* key : {"user", "plan", "a!b"}) {
        EXPECT_EQ(read.baggage(key), context.baggage(key)) << key;
      }
    }
  }
}

TEST(PropagatorsTest, CorruptHeadersGiveAValidContextOrNone) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 5000; ++i) {
    const PropagatorKind kind = kIdentityFormats[random() % std::size(kIdentityFormats)];
    Pairs headers;
    inject(kind, headers, random_context(random));
    std::string& value = headers[random() % headers.size()].second;
    value[random() % value.size()] = static_cast<char>(random());
    const SpanContext read = extract(kind, headers).span_context();
    EXPECT_EQ(read.trace_id.is_valid(), read.span_id.is_valid());
  }
}

TEST(PropagatorsTest, WritesEachFormatAsItsSpecificationHasIt) {
  const Context context = extract_trace_context(kGood, "dd=s:2;o:rum;t.dm:-4", "user=a%20b+c;p=1");
  const auto written = [&](PropagatorKind kind) {
    Map headers;
    inject(kind, headers, context);
    return headers;
  };
  EXPECT_EQ(written(PropagatorKind::kTraceContext),
            (Map{{"traceparent", std::string(kGood)}, {"tracestate", "dd=s:2;o:rum;t.dm:-4"}}));
  EXPECT_EQ(written(PropagatorKind::kBaggage), (Map{{"baggage", "user=a%20b+c;p=1"}}));
  EXPECT_EQ(written(PropagatorKind::kB3),
            (Map{{"b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"}}));
  EXPECT_EQ(written(PropagatorKind::kB3Multi),
            (Map{{"x-b3-traceid", "0af7651916cd43dd8448eb211c80319c"},
                 {"x-b3-spanid", "b7ad6b7169203331"},
                 {"x-b3-sampled", "1"}}));
  EXPECT_EQ(written(PropagatorKind::kJaeger),
            (Map{{"uber-trace-id", "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1"},
                 {"uberctx-user", "a%20b%2Bc"}}));
  EXPECT_EQ(written(PropagatorKind::kDatadog),
            (Map{{"x-datadog-trace-id", "9532127138774266268"},
                 {"x-datadog-parent-id", "13235353014750950193"},
                 {"x-datadog-sampling-priority", "2"},
                 {"x-datadog-origin", "rum"},
                 {"x-datadog-tags", "_dd.p.tid=0af7651916cd43dd,_dd.p.dm=-4"}}));
  EXPECT_TRUE(written(PropagatorKind::kCustom).empty());
}

TEST(PropagatorsTest, DebugTravelsOnInTheFormatsThatHaveIt) {
  const Context debug = extract(PropagatorKind::kB3,
                                Map{{"b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-d"}});
  const Recording recording;
  const Span span = start_span("child", SpanOptions().with_parent(debug));
  Map headers;
  inject(PropagatorKind::kB3Multi, headers, span.capture());
  inject(PropagatorKind::kJaeger, headers, span.capture());
  EXPECT_EQ(headers["x-b3-flags"], "1");
  EXPECT_EQ(headers.count("x-b3-sampled"), 0U);
  EXPECT_EQ(headers["uber-trace-id"].substr(50), "0:3");
}

TEST(PropagatorsTest, CallersWhoOnlyDecidedAreObeyedByNewTraces) {
  Config never = Recording::quiet_config();
  never.sampler = SamplerKind::kAlwaysOff;
  {
    const Recording recording(never);
    for (const char* state : {"1", "d"}) {
      const Context caller = extract(PropagatorKind::kB3, Map{{"b3", state}});
      const Span span = start_span("root", SpanOptions().with_parent(caller));
      EXPECT_TRUE(span.context().is_sampled()) << state;
    }
  }
  const Recording recording;
  const Context denied = extract(PropagatorKind::kB3, Map{{"b3", "0"}});
  EXPECT_FALSE(start_span("root", SpanOptions().with_parent(denied)).context().is_sampled());
}

TEST(PropagatorsTest, ADeferredDecisionIsTheSamplers) {
  const Map headers = {{"b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"}};
  const Context caller = extract(PropagatorKind::kB3, headers);
  Config config = Recording::quiet_config();
  {
    const Recording recording(config);
    const Span span = start_span("child", SpanOptions().with_parent(caller));
    EXPECT_TRUE(span.context().is_sampled());
    EXPECT_FALSE(span.context().is_deferred);
    EXPECT_EQ(span.context().trace_id, caller.span_context().trace_id);
  }
  config.sampler = SamplerKind::kAlwaysOff;
  const Recording recording(config);
  EXPECT_FALSE(start_span("child", SpanOptions().with_parent(caller)).context().is_sampled());
  Map onward;  // nobody decided here: the next one has to
  inject(PropagatorKind::kB3, onward, caller);
  EXPECT_EQ(onward, headers);
}

TEST(PropagatorsTest, HoldEvenWhereTheSdkIsOff) {
  Config config = Recording::quiet_config();
  config.is_enabled = false;
  config.propagators = {PropagatorKind::kB3};
  init_observability(config);
  Map headers;
  add_trace_context_to_headers(headers, extract_trace_context(kGood));
  EXPECT_EQ(headers.count("b3"), 1U);
  EXPECT_EQ(headers.size(), 1U);
  use_propagators(Config());
}

/// Carries the span id only, to see who was asked what.
class TenantPropagator final : public TextMapPropagator {
 public:
  void inject(const Context& context, const HeaderWriter& headers) const override {
    headers.set("x-tenant", context.baggage("tenant"));
  }
  Context extract(const Context& context, const HeaderReader& headers) const override {
    return context.with_baggage("tenant", headers.get("x-tenant"));
  }
};
/// Does what the code of a host may do.
class ThrowingPropagator final : public TextMapPropagator {
 public:
  void inject(const Context&, const HeaderWriter&) const override {
    throw std::runtime_error("x");  // tidy: allow(throw) the host's code may
  }
  Context extract(const Context&, const HeaderReader&) const override {
    throw 7;  // tidy: allow(throw) the host's code may
  }
};

TEST(PropagatorsTest, FormatsOfOnesOwnTakeTheirPlace) {
  Config config;
  config.propagators = {PropagatorKind::kCustom, PropagatorKind::kTraceContext,
                        PropagatorKind::kBaggage};
  config.custom_propagators = {std::make_shared<ThrowingPropagator>(),
                               std::make_shared<TenantPropagator>(), nullptr};
  const Using configured(config);
  const Pairs request = {{"X-Tenant", "17"}, {"traceparent", std::string(kGood)}};
  const Context context = extract_trace_context(request);
  EXPECT_TRUE(context.is_valid());
  EXPECT_EQ(context.baggage("tenant"), "17");
  const Context asked = extract_trace_context(
      [&](std::string_view name) -> std::string_view { return name == "x-tenant" ? "18" : ""; });
  EXPECT_EQ(asked.baggage("tenant"), "18");
  Pairs headers;
  add_trace_context_to_headers(headers, context);
  EXPECT_EQ(
      headers,
      (Pairs{{"traceparent", std::string(kGood)}, {"baggage", "tenant=17"}, {"x-tenant", "17"}}));
}

TEST(PropagatorsTest, AreNamedInTheEnvironment) {
  std::vector<std::string> warnings;
  const auto read = [&](std::string_view list) {
    Config config;
    read_propagators(list, config,
                     [&](std::string_view warning) { warnings.emplace_back(warning); });
    return config;
  };
  using Kinds = std::vector<PropagatorKind>;
  EXPECT_EQ(read("b3, tracecontext,jaeger,b3multi,datadog,baggage").propagators,
            (Kinds{PropagatorKind::kB3, PropagatorKind::kTraceContext, PropagatorKind::kJaeger,
                   PropagatorKind::kB3Multi, PropagatorKind::kDatadog, PropagatorKind::kBaggage}));
  EXPECT_TRUE(read("none").propagators.empty());
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(read("xray,b3").propagators, Kinds{PropagatorKind::kB3});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("xray"), std::string::npos);
  EXPECT_EQ(read("ottrace").propagators, Config().propagators);  // nothing left: the default

  const auto tenant = std::make_shared<TenantPropagator>();
  EXPECT_FALSE(register_propagator("b3", tenant));
  EXPECT_FALSE(register_propagator("two words", tenant));
  EXPECT_FALSE(register_propagator("tenant", nullptr));
  EXPECT_TRUE(register_propagator("tenant", tenant));
  const Config named = read("tenant,b3");
  EXPECT_EQ(named.propagators, (Kinds{PropagatorKind::kCustom, PropagatorKind::kB3}));
  ASSERT_EQ(named.custom_propagators.size(), 1U);
  EXPECT_EQ(named.custom_propagators[0], tenant);
}

TEST(CarriersTest, ReplaceWhatIsThereWhateverItsCase) {
  const Context context = extract_trace_context(kGood);
  const std::string good(kGood);
  Map map = {{"Traceparent", "old"}, {"other", "kept"}};
  add_trace_context_to_headers(map, context);
  EXPECT_EQ(map, (Map{{"other", "kept"}, {"traceparent", good}}));
  std::multimap<std::string, std::string> multimap = {{"traceparent", "old"},
                                                      {"TRACEPARENT", "older"}};
  add_trace_context_to_headers(multimap, context);
  EXPECT_EQ(multimap, (std::multimap<std::string, std::string>{{"traceparent", good}}));
  Pairs pairs = {{"TraceParent", "old"}, {"other", "kept"}, {"traceparent", "older"}};
  add_trace_context_to_headers(pairs, context);
  EXPECT_EQ(pairs, (Pairs{{"TraceParent", good}, {"other", "kept"}}));
}

TEST(CarriersTest, MayHoldSeveralValuesPerName) {
  std::unordered_map<std::string, std::vector<std::string>> headers = {
      {"tracestate", {"a=1", "b=2"}}, {"traceparent", {std::string(kGood)}}};
  EXPECT_EQ(extract_trace_context(headers).trace_state(), "a=1,b=2");
  inject(PropagatorKind::kB3, headers, extract_trace_context(headers));
  EXPECT_EQ(headers["b3"].size(), 1U);
  EXPECT_EQ(HeaderReader(headers).get("tracestate"), "a=1");
}

TEST(CarriersTest, NamesAreComparedAsHttpDoes) {
  EXPECT_TRUE(detail::equals_ignoring_case("X-B3-TraceId", "x-b3-traceid"));
  EXPECT_TRUE(detail::equals_ignoring_case("B3", "b3"));
  EXPECT_FALSE(detail::equals_ignoring_case("x\rb3-traceid", "x-b3-traceid"));  // '-' less bit 5
  EXPECT_FALSE(detail::equals_ignoring_case("\x13", "3"));
  EXPECT_FALSE(detail::equals_ignoring_case("b\x13", "b3"));
  EXPECT_FALSE(detail::equals_ignoring_case("x-b3-traceie", "x-b3-traceid"));
  EXPECT_FALSE(detail::equals_ignoring_case("", "b3"));
}

}  // namespace
}  // namespace binnacle::sdk
