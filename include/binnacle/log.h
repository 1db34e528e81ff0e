#pragma once

#include <binnacle/attribute.h>
#include <binnacle/context.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

// Log records that belong to traces: what is emitted while a span is active carries that span's
// ids. Recording allocates nothing, locks nothing, and never blocks or throws; it costs about as
// much as a span with one event. Records go where spans go (OTEL_LOGS_EXPORTER says where), or
// nowhere: then emit_log() is a comparison. Callable from any thread.
//
//   binnacle::emit_log(binnacle::Severity::kWarn, "offer is stale", {{"offer.age_ms", age}});
//
//   binnacle::emit_log(binnacle::Severity::kInfo, "", {{"order.id", id}},
//                      binnacle::LogOptions().with_event_name("order.placed"));
//
// An existing logger is connected by a sink instead: integrations/spdlog.h.
// Source: OpenTelemetry, "Logs Data Model" and "Logs API".

namespace binnacle {
inline namespace v1 {

/// SeverityNumber of OpenTelemetry's log data model: 4 steps per level, the first one is the usual.
enum class Severity : std::uint8_t {
  kUnspecified = 0,
  kTrace = 1,
  kTrace2 = 2,
  kTrace3 = 3,
  kTrace4 = 4,
  kDebug = 5,
  kDebug2 = 6,
  kDebug3 = 7,
  kDebug4 = 8,
  kInfo = 9,
  kInfo2 = 10,
  kInfo3 = 11,
  kInfo4 = 12,
  kWarn = 13,
  kWarn2 = 14,
  kWarn3 = 15,
  kWarn4 = 16,
  kError = 17,
  kError2 = 18,
  kError3 = 19,
  kError4 = 20,
  kFatal = 21,
  kFatal2 = 22,
  kFatal3 = 23,
  kFatal4 = 24,
};

/// What a record may have beyond severity, body and attributes. Everything is optional. Borrowed:
/// pass it straight to emit_log().
struct LogOptions {
  /// Marks the record as an event of this kind; its attributes then follow that event's convention.
  std::string_view event_name;
  /// The source's own word for the severity ("warning"). Empty: none is sent.
  std::string_view severity_text;
  /// The logger, sent as the instrumentation scope. Empty: "binnacle".
  std::string_view logger_name;
  /// When it happened; 0: now.
  std::int64_t unix_ns = 0;
  /// When it was seen, for records that are passed on; 0: now.
  std::int64_t observed_unix_ns = 0;
  /// Whose record it is; null: the context that is active on this thread.
  const Context* context = nullptr;

  LogOptions& with_event_name(std::string_view name) noexcept {
    event_name = name;
    return *this;
  }
  LogOptions& with_severity_text(std::string_view text) noexcept {
    severity_text = text;
    return *this;
  }
  LogOptions& with_logger_name(std::string_view name) noexcept {
    logger_name = name;
    return *this;
  }
  LogOptions& with_time(std::int64_t time_unix_ns) noexcept {
    unix_ns = time_unix_ns;
    return *this;
  }
  LogOptions& with_observed_time(std::int64_t time_unix_ns) noexcept {
    observed_unix_ns = time_unix_ns;
    return *this;
  }
  /// `value` must outlive the call of emit_log(). An invalid context: the record is nobody's.
  LogOptions& with_context(const Context& value) noexcept {
    context = &value;
    return *this;
  }
};

namespace detail {
void emit_log(Severity severity, const AttributeValue& body, const KeyValue* attributes,
              std::size_t count, const LogOptions* options) noexcept;
}  // namespace detail

/// Records `body` (any attribute value; mostly text) with attributes. Of attributes with the same
/// key the last counts; those past the limit (128) are dropped and counted on the record.
inline void emit_log(Severity severity, const AttributeValue& body,
                     std::initializer_list<KeyValue> attributes = {}) noexcept {
  detail::emit_log(severity, body, attributes.begin(), attributes.size(), nullptr);
}
inline void emit_log(Severity severity, const AttributeValue& body,
                     std::initializer_list<KeyValue> attributes,
                     const LogOptions& options) noexcept {
  detail::emit_log(severity, body, attributes.begin(), attributes.size(), &options);
}
/// The same for attributes that are only known at run time.
inline void emit_log(Severity severity, const AttributeValue& body, const KeyValue* attributes,
                     std::size_t count, const LogOptions& options) noexcept {
  detail::emit_log(severity, body, attributes, count, &options);
}

/// Whether log records are wanted at all: skip preparing costly ones otherwise.
bool is_log_enabled() noexcept;

}  // namespace v1
}  // namespace binnacle
