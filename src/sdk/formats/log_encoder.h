#pragma once

#include "sdk/formats/encoded_batch.h"
#include "sdk/formats/finished_log.h"

#include <cstddef>

// What makes the body of a request out of log records: one implementation per format.
// Thread-confined (the export thread).

namespace binnacle::sdk {

/// Collects log records into the body of one request. Made per destination, reused for all batches.
class LogEncoder : public LogSink {
 public:
  virtual std::size_t log_count() const noexcept = 0;
  virtual std::size_t byte_count() const noexcept = 0;
  /// The body so far; the encoder is empty afterwards. Call only if log_count() > 0.
  virtual EncodedBatch finish() = 0;
};

}  // namespace binnacle::sdk
