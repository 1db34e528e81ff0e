#pragma once

#include "sdk/formats/encoded_batch.h"

#include <cstdint>
#include <optional>
#include <string>

// Delivers encoded batches: the interface between the export thread and a destination. One request
// at a time, never blocking, so that the same thread goes on emptying the recording threads' memory
// and serving other destinations while a collector is slow. What goes over the network runs on the
// thread's one HttpClient, whose events it waits for. Thread-confined (the export thread).

namespace binnacle::sdk {

enum class ExportOutcome : std::uint8_t {
  kDelivered,  ///< the collector has it (less `rejected_items`)
  kRetry,      ///< it may work later
  kRefused,    ///< it will never work
};

struct ExportResult {
  ExportOutcome outcome = ExportOutcome::kDelivered;
  bool is_unsupported = false;       ///< kRefused: the receiver does not know this signal
  std::int64_t retry_after_ms = 0;   ///< kRetry: the collector's own wish; 0: none
  std::uint64_t rejected_items = 0;  ///< kDelivered: by partial success
  std::string message = {};          ///< what went wrong, for one line on stderr
  std::uint64_t sent_bytes = 0;
};

class BatchExporter {
 public:
  BatchExporter() = default;
  BatchExporter(const BatchExporter&) = delete;
  BatchExporter& operator=(const BatchExporter&) = delete;
  virtual ~BatchExporter() = default;

  /// Begins sending. `batch` stays in place until poll() gave a result or cancel() was called.
  virtual void start(const EncodedBatch& batch) = 0;
  /// Goes on; the result once there is one.
  virtual std::optional<ExportResult> poll() = 0;
  /// Gives up the request that is under way.
  virtual void cancel() noexcept = 0;
  /// Where the last request went, without credentials; for messages.
  virtual std::string address() const { return "the receiver"; }
  /// Not for what runs on the HttpClient: a descriptor whose being writable lets poll() go on (-1:
  /// none), and when poll() wants to be called without one (INT64_MAX: never).
  virtual int blocked_fd() const noexcept { return -1; }
  virtual std::int64_t next_event_ns() const noexcept { return INT64_MAX; }
};

}  // namespace binnacle::sdk
