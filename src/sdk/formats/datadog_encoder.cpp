#include "sdk/formats/datadog_encoder.h"

#include "sdk/formats/datadog_names.h"
#include "sdk/formats/json_text.h"
#include "sdk/formats/msgpack_writer.h"

#include <binnacle/apm.h>
#include <binnacle/span.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kUnknownService = "unknown_service";
constexpr auto kError = static_cast<std::uint8_t>(StatusCode::kError);
constexpr std::size_t kLongestContainerHead = 5;
// Attributes per map: leaves room for what is added to them, as a map's count has 16 bits.
constexpr std::size_t kMaxAttributes = 60'000;

std::uint64_t read_id(const std::uint8_t* bytes) noexcept {
  std::uint64_t id = 0;
  std::memcpy(&id, bytes, sizeof id);
  return std::endian::native == std::endian::little ? std::byteswap(id) : id;
}

bool is_number(const ValueView& value) noexcept {
  return value.kind == ValueKind::kInt ||
         (value.kind == ValueKind::kDouble && std::isfinite(value.real));
}

/// Datadog looks for the status code of HTTP among the texts.
bool is_metric(std::string_view datadog_key, const ValueView& value) noexcept {
  return is_number(value) && datadog_key != "http.status_code";
}

void append_number(MsgpackWriter& out, const ValueView& value) noexcept {
  if (value.kind == ValueKind::kInt) return out.integer(value.integer);
  out.real(value.real);
}

/// A string whose text `append` makes.
template <typename Append>
void append_made(MsgpackWriter& out, ByteBuffer& scratch, Append append) noexcept {
  scratch.truncate(0);
  BatchAppender text(scratch);
  append(text);
  out.string(text.written());
}

void append_text(MsgpackWriter& out, ByteBuffer& scratch, const ValueView& value) noexcept {
  if (value.kind == ValueKind::kString) return out.string(value.text);
  append_made(out, scratch, [&](BatchAppender& text) { append_tag_text(text, value); });
}

/// How a resource attribute is called in meta; empty if it is left out there.
std::string_view resource_key(std::string_view key) noexcept {
  if (key == "service.name" || key.starts_with("telemetry.sdk.")) return {};
  if (key == "service.version") return "version";
  if (key == "deployment.environment.name" || key == "deployment.environment") return "env";
  if (key == "service.instance.id") return "runtime-id";
  if (key == "host.name") return "_dd.hostname";
  if (key == "process.pid") return "process_id";
  return key;
}

void append_events_json(BatchAppender& out, const FinishedSpan& span) noexcept {
  std::string_view before = R"([{"name":)";
  for (const EventView event : events_of(span)) {
    out.text(before);
    before = R"(,{"name":)";
    append_json_string(out, event.name);
    out.text(R"(,"time_unix_nano":)");
    append_decimal(out, event.time_unix_ns);
    if (!event.attributes().empty()) {
      out.text(R"(,"attributes":)");
      append_json_object(out, event.attributes());
    }
    out.byte('}');
  }
  out.byte(']');
}

void append_links_json(BatchAppender& out, const FinishedSpan& span) noexcept {
  std::string_view before = R"([{"trace_id":")";
  for (const LinkView link : links_of(span)) {
    out.text(before);
    before = R"(,{"trace_id":")";
    append_hex(out, link.trace_id, 16);
    out.text(R"(","span_id":")");
    append_hex(out, link.span_id, 8);
    out.byte('"');
    if (!link.trace_state.empty()) {
      out.text(R"(,"tracestate":)");
      append_json_string(out, link.trace_state);
    }
    if (!link.attributes().empty()) {
      out.text(R"(,"attributes":)");
      append_json_object(out, link.attributes());
    }
    out.text(R"(,"flags":)");
    append_decimal(out, std::uint64_t{link.flags & 0xFFU});
    out.byte('}');
  }
  out.byte(']');
}

}  // namespace

/// What must be known of a span before it is written.
struct DatadogEncoder::Survey {
  std::string_view name = {};
  DatadogNames names = {};
  std::string_view description = {};
  std::string_view error_message = {};
  std::string_view error_type = {};
  std::string_view error_stack = {};
  bool has_events = false;
  bool has_links = false;

