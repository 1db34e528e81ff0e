#include "tests/conformance/span_samples.h"

#include "base/hash.h"
#include "model/packed_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace binnacle::conformance {
namespace {

constexpr std::array<std::string_view, 4> kServices = {"", "cart", "checkout", "frontend"};
constexpr std::array<std::string_view, 6> kNames = {"GET /", "POST /pay", "SELECT",
                                                    "",      "llm.call",  "GET /cart"};
constexpr std::array<std::string_view, 6> kKeys = {"http.status", "user", "cost",
                                                   "ok",          "tags", "id"};
constexpr std::uint64_t kStep = 1'000'000;

std::string packed_tags(Random& r) {
  std::string out;
  PackedWriter w(out);
  w.begin_array(2);
  w.integer(static_cast<std::int64_t>(r.below(3)));
  w.string("tag");
  return out;
}

Value random_value(Random& r, std::string_view key, StringTable& strings) {
  if (r.below(12) == 0) return Value();
  if (key == "http.status") {
    if (r.below(8) == 0) return Value::of_string(strings.intern("200"));
    return Value::of_int(static_cast<std::int64_t>(200 + 100 * r.below(4)));
  }
  if (key == "user") return Value::of_string(strings.intern(fmt::format("user-{}", r.below(9))));
  if (key == "cost") {
    constexpr std::array kCosts = {0.0,
                                   -0.5,
                                   1.25,
                                   200.0,
                                   std::numeric_limits<double>::quiet_NaN(),
                                   std::numeric_limits<double>::infinity()};
    return Value::of_double(kCosts[r.below(kCosts.size())]);
  }
  if (key == "ok") return Value::of_bool(r.below(2) == 0);
  if (key == "tags") {
    if (r.below(4) == 0) return Value::of_bytes(strings.intern(std::string_view("a\0b", 3)));
    return Value::of_array(strings.intern(packed_tags(r)));
  }
  return Value::of_string(strings.intern(fmt::format("{:016x}", r.next())));  // high cardinality
}

void push_attributes(Random& r, StringTable& strings, std::uint64_t most,
                     std::vector<Attribute>& out) {
  for (std::uint64_t n = r.below(most + 1); n > 0; --n) {
    const std::string_view key = kKeys[r.below(kKeys.size())];
    const StringId id = strings.intern(key);
    out.emplace_back(id, random_value(r, key, strings));
  }
}

std::uint32_t resource_for(Random& r, SpanBatch& b) {
  const auto begin = static_cast<std::uint32_t>(b.shared_attributes.size());
  const std::string_view service = kServices[r.below(kServices.size())];
  if (!service.empty()) {
    const StringId key = b.strings.intern("service.name");
    b.shared_attributes.emplace_back(key, Value::of_string(b.strings.intern(service)));
  }
  const StringId zone = b.strings.intern("zone");
  b.shared_attributes.emplace_back(zone, Value::of_int(static_cast<std::int64_t>(r.below(2))));
  return b.add_resource(begin, b.strings.intern("https://schema/1"),
                        static_cast<std::uint32_t>(r.below(2)));
}

std::uint32_t scope_for(Random& r, SpanBatch& b) {
  const auto begin = static_cast<std::uint32_t>(b.shared_attributes.size());
  if (r.below(2) == 0) {
    b.shared_attributes.emplace_back(b.strings.intern("ok"), Value::of_bool(true));
  }
  const StringId name = b.strings.intern(r.below(2) == 0 ? "tracer" : "");
  return b.add_scope(begin, name, b.strings.intern("1.0"));
}

Operand operand_for(Random& r, std::string_view key) {
  if (key == "http.status") return static_cast<std::int64_t>(200 + 100 * r.below(4));
  if (key == "user") return fmt::format("user-{}", r.below(9));
  if (key == "cost") return 1.25;
  if (key == "ok") return r.below(2) == 0;
  if (key == "tags") return std::monostate();
  return std::string("00");
}

Comparison random_comparison(Random& r) {
  Comparison c;
  c.field = random_field(r);
  constexpr std::array kOps = {CompareOp::kEq,     CompareOp::kEq,       CompareOp::kNe,
                               CompareOp::kLt,     CompareOp::kLe,       CompareOp::kGt,
                               CompareOp::kGe,     CompareOp::kTextEq,   CompareOp::kRegex,
                               CompareOp::kExists, CompareOp::kNotRegex, CompareOp::kNotExists};
  c.op = kOps[r.below(kOps.size())];
  switch (c.field.kind) {
    case FieldKind::kServiceName:
      c.operand = std::string(r.below(3) == 0 ? kUnknownService : kServices[r.below(4)]);
      break;
    case FieldKind::kName:
      c.operand = std::string(kNames[r.below(kNames.size())]);
      break;
    case FieldKind::kKind:
    case FieldKind::kStatus:
      c.operand = static_cast<std::int64_t>(r.below(4));
      break;
    case FieldKind::kStartTime:
      c.operand = static_cast<std::int64_t>(kFirstStartNs + r.below(200) * kStep);
      break;
    case FieldKind::kDuration:
      c.operand = static_cast<std::int64_t>(r.below(40) * kStep);
      break;
    case FieldKind::kTraceId:
      c.operand = to_hex(TraceId{r.below(3) == 0 ? 0ULL : 7ULL, 1 + r.below(12)});
      break;
    default:
      c.operand = operand_for(r, c.field.key);
  }
  const bool text =
      c.op == CompareOp::kTextEq || c.op == CompareOp::kRegex || c.op == CompareOp::kNotRegex;
  if (text) {
    constexpr std::array<std::string_view, 9> kTexts = {
        "200", "user-[0-4]", "GET.*", "true", "user-3", ".*", "cart", "", "c(art|heckout)"};
    c.operand = std::string(kTexts[r.below(kTexts.size())]);
  }
  return c;
}

std::string attributes_text(const SpanBatch& b, std::span<const Attribute> attributes) {
  std::string out = "{";
  for (const Attribute& a : attributes) {
    const Value v = a.value();
    out += fmt::format("{}:{}=", b.strings[a.key()], static_cast<int>(v.type()));
    out += v.refers_to_string() ? fmt::format("'{}'", b.strings[v.as_string()])
                                : fmt::format("{:x}", v.payload());
    out += ",";
  }
  return out + "}";
}

}  // namespace

