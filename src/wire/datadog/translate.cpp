#include "wire/datadog/translate.h"

#include "codec/decimal.h"
#include "model/packed_value.h"
#include "model/semconv.h"
#include "wire/datadog/tag_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <optional>

namespace binnacle::datadog {
namespace {

using codec::JsonDocument;
using codec::JsonMember;
using codec::JsonValue;

constexpr std::string_view kPriority = "_sampling_priority_v1";

bool equals_lower(std::string_view text, std::string_view wanted) {
  return std::ranges::equal(text, wanted, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

SpanKind kind_of(std::string_view kind, std::string_view type) {
  if (kind == "server") return SpanKind::kServer;
  if (kind == "client") return SpanKind::kClient;
  if (kind == "producer") return SpanKind::kProducer;
  if (kind == "consumer") return SpanKind::kConsumer;
  if (kind == "internal") return SpanKind::kInternal;
  if (type == "web") return SpanKind::kServer;
  if (type == "http") return SpanKind::kClient;
  return SpanKind::kUnspecified;
}

std::uint64_t not_negative(std::int64_t v) { return v < 0 ? 0 : static_cast<std::uint64_t>(v); }

std::uint64_t end_of(const DatadogSpan& span) {
  // Both are below 2^63: the sum fits.
  return not_negative(span.start_ns) + not_negative(span.duration_ns);
}

std::optional<std::uint64_t> upper_half(std::string_view tid) {
  const std::optional<SpanId> parsed =
      tid.size() == 16 ? parse_span_id(tid) : std::optional<SpanId>();
  if (!parsed) return std::nullopt;
  return parsed->value;
}

std::size_t open_events_begin(const SpanBatch& batch) {
  return batch.event_ends.empty() ? 0 : batch.event_ends.back();
}

/// A JSON number that is written as an integer, without fraction or exponent, and fits.
std::optional<std::int64_t> integer_of(std::string_view number) {
  if (number.find_first_of(".eE") != std::string_view::npos) return std::nullopt;
  const auto whole = codec::parse_decimal(number);
  return whole ? whole->to_int64() : std::nullopt;
}

/// Appends a JSON value as a packed one; what nests deeper than the model allows is empty.
void pack(JsonValue v, PackedWriter& out, int depth) {
  if (v.is_string()) return out.string(v.string());
  if (v.is_bool()) return out.boolean(v.boolean());
  if (v.is_number()) {
    if (const auto whole = integer_of(v.number_text())) return out.integer(*whole);
    return out.real(codec::parse_real(v.number_text()).value_or(0));
  }
  if ((!v.is_array() && !v.is_object()) || depth >= kMaxValueDepth - 1) return out.empty();
  if (v.is_array()) {
    out.begin_array(v.size());
    for (const JsonValue element : v.elements()) pack(element, out, depth + 1);
    return;
  }
  out.begin_map(v.size());
  for (const JsonMember& member : v.members()) {
    out.key(member.name);
    pack(member.value, out, depth + 1);
  }
}

}  // namespace

void DatadogSpan::clear() {
  auto kept_meta = std::move(meta);
  auto kept_metrics = std::move(metrics);
  *this = DatadogSpan();
  meta = std::move(kept_meta);
  metrics = std::move(kept_metrics);
  meta.clear();
  metrics.clear();
}

void DatadogSpan::add_meta(std::string_view key, std::string_view text) {
  if (meta.size() + metrics.size() < kMaxTags) {
    meta.emplace_back(key, text);
  } else {
    ++dropped_tags;
  }
}

void DatadogSpan::add_metric(std::string_view key, double value) {
  if (meta.size() + metrics.size() < kMaxTags) {
    metrics.emplace_back(key, value);
  } else {
    ++dropped_tags;
  }
}

// What was found among a span's tags and is no attribute.
struct Translator::Tags {
  struct ResourceTag {
    std::string_view key;
    std::string_view text;
  };
  std::vector<ResourceTag> resource;
  std::string_view kind;
  std::string_view scope_name;
  std::string_view scope_version;
  std::string_view status_code;
  std::string_view status_description;
  std::string_view trace_state;
  std::string_view error_message;
  std::string_view error_type;
  std::string_view error_stack;
  std::string_view language;
  std::optional<std::uint64_t> trace_high;
  double process_id = 0;
  double priority = 0;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  bool is_error = false;

  [[nodiscard]] bool was_opentelemetry() const { return !scope_name.empty(); }
};

void Translator::begin_chunk() noexcept {
  chunk_begin_ = batch_.size();
  chunk_trace_high_ = 0;
}

// The upper half stands on one span, in practice on the first one.
void Translator::end_chunk() noexcept {
  if (chunk_trace_high_ == 0) return;
  for (std::size_t i = chunk_begin_; i < batch_.size(); ++i) {
    TraceId& id = batch_.trace_ids[i];
    if (id.low == chunk_trace_low_ && id.high == 0) id.high = chunk_trace_high_;
  }
}

void Translator::add(const DatadogSpan& span, std::size_t index) {
  if (span.trace_id == 0 || span.span_id == 0) {
    out_.reject(out_.rejected > 0 ? std::string()
                                  : fmt::format("datadog: span {} named \"{}\": {} is zero", index,
                                                span.name.substr(0, 200),
                                                span.trace_id == 0 ? "trace_id" : "span_id"));
    return;
  }
  Tags tags;
  tags.is_error = span.error != 0;
  read_meta(span, tags);
  read_metrics(span, tags);
  SpanRow row;
  row.trace_id = {.high = tags.trace_high.value_or(0), .low = span.trace_id};
  if (row.trace_id.high != 0) {
    chunk_trace_low_ = row.trace_id.low;
    chunk_trace_high_ = row.trace_id.high;
  }
  row.span_id.value = span.span_id;
  row.parent_span_id.value = span.parent_id;
  row.start_unix_ns = not_negative(span.start_ns);
  row.end_unix_ns = end_of(span);
  row.kind = kind_of(tags.kind, span.type);
  row.trace_state = text_.intern(tags.trace_state);
  row.flags = tags.priority > 0 ? 1 : 0;
  row.dropped_attributes = tags.dropped_attributes + span.dropped_tags;
  row.dropped_events = tags.dropped_events;
  row.dropped_links = tags.dropped_links;
  if (tags.was_opentelemetry()) {
    row.name = text_.intern(span.resource);
  } else {
    row.name = text_.intern(span.name);
    add_text("dd.span.Resource", span.resource);
    add_text("span.type", span.type);
  }
  set_status(span, tags, row);
  row.resource = resource_of(span, tags);
  row.scope = tags.was_opentelemetry() ? scope_of(tags.scope_name, tags.scope_version)
                                       : scope_of("Datadog", sender_.tracer_version);
  batch_.append(row);
}

void Translator::read_meta(const DatadogSpan& span, Tags& tags) {
  for (const auto& [key, text] : span.meta) {
    if (take_special(key, text, tags) || take_resource(key, text, tags)) continue;
    if (key == "service") continue;  // the tracer's default one; also in _dd.base_service
    add_attribute(key, text);
  }
}

bool Translator::take_special(std::string_view key, std::string_view text, Tags& tags) {
  using Member = std::string_view Tags::*;
  static constexpr auto kFields = std::to_array<std::pair<std::string_view, Member>>(
      {{"span.kind", &Tags::kind},
       {"language", &Tags::language},
       {"w3c.tracestate", &Tags::trace_state},
       {"otel.scope.name", &Tags::scope_name},
       {"otel.library.name", &Tags::scope_name},
       {"otel.scope.version", &Tags::scope_version},
       {"otel.library.version", &Tags::scope_version},
       {"otel.status_code", &Tags::status_code},
       {"otel.status_description", &Tags::status_description}});
  static constexpr auto kErrorFields = std::to_array<std::pair<std::string_view, Member>>(
      {{"error.message", &Tags::error_message},
       {"error.msg", &Tags::error_message},
       {"error.type", &Tags::error_type},
       {"error.stack", &Tags::error_stack},
       {"error.stacktrace", &Tags::error_stack}});
  for (const auto& [name, member] : kFields) {
    if (key == name) return tags.*member = text, true;
  }
  if (tags.is_error && key.starts_with("error.")) {
    for (const auto& [name, member] : kErrorFields) {
      if (key == name) return tags.*member = text, true;
    }
  }
  if (key == "_dd.p.tid") {
    tags.trace_high = upper_half(text);
    return tags.trace_high.has_value();
  }
  if (key == "events") return read_events_json(text);
  if (key == "_dd.span_links") return read_links_json(text);
  return false;
}

bool Translator::take_resource(std::string_view key, std::string_view text, Tags& tags) {
  const std::string_view otel = resource_key(key);
  if (otel.empty()) return false;
  if (otel != semconv::kServiceName) tags.resource.push_back({otel, text});
  return true;
}

void Translator::read_metrics(const DatadogSpan& span, Tags& tags) {
  for (const auto& [key, value] : span.metrics) {
    if (take_special_metric(key, value, tags)) continue;
    batch_.attributes.emplace_back(text_.intern(otel_key(key)), Value::of_double(value));
  }
}

bool Translator::take_special_metric(std::string_view key, double value, Tags& tags) {
  const auto count = [value] {
    return value > 0 && value < 4'294'967'296.0 ? static_cast<std::uint32_t>(value) : 0U;
  };
  if (key == "process_id") {
    tags.process_id = value;
  } else if (key == kPriority) {
    tags.priority = value;
    if (value != 0 && value != 1) {
      batch_.attributes.emplace_back(text_.intern("sampling.priority"), Value::of_double(value));
    }
  } else if (key == "otel.dropped_attributes_count") {
    tags.dropped_attributes = count();
  } else if (key == "otel.dropped_events_count") {
    tags.dropped_events = count();
  } else if (key == "otel.dropped_links_count") {
    tags.dropped_links = count();
  } else {
    return false;
  }
  return true;
}

void Translator::add_text(std::string_view key, std::string_view text) {
  if (text.empty()) return;
  batch_.attributes.emplace_back(text_.intern(key), Value::of_string(text_.intern(text)));
}

/// Under OpenTelemetry's name, if there is one.
void Translator::add_attribute(std::string_view key, std::string_view text) {
  StringId name;
  if (const HeaderPrefix prefix = otel_header_prefix(key); prefix.replaced != 0) {
    name = text_.intern(std::string(prefix.otel).append(key.substr(prefix.replaced)));
  } else {
    name = text_.intern(otel_key(key));
  }
  Value value = Value::of_string(text_.intern(text));
  if (key == "http.status_code") {  // text to Datadog, a number to OpenTelemetry
    std::int64_t status = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), status);
    if (read.ec == std::errc() && read.ptr == text.data() + text.size()) {
      value = Value::of_int(status);
    }
  }
  batch_.attributes.emplace_back(name, value);
}

void Translator::set_status(const DatadogSpan& span, const Tags& tags, SpanRow& row) {
  if (!tags.is_error) {
    if (equals_lower(tags.status_code, "ok")) row.status = StatusCode::kOk;
    if (equals_lower(tags.status_code, "error")) row.status = StatusCode::kError;
    row.status_message = text_.intern(tags.status_description);
    return;
  }
  row.status = StatusCode::kError;
  // An OpenTelemetry span says whether it has a description; others only have an error's message.
  row.status_message =
      text_.intern(tags.was_opentelemetry() ? tags.status_description : tags.error_message);
  // And its exceptions are events; then error.message may be but its description.
  const bool is_description = tags.was_opentelemetry() && tags.error_type.empty();
  const bool has_error =
      !tags.error_message.empty() || !tags.error_type.empty() || !tags.error_stack.empty();
  if (has_error && !is_description) add_exception(tags, end_of(span));
}

void Translator::add_exception(const Tags& tags, std::uint64_t end_unix_ns) {
  const StringId exception = text_.intern(semconv::kExceptionEvent);
  for (std::size_t i = open_events_begin(batch_); i < batch_.events.size(); ++i) {
    if (batch_.events[i].name == exception) return;
  }
  for (const auto& [key, text] : {std::pair{semconv::kExceptionType, tags.error_type},
                                  {semconv::kExceptionMessage, tags.error_message},
                                  {semconv::kExceptionStacktrace, tags.error_stack}}) {
    if (text.empty()) continue;
    batch_.event_attributes.emplace_back(text_.intern(key), Value::of_string(text_.intern(text)));
  }
  add_event(end_unix_ns, semconv::kExceptionEvent);
}

void Translator::add_event(std::uint64_t time_unix_ns, std::string_view name) {
  batch_.events.push_back(
      {.time_unix_ns = time_unix_ns,
       .name = text_.intern(name),
       .attributes_end = static_cast<std::uint32_t>(batch_.event_attributes.size()),
       .dropped_attributes = 0});
}

void Translator::add_link(TraceId trace_id, std::uint64_t span_id, std::string_view trace_state,
                          std::uint32_t flags) {
  SpanLink link;
  link.trace_id = trace_id;
  link.span_id.value = span_id;
  link.trace_state = text_.intern(trace_state);
  link.flags = flags & 0xFFU;  // Datadog sets bit 31 to say that there are any
  link.attributes_end = static_cast<std::uint32_t>(batch_.link_attributes.size());
  batch_.links.push_back(link);
}

/// [{"name":..,"time_unix_nano":..,"attributes":{..}},..]; false, and nothing is taken, if it is
/// something else.
bool Translator::read_events_json(std::string_view text) {
  const auto document = JsonDocument::parse(std::string(text));
  if (!document || !document->root().is_array()) return false;
  for (const JsonValue event : document->root().elements()) {
    if (!event.is_object()) continue;
    read_json_attributes(event.find("attributes"), batch_.event_attributes);
    const auto time = codec::parse_decimal(event.find("time_unix_nano").number_text());
    add_event(time ? time->to_uint64().value_or(0) : 0, event.find("name").string());
  }
  return true;
}

/// [{"trace_id":hex,"span_id":hex,"tracestate":..,"flags":..,"attributes":{..}},..]
bool Translator::read_links_json(std::string_view text) {
  const auto document = JsonDocument::parse(std::string(text));
  if (!document || !document->root().is_array()) return false;
  for (const JsonValue link : document->root().elements()) {
    const auto trace_id = parse_trace_id(link.find("trace_id").string());
    const auto span_id = parse_span_id(link.find("span_id").string());
    if (!trace_id || !span_id) continue;
    read_json_attributes(link.find("attributes"), batch_.link_attributes);
    const auto flags = codec::parse_decimal(link.find("flags").number_text());
    add_link(*trace_id, span_id->value, link.find("tracestate").string(),
             flags ? static_cast<std::uint32_t>(flags->magnitude) : 0);
  }
  return true;
}

void Translator::read_json_attributes(JsonValue object, std::vector<Attribute>& pool) {
  for (const JsonMember& member : object.members()) {
    pool.emplace_back(text_.intern(member.name), json_value(member.value));
  }
}

Value Translator::json_value(JsonValue v) {
  if (v.is_string()) return Value::of_string(text_.intern(v.string()));
  if (v.is_bool()) return Value::of_bool(v.boolean());
  if (v.is_number()) {
    if (const auto whole = integer_of(v.number_text())) return Value::of_int(*whole);
    return Value::of_double(codec::parse_real(v.number_text()).value_or(0));
  }
  if (v.is_null()) return {};
  packed_.clear();
  PackedWriter packed(packed_);
  pack(v, packed, 0);
  const StringId id = text_.intern_bytes(packed_);
  return v.is_array() ? Value::of_array(id) : Value::of_map(id);
}

std::uint32_t Translator::resource_of(const DatadogSpan& span, const Tags& tags) {
  key_.assign(span.service);
  const auto extend = [this](std::string_view part) { key_.append(1, '\0').append(part); };
  const auto process = std::bit_cast<std::array<char, sizeof tags.process_id>>(tags.process_id);
  extend({process.data(), process.size()});
  extend(tags.language);
  for (const auto& [name, text] : tags.resource) {
    extend(name);
    extend(text);
  }
  const auto [it, is_new] = resources_.try_emplace(key_, 0U);
  if (!is_new) return it->second;
  auto& pool = batch_.shared_attributes;
  const auto begin = static_cast<std::uint32_t>(pool.size());
  const auto put = [&](std::string_view name, std::string_view text) {
    if (text.empty()) return;
    pool.emplace_back(text_.intern(name), Value::of_string(text_.intern(text)));
  };
  put(semconv::kServiceName, span.service);
  for (const auto& [name, text] : tags.resource) put(name, text);
  if (tags.process_id > 0 && tags.process_id < 0x1p53) {
    pool.emplace_back(text_.intern("process.pid"),
                      Value::of_int(static_cast<std::int64_t>(tags.process_id)));
  }
  if (sender_.language.empty()) put("telemetry.sdk.language", tags.language);
  const auto is_container = [](const Tags::ResourceTag& tag) { return tag.key == "container.id"; };
  if (std::ranges::none_of(tags.resource, is_container)) put("container.id", sender_.container_id);
  add_sender(pool);
  return it->second = batch_.add_resource(begin);
}

void Translator::add_sender(std::vector<Attribute>& pool) {
  const auto put = [&](std::string_view name, std::string_view text) {
    if (text.empty()) return;
    pool.emplace_back(text_.intern(name), Value::of_string(text_.intern(text)));
  };
  put("telemetry.sdk.language", sender_.language == ".NET" ? "dotnet" : sender_.language);
  put("process.runtime.name", sender_.interpreter);
  put("process.runtime.version", sender_.language_version);
  if (sender_.tracer_version.empty()) return;
  put("telemetry.sdk.name", "Datadog");
  put("telemetry.sdk.version", fmt::format("Datadog-{}", sender_.tracer_version));
}

std::uint32_t Translator::scope_of(std::string_view name, std::string_view version) {
  key_.assign(name).append(1, '\0').append(version);
  const auto [it, is_new] = scopes_.try_emplace(key_, 0U);
  if (is_new) {
    it->second = batch_.add_scope(static_cast<std::uint32_t>(batch_.shared_attributes.size()),
                                  text_.intern(name), text_.intern(version));
  }
  return it->second;
}

}  // namespace binnacle::datadog
