#pragma once

#include <binnacle/log.h>
#include <spdlog/common.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/sink.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// What spdlog logs, as log records of the active span: put this sink beside those you have.
// Header-only; stateless; needs no lock, so that loggers on many threads do not wait for each
// other.
//
//   auto logger = spdlog::default_logger();
//   logger->sinks().push_back(binnacle::make_spdlog_sink());
//
//   auto span = binnacle::start_active_span("place bid");
//   spdlog::warn("offer {} is stale", id);     // arrives with the span's ids
//
// The message travels without spdlog's pattern; time, level, logger name, thread and, where the
// SPDLOG_INFO() macros gave it, the place in the source become fields of their own. An asynchronous
// logger calls its sinks on a thread of its own, where no span is active: use a synchronous one.

namespace binnacle {
inline namespace v1 {

/// spdlog's level as OpenTelemetry's severity.
inline Severity severity_of(::spdlog::level::level_enum level) noexcept {
  switch (level) {
    case ::spdlog::level::trace:
      return Severity::kTrace;
    case ::spdlog::level::debug:
      return Severity::kDebug;
    case ::spdlog::level::info:
      return Severity::kInfo;
    case ::spdlog::level::warn:
      return Severity::kWarn;
    case ::spdlog::level::err:
      return Severity::kError;
    case ::spdlog::level::critical:
      return Severity::kFatal;
    default:
      return Severity::kUnspecified;
  }
}

/// Emits every message it is given. Callable from any thread.
class SpdlogSink final : public ::spdlog::sinks::sink {
 public:
  void log(const ::spdlog::details::log_msg& message) override {
    if (!is_log_enabled()) return;
    const ::spdlog::string_view_t level = ::spdlog::level::to_string_view(message.level);
    LogOptions options;
    options.with_severity_text(std::string_view(level.data(), level.size()))
        .with_logger_name(std::string_view(message.logger_name.data(), message.logger_name.size()))
        .with_time(unix_ns(message.time));
    // Names of OpenTelemetry's conventions for code and threads.
    KeyValue attributes[4] = {
        {"thread.id", static_cast<std::int64_t>(message.thread_id)}, {"", 0}, {"", 0}, {"", 0}};
    std::size_t count = 1;
    if (message.source.filename != nullptr && message.source.line > 0) {
      attributes[count++] = {"code.file.path", message.source.filename};
      attributes[count++] = {"code.line.number", message.source.line};
      if (message.source.funcname != nullptr) {
        attributes[count++] = {"code.function.name", message.source.funcname};
      }
    }
    emit_log(severity_of(message.level),
             std::string_view(message.payload.data(), message.payload.size()), attributes, count,
             options);
  }

  /// Nothing: records are sent by the SDK (force_flush()).
  void flush() override {}
  /// Nothing: messages travel without a pattern.
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<::spdlog::formatter>) override {}

 private:
  static std::int64_t unix_ns(::spdlog::log_clock::time_point time) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  }
};

inline std::shared_ptr<SpdlogSink> make_spdlog_sink() { return std::make_shared<SpdlogSink>(); }

}  // namespace v1
}  // namespace binnacle
