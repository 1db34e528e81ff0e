#pragma once

#include "sdk/batch_exporter.h"
#include "sdk/harvester.h"
#include "sdk/sender.h"

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

// The export thread: sweeps ended spans out of the recording threads' memory, encodes them into
// batches and sends these, all on one thread that blocks only in waiting for events. Made by
// lifecycle.cpp for each run of the SDK. Public functions may be called from any thread.

namespace binnacle::sdk {

struct PipelineOptions {
  std::int64_t schedule_delay_ns = 5'000'000'000;
  std::size_t max_batch_spans = 512;
  SenderLimits sender;
};

class Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  /// `harvester` outlives the pipeline and is used by no other one.
  Pipeline(Runtime& runtime, Harvester& harvester, const PipelineOptions& options,
           std::unique_ptr<SpanEncoder> encoder, std::unique_ptr<BatchExporter> exporter);

  /// Starts the thread; false if there cannot be one. All signals are blocked in it.
  bool start();

  /// Sweeps and sends; true once all that had ended before was delivered. Blocks until
  /// `deadline_ns` (monotonic) at the latest.
  bool flush(std::int64_t deadline_ns);

  /// Sweeps, sends what it can until the deadline and ends the thread. True if nothing was lost.
  bool stop(std::int64_t deadline_ns);

  /// Whether the thread has left the harvester for good.
  bool has_ended();

 private:
  /// Adds spans to the encoder and full batches to the queue.
  class BatchSink;
  struct Orders {
    std::uint64_t flush_ticket = 0;
    bool is_stopping = false;
    std::int64_t stop_deadline_ns = 0;
  };

  static void* thread_main(void* self);
  void run();
  void sweep();
  bool is_done(const Orders& orders, std::int64_t now_ns);
  void report_flush(std::uint64_t ticket);
  void wait(const Orders& orders, std::int64_t now_ns);
  Orders read_orders();
  void end_thread();
  std::uint64_t losses() const noexcept;

  Runtime& runtime_;
  Harvester& harvester_;
  const PipelineOptions options_;
  std::unique_ptr<SpanEncoder> encoder_;
  std::unique_ptr<BatchExporter> exporter_;
  Sender sender_;
  std::int64_t next_sweep_ns_ = 0;
  std::uint64_t swept_ticket_ = 0;  // the last flush that was swept for
  std::uint64_t flush_target_ = 0;  // resolved once the sender has got this far
  std::uint64_t retries_at_stop_ = 0;
  bool has_final_sweep_ = false;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Orders orders_;
  std::uint64_t flushed_ticket_ = 0;
  bool has_ended_ = false;
  pthread_t thread_{};
};

}  // namespace binnacle::sdk