  void on_name(std::string_view text) noexcept { name = text; }
  void on_attribute(const AttributeView& attribute) noexcept { names.take(attribute); }
  void on_event(const EventView& event) noexcept {
    has_events = true;
    if (event.name != "exception") return;
    for (const AttributeView attribute : event.attributes()) {
      if (attribute.key == "exception.message") error_message = attribute.value.text;
      if (attribute.key == "exception.type") error_type = attribute.value.text;
      if (attribute.key == "exception.stacktrace") error_stack = attribute.value.text;
    }
  }
  void on_link(const LinkView& /*link*/) noexcept { has_links = true; }
  void on_status(const StatusView& status) noexcept { description = status.message; }
};

/// Writes the attributes that are text.
struct DatadogEncoder::MetaPass {
  MsgpackWriter& out;
  ByteBuffer& scratch;
  std::size_t count = 0;

  void on_attribute(const AttributeView& attribute) noexcept {
    const std::string_view key = datadog_key(attribute.key);
    if (is_metric(key, attribute.value) || count == kMaxAttributes) return;
    out.string(key);
    append_text(out, scratch, attribute.value);
    ++count;
  }
  void add(std::string_view key, std::string_view text) noexcept {
    if (text.empty()) return;
    out.string(key);
    out.string(text);
    ++count;
  }
};

/// Writes the attributes that are numbers.
struct DatadogEncoder::MetricsPass {
  MsgpackWriter& out;
  std::size_t count = 0;

  void on_attribute(const AttributeView& attribute) noexcept {
    const std::string_view key = datadog_key(attribute.key);
    if (!is_metric(key, attribute.value) || count == kMaxAttributes) return;
    out.string(key);
    append_number(out, attribute.value);
    ++count;
  }
  void add(std::string_view key, std::uint64_t value) noexcept {
    out.string(key);
    out.unsigned_integer(value);
    ++count;
  }
};

DatadogEncoder::DatadogEncoder(std::string_view resource) {
  const std::string_view service = resource_text(resource, "service.name");
  service_ = made_once([&](BatchAppender& text) {
    MsgpackWriter out(text);
    out.string("service");
    out.string(service.empty() ? kUnknownService : service);
  });
  meta_ = made_once([](BatchAppender& text) {
    MsgpackWriter out(text);
    for (const std::string_view item :
         {std::string_view("language"), std::string_view("cpp"),
          std::string_view("otel.scope.name"), std::string_view("binnacle"),
          std::string_view("otel.scope.version"), std::string_view(kVersion)}) {
      out.string(item);
    }
  });
  meta_count_ = 3;
  add_resource(resource);
}

void DatadogEncoder::add_resource(std::string_view resource) {
  for (const AttributeView attribute : attributes_of_resource(resource)) {
    const std::string_view key = resource_key(attribute.key);
    if (key.empty()) continue;
    const bool is_metric = is_number(attribute.value);
    (is_metric ? metrics_ : meta_) += made_once([&](BatchAppender& text) {
      MsgpackWriter out(text);
      out.string(key);
      if (is_metric) return append_number(out, attribute.value);
      append_text(out, scratch_, attribute.value);
    });
    ++(is_metric ? metrics_count_ : meta_count_);
  }
}

void DatadogEncoder::append_meta(BatchAppender& text, const FinishedSpan& span,
                                 const Survey& survey) {
  MsgpackWriter out(text);
  out.literal("meta");
  const std::size_t map = out.open_map();
  // What stands twice is read last by most readers: the span's own after the resource's.
  text.text(meta_);
  MetaPass pass{.out = out, .scratch = scratch_};
  visit_span(span, pass);
  pass.add("span.kind", span_kind_text(span.kind));
  out.literal("_dd.p.tid");
  append_made(out, scratch_, [&](BatchAppender& id) { append_hex(id, span.trace_id, 8); });
  ++pass.count;
  if (span.status != 0) pass.add("otel.status_code", span.status == kError ? "ERROR" : "OK");
  pass.add("otel.status_description", survey.description);
  if (span.status == kError) {
    pass.add("error.message",
             survey.error_message.empty() ? survey.description : survey.error_message);
    pass.add("error.type", survey.error_type);
    pass.add("error.stack", survey.error_stack);
  }
  pass.add("w3c.tracestate", span.trace_state);
  if (survey.has_events) {
    out.literal("events");
    append_made(out, scratch_, [&](BatchAppender& json) { append_events_json(json, span); });
    ++pass.count;
  }
  if (survey.has_links) {
    out.literal("_dd.span_links");
    append_made(out, scratch_, [&](BatchAppender& json) { append_links_json(json, span); });
    ++pass.count;
  }
  out.close_map(map, meta_count_ + pass.count);
}

