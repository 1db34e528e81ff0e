#pragma once

#include <cstdint>

// Sizes that receivers accept; the rest of the limits are SpanIngest's (ingest/span_ingest.h) and
// the servers' (io/net). Plain value.

namespace binnacle {

struct ReceiveLimits {
  /// Body as sent, 413 above. The OpenTelemetry Collector takes 20 MiB.
  std::uint64_t body_bytes = 20ULL * 1024 * 1024;
  /// Body after decompression, 413 above.
  std::uint64_t decompressed_bytes = 64ULL * 1024 * 1024;
};

}  // namespace binnacle
