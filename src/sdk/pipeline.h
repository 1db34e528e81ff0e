#pragma once

#include "sdk/destination.h"
#include "sdk/harvester.h"
#include "sdk/http_client.h"
#include "sdk/signal_source.h"
#include "sdk/span_gate.h"

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

// The export thread: sweeps ended spans out of the recording threads' memory, encodes them into
// batches for each destination and sends these, all on one thread that blocks only in waiting for
// events. Made by lifecycle.cpp for each run of the SDK. Public functions may be called from any
// thread, but add_source(), set_gate() and add_job() only before start().

namespace binnacle::sdk {

struct PipelineOptions {
  std::int64_t schedule_delay_ns = 5'000'000'000;
  /// Between sweeps while log records come. The first one after a pause is swept at once.
  std::int64_t log_delay_ns = 1'000'000'000;
  std::size_t max_batch_spans = 512;
  std::size_t max_batch_logs = 512;
  /// Of all destinations; each has an equal share of the queue.
  SenderLimits sender;
};

/// Something else that the export thread sees to: asking a server for settings.
class ExportJob {
 public:
  ExportJob() = default;
  ExportJob(const ExportJob&) = delete;
  ExportJob& operator=(const ExportJob&) = delete;
  virtual ~ExportJob() = default;
  /// Goes on without blocking.
  virtual void drive(std::int64_t now_ns) = 0;
  /// When drive() has to be called again even if nothing happens; monotonic.
  virtual std::int64_t next_event_ns() const noexcept = 0;
};

class Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  /// `harvester` outlives the pipeline and is used by no other one. At most kMaxDestinations.
  Pipeline(Runtime& runtime, Harvester& harvester, const PipelineOptions& options,
           std::unique_ptr<HttpClient> client, std::vector<DestinationSetup> destinations);

  /// Asks `source` for its batches at its interval, on flush and at the end; not at all if no
  /// destination takes its signal.
  void add_source(std::unique_ptr<SignalSource> source);

  /// Puts something between the harvester and the destinations.
  void set_gate(std::unique_ptr<SpanGate> gate) { gate_ = std::move(gate); }
  void add_job(std::unique_ptr<ExportJob> job) { jobs_.push_back(std::move(job)); }
  HttpClient& client() noexcept { return *client_; }

  /// Starts the thread; false if there cannot be one. All signals are blocked in it.
  bool start();

  /// Sweeps and sends; true once all that had ended before was delivered to every destination.
  /// Blocks until `deadline_ns` (monotonic) at the latest.
  bool flush(std::int64_t deadline_ns);

  /// Sweeps, sends what it can until the deadline and ends the thread. True if nothing was lost.
  bool stop(std::int64_t deadline_ns);

  /// Whether the thread has left the harvester for good.
  bool has_ended();

 private:
  /// Give every span, and every log record, to every destination.
  class FanOut;
  class LogFanOut;
  struct Orders {
    std::uint64_t flush_ticket = 0;
    bool is_stopping = false;
    std::int64_t stop_deadline_ns = 0;
  };
  struct Source {
    std::unique_ptr<SignalSource> source;
    std::vector<Destination*> destinations;
    std::int64_t next_ns = 0;
  };

  static void* thread_main(void* self);
  void run();
  void sweep(bool is_final);
  void collect_due(std::int64_t now_ns);
  void collect(Source& source);
  void gather_all();
  void drive_destinations();
  bool is_flushed() const noexcept;
  bool is_done(const Orders& orders, std::int64_t now_ns) const noexcept;
  void report_flush(std::uint64_t ticket);
  void wait(const Orders& orders, std::int64_t now_ns);
  Orders read_orders();
  void end_thread();
  std::uint64_t losses() const noexcept;

  Runtime& runtime_;
  Harvester& harvester_;
  const PipelineOptions options_;
  std::unique_ptr<HttpClient> client_;  // outlives the destinations
  std::vector<std::unique_ptr<Destination>> destinations_;
  std::vector<DestinationCounters*> counters_;  // of the destinations; read by any thread
  std::vector<Source> sources_;
  std::vector<std::unique_ptr<ExportJob>> jobs_;
  std::unique_ptr<SpanGate> gate_;  // null: nothing in between
  std::int64_t next_sweep_ns_ = 0;
  std::uint64_t swept_ticket_ = 0;  // the last flush that was swept for
  bool has_final_sweep_ = false;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Orders orders_;
  std::uint64_t flushed_ticket_ = 0;
  bool has_ended_ = false;
  pthread_t thread_{};
};

}  // namespace binnacle::sdk
