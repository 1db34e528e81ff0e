#include "store/predicate/span_matcher.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

namespace binnacle {
namespace {

// One span with a value of every type, two events and a link.
SpanBatch sample() {
  SpanBatch b;
  const auto text = [&](std::string_view s) { return b.strings.intern(s); };
  b.shared_attributes.emplace_back(text("service.name"), Value::of_string(text("shop")));
  b.shared_attributes.emplace_back(text("zone"), Value::of_string(text("eu-1")));
  b.add_resource(0);
  b.shared_attributes.emplace_back(text("scoped"), Value::of_bool(true));
  b.add_scope(2, text("tracer"), text("1.2"));
  b.attributes.emplace_back(text("str"), Value::of_string(text("hello world")));
  b.attributes.emplace_back(text("int"), Value::of_int(42));
  b.attributes.emplace_back(text("dbl"), Value::of_double(42.0));
  b.attributes.emplace_back(text("nan"),
                            Value::of_double(std::numeric_limits<double>::quiet_NaN()));
  b.attributes.emplace_back(text("yes"), Value::of_bool(true));
  b.attributes.emplace_back(text("none"), Value());
  b.attributes.emplace_back(text("raw"), Value::of_bytes(text("\x01\x02")));
  b.attributes.emplace_back(text("big"), Value::of_int((std::int64_t{1} << 53) + 1));
  b.event_attributes.emplace_back(text("code"), Value::of_int(1));
  b.events.push_back({10, text("first"), 1, 0});
  b.event_attributes.emplace_back(text("code"), Value::of_int(7));
  b.events.push_back({11, text("second"), 2, 0});
  b.link_attributes.emplace_back(text("why"), Value::of_string(text("retry")));
  b.links.push_back({TraceId{1, 2}, SpanId{3}, {}, 0, 1, 0});
  b.append({.trace_id = TraceId{0, 0xab},
            .span_id = SpanId{0xcd},
            .start_unix_ns = 1'000,
            .end_unix_ns = 3'500,
            .name = text("GET /"),
            .kind = SpanKind::kServer,
            .status = StatusCode::kError});
  return b;
}

bool satisfies(FieldKind kind, std::string key, CompareOp op, Operand operand = {}) {
  static const SpanBatch batch = sample();
  const auto matcher =
      SpanMatcher::compile(Predicate{}.require({{kind, std::move(key)}, op, std::move(operand)}));
  EXPECT_TRUE(matcher) << matcher.error().message;
  BoundMatcher bound = matcher->bind(batch);
  return bound.matches(0);
}

bool attribute(std::string key, CompareOp op, Operand operand = {}) {
  return satisfies(FieldKind::kSpanAttribute, std::move(key), op, std::move(operand));
}

using Op = CompareOp;
std::string s(const char* text) { return text; }

TEST(SpanMatcher, EqualityIsTypedButNumbersAreNumbers) {
  EXPECT_TRUE(attribute("int", Op::kEq, std::int64_t{42}));
  EXPECT_TRUE(attribute("int", Op::kEq, 42.0));
  EXPECT_TRUE(attribute("dbl", Op::kEq, std::int64_t{42}));
  EXPECT_FALSE(attribute("int", Op::kEq, s("42")));
  EXPECT_TRUE(attribute("int", Op::kTextEq, s("42")));
  EXPECT_FALSE(attribute("yes", Op::kEq, s("true")));
  EXPECT_TRUE(attribute("yes", Op::kEq, true));
  EXPECT_TRUE(attribute("yes", Op::kTextEq, s("true")));
  EXPECT_TRUE(attribute("none", Op::kEq));
  EXPECT_TRUE(attribute("raw", Op::kTextEq, s("AQI=")));
}

TEST(SpanMatcher, IntegersBeyondDoublePrecisionStayDistinct) {
  EXPECT_FALSE(attribute("big", Op::kEq, 9007199254740992.0));
  EXPECT_TRUE(attribute("big", Op::kGt, 9007199254740992.0));
}

TEST(SpanMatcher, OrderIsByValueForNumbersAndByBytesForStrings) {
  EXPECT_TRUE(attribute("int", Op::kLt, 42.5));
  EXPECT_FALSE(attribute("int", Op::kLt, std::int64_t{42}));
  EXPECT_TRUE(attribute("int", Op::kGe, std::int64_t{42}));
  EXPECT_TRUE(attribute("str", Op::kGt, s("hello")));
  EXPECT_FALSE(attribute("str", Op::kGt, std::int64_t{1}));
  EXPECT_FALSE(attribute("nan", Op::kLe, 1.0));
  EXPECT_FALSE(attribute("nan", Op::kGt, 1.0));
  EXPECT_TRUE(attribute("nan", Op::kNe, 1.0));
}

TEST(SpanMatcher, AbsentSatisfiesOnlyNegations) {
  for (const Op op : {Op::kEq, Op::kLt, Op::kLe, Op::kGt, Op::kGe, Op::kTextEq, Op::kRegex}) {
    EXPECT_FALSE(attribute("missing", op, s(""))) << static_cast<int>(op);
  }
  EXPECT_FALSE(attribute("missing", Op::kExists));
  EXPECT_TRUE(attribute("missing", Op::kNe, s("x")));
  EXPECT_TRUE(attribute("missing", Op::kNotRegex, s(".*")));
  EXPECT_TRUE(attribute("missing", Op::kNotExists));
}

TEST(SpanMatcher, SeveralValuesAnyForPositiveNoneForNegation) {
  const auto code = [](Op op, std::int64_t n) {
    return satisfies(FieldKind::kEventAttribute, "code", op, n);
  };
  EXPECT_TRUE(code(Op::kEq, 1));
  EXPECT_TRUE(code(Op::kEq, 7));
  EXPECT_FALSE(code(Op::kNe, 7));
  EXPECT_TRUE(code(Op::kNe, 8));
  EXPECT_TRUE(satisfies(FieldKind::kEventName, "", Op::kRegex, s("sec.*")));
  EXPECT_FALSE(satisfies(FieldKind::kEventName, "", Op::kNotRegex, s("sec.*")));
}

TEST(SpanMatcher, RegexIsAnchoredAtBothEnds) {
  EXPECT_FALSE(attribute("str", Op::kRegex, s("hello")));
  EXPECT_TRUE(attribute("str", Op::kRegex, s("hello.*")));
  EXPECT_TRUE(attribute("int", Op::kRegex, s("4.")));
}

TEST(SpanMatcher, EveryPlaceOfAnAttributeIsFound) {
  EXPECT_TRUE(satisfies(FieldKind::kResourceAttribute, "zone", Op::kEq, s("eu-1")));
  EXPECT_TRUE(satisfies(FieldKind::kScopeAttribute, "scoped", Op::kEq, true));
  EXPECT_TRUE(satisfies(FieldKind::kLinkAttribute, "why", Op::kEq, s("retry")));
  for (const char* key : {"str", "zone", "scoped", "code", "why"}) {
    EXPECT_TRUE(satisfies(FieldKind::kAnyAttribute, key, Op::kExists)) << key;
  }
  EXPECT_FALSE(satisfies(FieldKind::kAnyAttribute, "missing", Op::kExists));
}

TEST(SpanMatcher, FixedFields) {
  EXPECT_TRUE(satisfies(FieldKind::kServiceName, "", Op::kEq, s("shop")));
  EXPECT_TRUE(satisfies(FieldKind::kName, "", Op::kEq, s("GET /")));
  EXPECT_TRUE(satisfies(FieldKind::kKind, "", Op::kEq, std::int64_t{2}));
  EXPECT_TRUE(satisfies(FieldKind::kStatus, "", Op::kEq, std::int64_t{2}));
  EXPECT_TRUE(satisfies(FieldKind::kStartTime, "", Op::kEq, std::int64_t{1'000}));
  EXPECT_TRUE(satisfies(FieldKind::kDuration, "", Op::kEq, std::int64_t{2'500}));
  EXPECT_TRUE(satisfies(FieldKind::kTraceId, "", Op::kEq, s("000000000000000000000000000000ab")));
  EXPECT_TRUE(satisfies(FieldKind::kSpanId, "", Op::kEq, s("00000000000000cd")));
  EXPECT_TRUE(satisfies(FieldKind::kParentSpanId, "", Op::kEq, s("")));
  EXPECT_TRUE(satisfies(FieldKind::kScopeName, "", Op::kEq, s("tracer")));
  EXPECT_TRUE(satisfies(FieldKind::kScopeVersion, "", Op::kEq, s("1.2")));
}

TEST(SpanMatcher, ClausesAreAllAndTheirComparisonsAny) {
  const SpanBatch batch = sample();
  const Comparison yes{{FieldKind::kName, ""}, Op::kEq, s("GET /")};
  const Comparison no{{FieldKind::kName, ""}, Op::kEq, s("POST /")};
  const auto matches = [&](std::vector<Clause> clauses) {
    const auto matcher = SpanMatcher::compile(Predicate{std::move(clauses)});
    return matcher->bind(batch).matches(0);
  };
  EXPECT_TRUE(matches({{no, yes}}));
  EXPECT_FALSE(matches({{no}, {yes}}));
  EXPECT_TRUE(matches({}));
  EXPECT_FALSE(matches({{}}));
}

TEST(SpanMatcher, RefusesWhatItCannotRun) {
  const auto error = [](Op op, Operand operand) {
    const auto m = SpanMatcher::compile(
        Predicate{}.require({{FieldKind::kSpanAttribute, "k"}, op, std::move(operand)}));
    return m ? std::optional<ErrorCode>() : m.error().code;
  };
  EXPECT_EQ(error(Op::kRegex, s("(")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error(Op::kRegex, std::int64_t{1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error(Op::kTextEq, true), ErrorCode::kInvalidArgument);
}

TEST(SpanMatcher, ASpanWithoutServiceIsFoundAsUnknownService) {
  SpanBatch b;
  b.add_resource(0);
  b.add_scope(0, {}, {});
  b.append({});
  const auto m = SpanMatcher::compile(
      Predicate{}.require({{FieldKind::kServiceName, ""}, Op::kEq, s("unknown_service")}));
  EXPECT_TRUE(m->bind(b).matches(0));
}

}  // namespace
}  // namespace binnacle
