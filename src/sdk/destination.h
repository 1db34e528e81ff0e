#pragma once

#include "sdk/batch_exporter.h"
#include "sdk/formats/log_encoder.h"
#include "sdk/sender.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// One place where telemetry goes: its encoders, its bounded queue with its own patience, and the
// exporter that delivers. Destinations share the export thread and nothing else, so that what one
// of them does is no other one's concern. Made by exporter_factory.cpp from an ExporterConfig.
// Thread-confined (the export thread).

namespace binnacle::sdk {

/// In which form a destination wants what SignalSources make.
enum class BatchFormat : std::uint8_t { kOtlpProtobuf, kOtlpJson, kText };

struct DestinationSetup {
  std::string name;  ///< kind and address, without credentials
  std::unique_ptr<BatchExporter> exporter;
  std::unique_ptr<SpanEncoder> span_encoder;  ///< null: takes no traces
  std::unique_ptr<Spool> spool;               ///< null: none
  BatchFormat format = BatchFormat::kOtlpProtobuf;
  bool takes_metrics = false;
  std::unique_ptr<LogEncoder> log_encoder = nullptr;  ///< null: takes no log records
};

/// A run with this destination only; for tests and benchmarks.
inline std::vector<DestinationSetup> one_destination(std::unique_ptr<SpanEncoder> span_encoder,
                                                     std::unique_ptr<BatchExporter> exporter) {
  std::vector<DestinationSetup> destinations(1);
  destinations[0].name = "memory";
  destinations[0].span_encoder = std::move(span_encoder);
  destinations[0].exporter = std::move(exporter);
  return destinations;
}

struct DestinationLimits {
  std::size_t batch_spans = 512;
  std::size_t batch_logs = 512;
  std::size_t batch_bytes = std::size_t{2} << 20U;
  SenderLimits sender;
};

class Destination {
 public:
  Destination(DestinationSetup setup, const DestinationLimits& limits,
              DestinationCounters& counters);
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

  bool takes(Signal signal) const noexcept;
  BatchFormat format() const noexcept { return format_; }

  /// Encodes a span or a log record; full batches go to the queue.
  void add(const FinishedSpan& span);
  void add(const FinishedLog& log);
  /// What add() has begun goes to the queue.
  void finish_batches();
  /// A batch that somebody else has encoded. False (and counted) if the queue is full.
  bool enqueue(EncodedBatch batch) { return sender_.enqueue(std::move(batch)); }

  Sender& sender() noexcept { return sender_; }
  const Sender& sender() const noexcept { return sender_; }

  /// Everything in the queue now is what a flush waits for; it is tried at once.
  void begin_flush() noexcept;
  bool is_flushed() const noexcept { return sender_.resolved() >= flush_target_; }
  /// From now on a first failure is the end.
  void begin_stop() noexcept;
  /// Empty, or unreachable since begin_stop(): a process should not linger for a collector that is
  /// gone.
  bool is_stopped() const noexcept;

 private:
  void finish_spans();
  void finish_logs();

  const BatchFormat format_;
  const bool takes_metrics_;
  const DestinationLimits limits_;
  std::unique_ptr<BatchExporter> exporter_;
  std::unique_ptr<SpanEncoder> span_encoder_;
  std::unique_ptr<LogEncoder> log_encoder_;
  Sender sender_;
  std::uint64_t flush_target_ = 0;
  std::uint64_t postponements_at_stop_ = 0;
};

}  // namespace binnacle::sdk
