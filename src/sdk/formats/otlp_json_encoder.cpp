#include "sdk/formats/otlp_json_encoder.h"

#include "sdk/formats/json_text.h"
#include "sdk/formats/otlp_json_text.h"

#include <binnacle/apm.h>

#include <cmath>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kTail = "]}]}]}";

void append_time(BatchAppender& out, std::string_view key, std::uint64_t unix_ns) noexcept {
  out.text(key);
  append_decimal(out, unix_ns);
  out.byte('"');
}

void append_count(BatchAppender& out, std::string_view key, std::uint64_t count) noexcept {
  if (count == 0) return;
  out.text(key);
  append_decimal(out, count);
}

void append_identity(BatchAppender& out, const FinishedSpan& span) noexcept {
  out.text(R"({"traceId":")");
  append_hex(out, span.trace_id, 16);
  out.text(R"(","spanId":")");
  append_hex(out, span.span_id, 8);
  if (span.parent_span_id != nullptr) {
    out.text(R"(","parentSpanId":")");
    append_hex(out, span.parent_span_id, 8);
  }
  out.byte('"');
  if (!span.trace_state.empty()) {
    out.text(R"(,"traceState":)");
    append_json_string(out, span.trace_state);
  }
  namespace wo = wire::otlp;
  append_count(
      out, R"(,"flags":)",
      span.trace_flags | wo::kFlagHasIsRemote | (span.is_parent_remote ? wo::kFlagIsRemote : 0));
  append_count(out, R"(,"kind":)", span.kind);
  append_time(out, R"(,"startTimeUnixNano":")", span.start_unix_ns);
  append_time(out, R"(,"endTimeUnixNano":")", span.end_unix_ns);
  append_count(out, R"(,"droppedAttributesCount":)", span.dropped_attributes);
  append_count(out, R"(,"droppedEventsCount":)", span.dropped_events);
  append_count(out, R"(,"droppedLinksCount":)", span.dropped_links);
}

/// Writes the attributes, which stand mixed with everything else, and keeps the rest for later.
struct FirstPass {
  BatchAppender& out;
  std::string_view name = {};
  StatusView status = {};
  bool has_attributes = false;
  bool has_events = false;
  bool has_links = false;

  void on_name(std::string_view text) noexcept { name = text; }
  void on_attribute(const AttributeView& attribute) noexcept {
    out.text(has_attributes ? R"(,{"key":)" : R"(,"attributes":[{"key":)");
    has_attributes = true;
    append_json_string(out, attribute.key);
    out.text(R"(,"value":)");
    append_otlp_json_value(out, attribute.value, 0);
    out.byte('}');
  }
  void on_event(const EventView& /*event*/) noexcept { has_events = true; }
  void on_link(const LinkView& /*link*/) noexcept { has_links = true; }
  void on_status(const StatusView& view) noexcept { status = view; }
};

void append_events(BatchAppender& out, const FinishedSpan& span) noexcept {
  std::string_view before = R"(,"events":[)";
  for (const EventView event : events_of(span)) {
    out.text(before);
    before = ",";
    append_time(out, R"({"timeUnixNano":")", event.time_unix_ns);
    out.text(R"(,"name":)");
    append_json_string(out, event.name);
    if (!event.attributes().empty()) {
      out.text(R"(,"attributes":)");
      append_otlp_json_attributes(out, event.attributes());
    }
    out.byte('}');
  }
  out.byte(']');
}

void append_links(BatchAppender& out, const FinishedSpan& span) noexcept {
  std::string_view before = R"(,"links":[)";
  for (const LinkView link : links_of(span)) {
    out.text(before);
    before = ",";
    out.text(R"({"traceId":")");
    append_hex(out, link.trace_id, 16);
    out.text(R"(","spanId":")");
    append_hex(out, link.span_id, 8);
    out.byte('"');
    if (!link.trace_state.empty()) {
      out.text(R"(,"traceState":)");
      append_json_string(out, link.trace_state);
    }
    append_count(out, R"(,"flags":)", link.flags);
    if (!link.attributes().empty()) {
      out.text(R"(,"attributes":)");
      append_otlp_json_attributes(out, link.attributes());
    }
    out.byte('}');
  }
  out.byte(']');
}

void append_span(BatchAppender& out, const FinishedSpan& span) noexcept {
  append_identity(out, span);
  FirstPass first{.out = out};
  visit_span(span, first);
  if (first.has_attributes) out.byte(']');
  out.text(R"(,"name":)");
  append_json_string(out, first.name);
  if (first.has_events) append_events(out, span);
  if (first.has_links) append_links(out, span);
  if (first.status.code != 0) {
    append_count(out, R"(,"status":{"code":)", first.status.code);
    if (!first.status.message.empty()) {
      out.text(R"(,"message":)");
      append_json_string(out, first.status.message);
    }
    out.byte('}');
  }
  out.byte('}');
}

}  // namespace

OtlpJsonEncoder::OtlpJsonEncoder(std::string_view resource) {
  head_ = made_once([&](BatchAppender& out) {
    out.text(R"({"resourceSpans":[{"resource":{"attributes":)");
    append_otlp_json_attributes(out, attributes_of_resource(resource));
    out.text(R"(},"scopeSpans":[{"scope":{"name":"binnacle","version":)");
    append_json_string(out, kVersion);
    out.text(R"(},"spans":[)");
  });
}

void OtlpJsonEncoder::add(const FinishedSpan& span) {
  BatchAppender out(batch_.bytes);
  out.text(batch_.items == 0 ? std::string_view(head_) : ",");
  append_span(out, span);
  if (out.commit(kTail.size())) ++batch_.items;
}

EncodedBatch OtlpJsonEncoder::finish() {
  BatchAppender(batch_.bytes).text(kTail);
  return std::exchange(batch_, EncodedBatch{});
}

}  // namespace binnacle::sdk
