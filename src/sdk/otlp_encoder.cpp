#include "sdk/otlp_encoder.h"

#include "wire/otlp/span_writer.h"

#include <binnacle/apm.h>

#include <cstring>
#include <utility>

namespace binnacle::sdk {

namespace wo = wire::otlp;

namespace {

void append_field(std::string& out, std::uint8_t tag, std::string_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + wo::bytes_field_size(bytes.size()));
  wo::put_bytes_field(out.data() + before, tag, bytes);
}

std::size_t dropped_size(std::uint32_t count) noexcept {
  return count == 0 ? 0 : 1 + wo::varint_size(count);
}

char* put_dropped(char* out, std::uint8_t tag, std::uint32_t count) noexcept {
  if (count == 0) return out;
  return wo::put_varint(wo::put_byte(out, tag), count);
}

bool writes_status(const FinishedSpan& span) noexcept {
  return span.status != 0 && !span.is_status_in_fields;
}

std::size_t span_size(const FinishedSpan& span) noexcept {
  constexpr std::size_t kIds = 2 + 16 + 2 + 8;
  constexpr std::size_t kTimes = 9 + 9;
  constexpr std::size_t kKind = 2;
  constexpr std::size_t kFlags = 2 + 4;
  std::size_t size = kIds + kTimes + kKind + kFlags + span.fields.size();
  if (span.parent_span_id != nullptr) size += 2 + 8;
  if (!span.trace_state.empty()) size += wo::bytes_field_size(span.trace_state.size());
  if (writes_status(span)) size += 4;
  return size + dropped_size(span.dropped_attributes) + dropped_size(span.dropped_events) +
         dropped_size(span.dropped_links);
}

char* put_id(char* out, std::uint8_t tag, const std::uint8_t* id, std::uint8_t size) noexcept {
  out = wo::put_byte(out, tag);
  out = wo::put_byte(out, size);
  std::memcpy(out, id, size);
  return out + size;
}

char* put_span(char* out, const FinishedSpan& span) noexcept {
  out = put_id(out, wo::kSpanTraceId, span.trace_id, 16);
  out = put_id(out, wo::kSpanSpanId, span.span_id, 8);
  if (!span.trace_state.empty()) {
    out = wo::put_bytes_field(out, wo::kSpanTraceState, span.trace_state);
  }
  if (span.parent_span_id != nullptr) {
    out = put_id(out, wo::kSpanParentSpanId, span.parent_span_id, 8);
  }
  out = wo::put_byte(wo::put_byte(out, wo::kSpanKind), span.kind);
  out = wo::put_fixed64(wo::put_byte(out, wo::kSpanStart), span.start_unix_ns);
  out = wo::put_fixed64(wo::put_byte(out, wo::kSpanEnd), span.end_unix_ns);
  std::memcpy(out, span.fields.data(), span.fields.size());
  out += span.fields.size();
  out = put_dropped(out, wo::kSpanDroppedAttributes, span.dropped_attributes);
  out = put_dropped(out, wo::kSpanDroppedEvents, span.dropped_events);
  out = put_dropped(out, wo::kSpanDroppedLinks, span.dropped_links);
  if (writes_status(span)) {
    out = wo::put_byte(wo::put_byte(out, wo::kSpanStatus), 2);
    out = wo::put_byte(wo::put_byte(out, wo::kStatusCode), span.status);
  }
  out = wo::put_byte(wo::put_byte(out, wo::kSpanFlags[0]), wo::kSpanFlags[1]);
  const std::uint32_t remote = span.is_parent_remote ? wo::kFlagIsRemote : 0;
  return wo::put_fixed32(out, span.trace_flags | wo::kFlagHasIsRemote | remote);
}

}  // namespace

OtlpEncoder::OtlpEncoder(std::string resource) : resource_(std::move(resource)) {
  append_field(scope_, wo::kScopeName, "binnacle");
  append_field(scope_, wo::kScopeVersion, kVersion);
  // Tag and length of ResourceSpans and ScopeSpans, then the resource and the scope.
  constexpr std::size_t kLongestHead = 1 + 10;
  gap_bytes_ = 2 * kLongestHead + wo::bytes_field_size(resource_.size()) +
               wo::bytes_field_size(scope_.size());
}

void OtlpEncoder::add(const FinishedSpan& span) {
  if (batch_.items == 0) {
    if (batch_.bytes.reserve(gap_bytes_) == nullptr) return;
    batch_.bytes.advance(gap_bytes_);
  }
  const std::size_t size = span_size(span);
  char* out = batch_.bytes.reserve(wo::bytes_field_size(size));
  if (out == nullptr) return;
  out = wo::put_varint(wo::put_byte(out, wo::kScopeSpansSpans), size);
  put_span(out, span);
  batch_.bytes.advance(wo::bytes_field_size(size));
  ++batch_.items;
}

EncodedBatch OtlpEncoder::finish() {
  const std::size_t spans_bytes = batch_.bytes.size() - gap_bytes_;
  const std::size_t scope_spans = wo::bytes_field_size(scope_.size()) + spans_bytes;
  const std::size_t resource_spans =
      wo::bytes_field_size(resource_.size()) + wo::bytes_field_size(scope_spans);
  const std::size_t head = wo::bytes_field_size(resource_spans) - spans_bytes;
  batch_.offset = gap_bytes_ - head;
  char* out = batch_.bytes.data() + batch_.offset;
  out = wo::put_varint(wo::put_byte(out, wo::kRequestResourceSpans), resource_spans);
  out = wo::put_bytes_field(out, wo::kResourceSpansResource, resource_);
  out = wo::put_varint(wo::put_byte(out, wo::kResourceSpansScopeSpans), scope_spans);
  wo::put_bytes_field(out, wo::kScopeSpansScope, scope_);
  return std::exchange(batch_, EncodedBatch{});
}

}  // namespace binnacle::sdk
