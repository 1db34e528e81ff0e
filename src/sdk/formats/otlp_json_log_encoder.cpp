#include "sdk/formats/otlp_json_log_encoder.h"

#include "sdk/formats/json_text.h"
#include "sdk/formats/otlp_json_text.h"
#include "wire/otlp/log_writer.h"

#include <binnacle/apm.h>

#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kScopeTail = "]}";
constexpr std::string_view kTail = "]}]}";

std::string encode_scope(std::string_view name) {
  return made_once([&](BatchAppender& out) {
    out.text(R"({"scope":{"name":)");
    append_json_string(out, name.empty() ? "binnacle" : name);
    if (name.empty()) {
      out.text(R"(,"version":)");
      append_json_string(out, kVersion);
    }
    out.text(R"(},"logRecords":[)");
  });
}

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

/// What stands in the record's stream.
void append_fields(BatchAppender& out, std::string_view stream) noexcept {
  namespace wo = wire::otlp;
  FieldReader fields(stream);
  while (fields.next()) {
    switch (fields.tag()) {
      case wo::kLogSeverityText:
        out.text(R"(,"severityText":)");
        append_json_string(out, fields.bytes());
        break;
      case wo::kLogBody:
        out.text(R"(,"body":)");
        append_otlp_json_value(out, ValueView::read(fields.bytes()));
        break;
      case wo::kLogEventName:
        out.text(R"(,"eventName":)");
        append_json_string(out, fields.bytes());
        break;
      default:
        break;
    }
  }
  const ViewRange<AttributeView> attributes(stream, wo::kLogAttributes);
  if (attributes.empty()) return;
  out.text(R"(,"attributes":)");
  append_otlp_json_attributes(out, attributes);
}

void append_record(BatchAppender& out, const FinishedLog& log) noexcept {
  append_time(out, R"({"timeUnixNano":")", log.time_unix_ns);
  append_time(out, R"(,"observedTimeUnixNano":")", log.observed_unix_ns);
  append_count(out, R"(,"severityNumber":)", log.severity);
  append_fields(out, log.fields);
  append_count(out, R"(,"droppedAttributesCount":)", log.dropped_attributes);
  if (log.trace_id != nullptr) {
    append_count(out, R"(,"flags":)", log.trace_flags);
    out.text(R"(,"traceId":")");
    append_hex(out, log.trace_id, 16);
    out.text(R"(","spanId":")");
    append_hex(out, log.span_id, 8);
    out.byte('"');
  }
  out.byte('}');
}

}  // namespace

OtlpJsonLogEncoder::OtlpJsonLogEncoder(std::string_view resource) {
  head_ = made_once([&](BatchAppender& out) {
    out.text(R"({"resourceLogs":[{"resource":{"attributes":)");
    append_otlp_json_attributes(out, attributes_of_resource(resource));
    out.text(R"(},"scopeLogs":[)");
  });
  scopes_.push_back({"", encode_scope(""), {}});
}

OtlpJsonLogEncoder::Scope& OtlpJsonLogEncoder::scope_of(std::string_view logger_name) {
  for (Scope& scope : scopes_) {
    if (scope.name == logger_name) return scope;
  }
  if (scopes_.size() == kMaxScopes) return scopes_.front();
  scopes_.push_back({std::string(logger_name), encode_scope(logger_name), {}});
  return scopes_.back();
}

void OtlpJsonLogEncoder::add(const FinishedLog& log) {
  Scope& scope = scope_of(log.logger_name);
  const std::size_t before = scope.records.size();
  BatchAppender out(scope.records);
  if (before != 0) out.byte(',');
  append_record(out, log);
  if (!out.commit(1)) return;
  bytes_ += scope.records.size() - before;
  ++logs_;
}

EncodedBatch OtlpJsonLogEncoder::finish() {
  EncodedBatch batch;
  BatchAppender out(batch.bytes);
  out.text(head_);
  bool is_first = true;
  for (Scope& scope : scopes_) {
    if (scope.records.size() == 0) continue;
    if (!std::exchange(is_first, false)) out.byte(',');
    out.text(scope.head);
    out.text({scope.records.data(), scope.records.size()});
    out.text(kScopeTail);
    scope.records.truncate(0);
  }
  out.text(kTail);
  if (out.commit(1)) {
    batch.items = logs_;
    batch.signal = Signal::kLogs;
  }
  if (scopes_.size() == kMaxScopes) scopes_.resize(1);
  logs_ = 0;
  bytes_ = 0;
  return batch;
}

}  // namespace binnacle::sdk
