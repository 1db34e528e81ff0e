#pragma once

#include "sdk/harvester.h"
#include "sdk/otlp_log_encoder.h"
#include "sdk/recording_for_test.h"
#include "sdk/resource.h"
#include "sdk/runtime.h"

#include <binnacle/log.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Test support: log records without an export thread. They are swept when the test asks for them,
// encoded, and read back with libprotobuf. For a program of its own: the SDK must not be started in
// it by other means.

namespace binnacle::sdk {

struct ReadLog {
  std::string logger;
  std::uint64_t time = 0;
  std::uint64_t observed = 0;
  std::uint64_t severity = 0;
  std::string severity_text;
  std::string body = "none";
  std::uint64_t dropped_attributes = 0;
  std::uint32_t flags = 0;
  std::string trace_id;
  std::string span_id;
  std::string event_name;
  ReadAttributes attributes;

  /// The value under a key; "none", or "many" if the key stands there twice.
  std::string attribute(const std::string& key) const {
    const auto count = attributes.count(key);
    if (count == 0) return "none";
    return count > 1 ? "many" : attributes.find(key)->second;
  }
};

inline void read_log_field(const UnknownField& field, ReadLog& log, bool& is_good) {
  switch (field.number()) {
    case 1:
      log.time = field.fixed64();
      break;
    case 2:
      log.severity = field.varint();
      break;
    case 3:
      log.severity_text = field.length_delimited();
      break;
    case 5:
      log.body = read_any_value(field.length_delimited(), is_good);
      break;
    case 6:
      read_attribute(field.length_delimited(), log.attributes, is_good);
      break;
    case 7:
      log.dropped_attributes = field.varint();
      break;
    case 8:
      log.flags = field.fixed32();
      break;
    case 9:
      log.trace_id = field.length_delimited();
      break;
    case 10:
      log.span_id = field.length_delimited();
      break;
    case 11:
      log.observed = field.fixed64();
      break;
    case 12:
      log.event_name = field.length_delimited();
      break;
    default:
      is_good = false;
  }
}

/// All records of an ExportLogsServiceRequest, in its order; `is_good` turns false if anything is
/// amiss.
inline std::vector<ReadLog> read_logs_request(const std::string& body, bool& is_good) {
  std::vector<ReadLog> logs;
  const auto each = [&is_good](const std::string& bytes, int number, auto visit) {
    const ParsedMessage fields(bytes, is_good);
    for (int i = 0; i < fields.field_count(); ++i) {
      if (fields.field(i).number() == number) visit(fields.field(i).length_delimited());
    }
  };
  each(body, 1, [&](const std::string& resource_logs) {
    int resources = 0;
    each(resource_logs, 1, [&](const std::string&) { ++resources; });
    is_good = is_good && resources == 1;
    each(resource_logs, 2, [&](const std::string& scope_logs) {
      std::string logger;
      each(scope_logs, 1, [&](const std::string& scope) {
        each(scope, 1, [&](const std::string& name) { logger = name; });
      });
      each(scope_logs, 2, [&](const std::string& bytes) {
        const ParsedMessage fields(bytes, is_good);
        ReadLog log;
        log.logger = logger;
        for (int i = 0; i < fields.field_count(); ++i)
          read_log_field(fields.field(i), log, is_good);
        logs.push_back(std::move(log));
      });
    });
  });
  return logs;
}

class LogRecording {
 public:
  explicit LogRecording(const LogLimits& limits = {}, std::size_t max_slots = 20'480) {
    static std::uint32_t last_epoch = kEpochOff;
    RecordingSettings settings;
    settings.records_logs = true;
    settings.log_limits = limits;
    settings.log_slots = max_slots - max_slots / 4;
    runtime()->configure(settings, max_slots, std::size_t{1} << 30U);
    harvester().begin_run({}, ++last_epoch);
    g_epoch.store(last_epoch, std::memory_order_release);
  }
  LogRecording(const LogRecording&) = delete;
  LogRecording& operator=(const LogRecording&) = delete;
  ~LogRecording() {
    logs();
    g_epoch.store(kEpochOff, std::memory_order_release);
  }

  /// Everything emitted since the last call.
  std::vector<ReadLog> logs() {
    OtlpLogEncoder encoder(encode_resource(Config()));
    NoSpans spans;
    harvester().sweep(spans, encoder);
    if (encoder.log_count() == 0) return {};
    const std::size_t count = encoder.log_count();
    const EncodedBatch batch = encoder.finish();
    bool is_good = true;
    std::vector<ReadLog> logs = read_logs_request(std::string(batch.body()), is_good);
    if (!is_good || logs.size() != count) logs.clear();  // the test sees nothing rather than half
    return logs;
  }
  /// The one record that was emitted; an empty one otherwise.
  ReadLog log() {
    std::vector<ReadLog> all = logs();
    return all.size() == 1 ? all.front() : ReadLog{};
  }

 private:
  class NoSpans final : public SpanSink {
   public:
    void add(const FinishedSpan&) override {}
  };
  /// One for the process: it knows which slots it has taken.
  static Harvester& harvester() {
    static Harvester* const instance = std::make_unique<Harvester>(*runtime()).release();
    return *instance;
  }
};

}  // namespace binnacle::sdk
