#include "sdk/otlp_log_encoder.h"

#include "wire/otlp/log_writer.h"

#include <binnacle/apm.h>

#include <cstring>
#include <utility>

namespace binnacle::sdk {

namespace wo = wire::otlp;

namespace {

std::string encode_scope(std::string_view name, std::string_view version) {
  std::string scope(wo::bytes_field_size(name.size()) +
                        (version.empty() ? 0 : wo::bytes_field_size(version.size())),
                    '\0');
  char* out = wo::put_bytes_field(scope.data(), wo::kScopeName, name);
  if (!version.empty()) wo::put_bytes_field(out, wo::kScopeVersion, version);
  std::string field(wo::bytes_field_size(scope.size()), '\0');
  wo::put_bytes_field(field.data(), wo::kScopeSpansScope, scope);
  return field;
}

std::size_t record_size(const FinishedLog& log) noexcept {
  std::size_t size = 9 + 9 + log.fields.size();
  if (log.severity != 0) size += 2;
  if (log.dropped_attributes != 0) size += 1 + wo::varint_size(log.dropped_attributes);
  if (log.trace_id != nullptr) size += (2 + 16) + (2 + 8) + 5;
  return size;
}

char* put_record(char* out, const FinishedLog& log) noexcept {
  out = wo::put_fixed64(wo::put_byte(out, wo::kLogTime), log.time_unix_ns);
  out = wo::put_fixed64(wo::put_byte(out, wo::kLogObservedTime), log.observed_unix_ns);
  if (log.severity != 0) out = wo::put_byte(wo::put_byte(out, wo::kLogSeverity), log.severity);
  std::memcpy(out, log.fields.data(), log.fields.size());
  out += log.fields.size();
  if (log.dropped_attributes != 0) {
    out = wo::put_byte(out, wo::kLogDroppedAttributes);
    out = wo::put_varint(out, log.dropped_attributes);
  }
  if (log.trace_id != nullptr) {
    out = wo::put_fixed32(wo::put_byte(out, wo::kLogFlags), log.trace_flags);
    out = wo::put_bytes_field(out, wo::kLogTraceId,
                              {reinterpret_cast<const char*>(log.trace_id), 16});
    out = wo::put_bytes_field(out, wo::kLogSpanId, {reinterpret_cast<const char*>(log.span_id), 8});
  }
  return out;
}

}  // namespace

OtlpLogEncoder::OtlpLogEncoder(std::string resource) : resource_(std::move(resource)) {
  scopes_.push_back({"", encode_scope("binnacle", kVersion), ""});
}

OtlpLogEncoder::Scope& OtlpLogEncoder::scope_of(std::string_view logger_name) {
  if (scopes_[last_scope_].name == logger_name) return scopes_[last_scope_];
  for (std::size_t i = 0; i < scopes_.size(); ++i) {
    if (scopes_[i].name == logger_name) return scopes_[last_scope_ = i];
  }
  if (scopes_.size() == kMaxScopes) return scopes_[last_scope_ = 0];
  scopes_.push_back({std::string(logger_name), encode_scope(logger_name, ""), ""});
  last_scope_ = scopes_.size() - 1;
  return scopes_.back();
}

void OtlpLogEncoder::add(const FinishedLog& log) {
  Scope& scope = scope_of(log.logger_name);
  const std::size_t size = record_size(log);
  const std::size_t before = scope.records.size();
  scope.records.resize(before + wo::bytes_field_size(size));
  char* out = scope.records.data() + before;
  out = wo::put_varint(wo::put_byte(out, wo::kScopeSpansSpans), size);
  put_record(out, log);
  bytes_ += scope.records.size() - before;
  ++logs_;
}

std::size_t OtlpLogEncoder::size_of(const Scope& scope) noexcept {
  return scope.header.size() + scope.records.size();
}

EncodedBatch OtlpLogEncoder::finish() {
  std::size_t resource_logs = wo::bytes_field_size(resource_.size());
  for (const Scope& scope : scopes_) {
    if (!scope.records.empty()) resource_logs += wo::bytes_field_size(size_of(scope));
  }
  EncodedBatch batch;
  const std::size_t size = wo::bytes_field_size(resource_logs);
  if (char* out = batch.bytes.reserve(size)) {
    out = wo::put_varint(wo::put_byte(out, wo::kRequestResourceSpans), resource_logs);
    out = wo::put_bytes_field(out, wo::kResourceSpansResource, resource_);
    for (const Scope& scope : scopes_) {
      if (scope.records.empty()) continue;
      out = wo::put_varint(wo::put_byte(out, wo::kResourceSpansScopeSpans), size_of(scope));
      std::memcpy(out, scope.header.data(), scope.header.size());
      out += scope.header.size();
      std::memcpy(out, scope.records.data(), scope.records.size());
      out += scope.records.size();
    }
    batch.bytes.advance(size);
    batch.items = logs_;
    batch.signal = Signal::kLogs;
  }
  // The default scope stays; others too while there are few: loggers have few names, mostly.
  if (scopes_.size() == kMaxScopes) scopes_.resize(1);
  for (Scope& scope : scopes_) scope.records.clear();
  last_scope_ = 0;
  logs_ = 0;
  bytes_ = 0;
  return batch;
}

}  // namespace binnacle::sdk