void append_span(SpanBatch& b, TraceId trace, SpanId span, SpanKind kind, std::uint64_t start) {
  const std::uint64_t identity[] = {trace.high, trace.low, span.value,
                                    static_cast<std::uint64_t>(kind), start};
  Random r(hash64({reinterpret_cast<const char*>(identity), sizeof identity}));
  SpanRow row{.trace_id = trace, .span_id = span, .start_unix_ns = start, .kind = kind};
  row.resource = resource_for(r, b);
  row.scope = scope_for(r, b);
  row.parent_span_id = SpanId{r.below(3) == 0 ? 0 : 1 + r.below(50)};
  row.end_unix_ns = r.below(20) == 0 ? 0 : start + r.below(40) * kStep + r.below(3);
  row.name = b.strings.intern(kNames[r.below(kNames.size())]);
  row.status = static_cast<StatusCode>(r.below(3));
  if (row.status == StatusCode::kError) row.status_message = b.strings.intern("it broke");
  if (r.below(10) == 0) row.trace_state = b.strings.intern("vendor=1");
  row.flags = static_cast<std::uint32_t>(r.below(2) * 0x101);
  row.dropped_attributes = static_cast<std::uint32_t>(r.below(20) == 0 ? 3 : 0);
  push_attributes(r, b.strings, 5, b.attributes);
  for (std::uint64_t n = r.below(8) / 5; n > 0; --n) {
    push_attributes(r, b.strings, 2, b.event_attributes);
    b.events.push_back({start + r.below(1000), b.strings.intern(r.below(2) == 0 ? "retry" : "log"),
                        static_cast<std::uint32_t>(b.event_attributes.size()),
                        static_cast<std::uint32_t>(r.below(2))});
  }
  for (std::uint64_t n = r.below(8) / 7; n > 0; --n) {
    push_attributes(r, b.strings, 2, b.link_attributes);
    b.links.push_back({TraceId{r.next(), r.next()}, SpanId{r.next()}, b.strings.intern("s=2"), 1,
                       static_cast<std::uint32_t>(b.link_attributes.size()), 0});
  }
  b.append(row);
}

SpanBatch random_batch(Random& r, std::size_t spans) {
  SpanBatch b;
  for (std::size_t i = 0; i < spans; ++i) {
    const std::uint64_t trace = 1 + r.below(12);
    const std::uint64_t span = 1 + r.below(40);
    append_span(b, TraceId{trace % 3 == 0 ? 0ULL : 7ULL, trace}, SpanId{span},
                static_cast<SpanKind>(r.below(6)), kFirstStartNs + (trace * 16 + span) * kStep);
  }
  return b;
}

