#pragma once

#include <cstdint>
#include <string_view>

// A log record as exporters see it. Borrowed: valid during the call it is passed to.

namespace binnacle::sdk {

struct FinishedLog {
  const std::uint8_t* trace_id;  ///< 16 bytes; null: emitted outside of any span
  const std::uint8_t* span_id;   ///< 8 bytes; null likewise
  std::uint64_t time_unix_ns;
  std::uint64_t observed_unix_ns;
  /// The logger's name; empty: none.
  std::string_view logger_name;
  /// Encoded fields of OTLP's LogRecord message: severity text, body, attributes (keys unique),
  /// event name, each if there is one.
  std::string_view fields;
  std::uint32_t dropped_attributes;
  std::uint8_t severity;  ///< SeverityNumber
  std::uint8_t trace_flags;
};

/// Takes the log records of a sweep, one by one, in order of their observed times.
class LogSink {
 public:
  LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;
  virtual void add(const FinishedLog& log) = 0;
};

}  // namespace binnacle::sdk