void DatadogEncoder::append_metrics(BatchAppender& text, const FinishedSpan& span) {
  MsgpackWriter out(text);
  out.literal("metrics");
  const std::size_t map = out.open_map();
  text.text(metrics_);
  MetricsPass pass{.out = out};
  visit_span(span, pass);
  pass.add("_sampling_priority_v1", span.trace_flags & 1U);
  if (span.dropped_attributes != 0) {
    pass.add("otel.dropped_attributes_count", span.dropped_attributes);
  }
  if (span.dropped_events != 0) pass.add("otel.dropped_events_count", span.dropped_events);
  if (span.dropped_links != 0) pass.add("otel.dropped_links_count", span.dropped_links);
  out.close_map(map, metrics_count_ + pass.count);
}

void DatadogEncoder::append_span(BatchAppender& text, const FinishedSpan& span) {
  Survey survey;
  visit_span(span, survey);
  MsgpackWriter out(text);
  constexpr std::size_t kFieldCount = 12;
  out.map(kFieldCount);
  text.text(service_);
  out.literal("name");
  append_made(out, scratch_,
              [&](BatchAppender& name) { survey.names.append_operation(name, span.kind); });
  out.literal("resource");
  out.string(survey.names.resource.empty() ? survey.name : survey.names.resource);
  out.literal("type");
  out.string(survey.names.span_type(span.kind));
  out.literal("trace_id");
  out.unsigned_integer(read_id(span.trace_id + 8));
  out.literal("span_id");
  out.unsigned_integer(read_id(span.span_id));
  out.literal("parent_id");
  out.unsigned_integer(span.parent_span_id == nullptr ? 0 : read_id(span.parent_span_id));
  out.literal("start");
  out.unsigned_integer(span.start_unix_ns);
  out.literal("duration");
  out.unsigned_integer(span.end_unix_ns - span.start_unix_ns);
  out.literal("error");
  out.unsigned_integer(span.status == kError ? 1 : 0);
  append_meta(text, span, survey);
  append_metrics(text, span);
}

void DatadogEncoder::add(const FinishedSpan& span) {
  BatchAppender out(bytes_);
  const std::size_t begin = out.position();
  append_span(out, span);
  if (!out.commit(1)) return;
  // Every span may be a trace of its own. Memory that is only reserved costs nothing.
  const std::size_t heads = (spans_.size() + 2) * kLongestContainerHead;
  if (body_.reserve(bytes_.size() + heads) == nullptr) return bytes_.truncate(begin);
  spans_.push_back({.trace_high = read_id(span.trace_id),
                    .trace_low = read_id(span.trace_id + 8),
                    .begin = begin,
                    .size = bytes_.size() - begin});
}

EncodedBatch DatadogEncoder::finish() {
  const auto trace_of = [](const Encoded& span) {
    return std::tie(span.trace_high, span.trace_low);
  };
  // Ids are random: any order brings traces together. Within one, spans stay as they came.
  std::sort(spans_.begin(), spans_.end(), [](const Encoded& a, const Encoded& b) {
    return std::tie(a.trace_high, a.trace_low, a.begin) <
           std::tie(b.trace_high, b.trace_low, b.begin);
  });
  std::size_t traces = 0;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (i == 0 || trace_of(spans_[i]) != trace_of(spans_[i - 1])) ++traces;
  }
  EncodedBatch batch;
  batch.bytes = std::exchange(body_, ByteBuffer{});
  batch.items = spans_.size();
  batch.traces = traces;
  BatchAppender text(batch.bytes);
  MsgpackWriter out(text);
  out.array(traces);
  for (std::size_t i = 0; i < spans_.size();) {
    std::size_t end = i + 1;
    while (end < spans_.size() && trace_of(spans_[end]) == trace_of(spans_[i])) ++end;
    out.array(end - i);
    for (; i < end; ++i) text.text({bytes_.data() + spans_[i].begin, spans_[i].size});
  }
  bytes_.truncate(0);
  spans_.clear();
  return batch;
}

}  // namespace binnacle::sdk