SpanBatch batch_of(const std::vector<Identity>& spans) {
  SpanBatch b;
  for (const Identity& s : spans) {
    append_span(b, TraceId{7, s.trace}, SpanId{s.span}, SpanKind::kServer, s.start);
  }
  return b;
}

Field random_field(Random& r) {
  constexpr std::array kFixed = {
      FieldKind::kServiceName, FieldKind::kName,     FieldKind::kKind,   FieldKind::kStatus,
      FieldKind::kStartTime,   FieldKind::kDuration, FieldKind::kTraceId};
  constexpr std::array kAttributes = {FieldKind::kSpanAttribute,  FieldKind::kSpanAttribute,
                                      FieldKind::kSpanAttribute,  FieldKind::kAnyAttribute,
                                      FieldKind::kEventAttribute, FieldKind::kScopeAttribute,
                                      FieldKind::kLinkAttribute};
  switch (r.below(4)) {
    case 0:
    case 1:
      return {kFixed[r.below(kFixed.size())], ""};
    case 2:
      return {kAttributes[r.below(kAttributes.size())], std::string(kKeys[r.below(kKeys.size())])};
    default:
      return r.below(2) == 0 ? Field{FieldKind::kEventName, ""}
                             : Field{FieldKind::kResourceAttribute, "zone"};
  }
}

Selection random_selection(Random& r) {
  Selection out;
  if (r.below(2) == 0) {
    out.time.begin_unix_ns = kFirstStartNs + r.below(200) * kStep;
    out.time.end_unix_ns = out.time.begin_unix_ns + r.below(150) * kStep;
  }
  for (std::uint64_t clauses = r.below(4); clauses > 0; --clauses) {
    Clause clause;
    for (std::uint64_t n = 1 + r.below(3) / 2; n > 0; --n) clause.push_back(random_comparison(r));
    out.predicate.clauses.push_back(std::move(clause));
  }
  return out;
}

std::string span_text(const SpanBatch& b, std::size_t i) {
  const SpanRow row = b.row(i);
  const Resource& resource = b.resources[row.resource];
  const Scope& scope = b.scopes[row.scope];
  std::string out = fmt::format(
      "{} {} parent {} [{},{}] '{}' kind {} status {} '{}' state '{}' flags {} dropped {}/{}/{} ",
      to_hex(row.trace_id), to_hex(row.span_id), to_hex(row.parent_span_id), row.start_unix_ns,
      row.end_unix_ns, b.strings[row.name], static_cast<int>(row.kind),
      static_cast<int>(row.status), b.strings[row.status_message], b.strings[row.trace_state],
      row.flags, row.dropped_attributes, row.dropped_events, row.dropped_links);
  out += attributes_text(b, b.attributes_of(i));
  out += fmt::format(" resource '{}' '{}' {} ", b.strings[resource.service],
                     b.strings[resource.schema_url], resource.dropped_attributes);
  out += attributes_text(b, b.shared(resource.attributes));
  out += fmt::format(" scope '{}' '{}' '{}' {} ", b.strings[scope.name], b.strings[scope.version],
                     b.strings[scope.schema_url], scope.dropped_attributes);
  out += attributes_text(b, b.shared(scope.attributes));
  for (std::size_t e = b.first_event(i); e < b.event_ends[i]; ++e) {
    const SpanEvent& event = b.events[e];
    out += fmt::format(" event {} '{}' {} ", event.time_unix_ns, b.strings[event.name],
                       event.dropped_attributes);
    out += attributes_text(b, b.event_attributes_of(e));
  }
  for (std::size_t l = b.first_link(i); l < b.link_ends[i]; ++l) {
    const SpanLink& link = b.links[l];
    out += fmt::format(" link {} {} '{}' {} {} ", to_hex(link.trace_id), to_hex(link.span_id),
                       b.strings[link.trace_state], link.flags, link.dropped_attributes);
    out += attributes_text(b, b.link_attributes_of(l));
  }
  return out;
}

std::vector<std::string> span_texts(const SpanBatch& batch) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < batch.size(); ++i) out.push_back(span_text(batch, i));
  std::ranges::sort(out);
  return out;
}

}  // namespace binnacle::conformance
