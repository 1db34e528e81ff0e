#pragma once

#include "base/counter.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

// Counters of the way in. SpanIngest owns one; `app` collects the descriptors.

namespace binnacle {

/// Which protocol brought the spans. Numbers index the probe's arrays.
enum class SpanSource : std::uint8_t {
  kOtlpGrpc,
  kOtlpHttp,
  kJaegerThriftHttp,
  kZipkinHttp,
  kDatadogHttp,
};
constexpr std::size_t kSpanSourceCount = 5;

/// "otlp_grpc" and so on, as in labels.
[[nodiscard]] std::string_view to_string(SpanSource source) noexcept;

struct IngestProbe {
  struct PerSource {
    Counter requests;
    Counter request_bytes;        ///< after decompression
    Counter spans_received;       ///< decoded or refused one by one
    Counter spans_accepted;       ///< durable and answered so
    Counter rejected_malformed;   ///< refused by the decoder one by one
    Counter rejected_over_limit;  ///< in requests with too many spans
    Counter rejected_overload;    ///< in requests refused for load or a full disk
    Counter rejected_failed;      ///< in requests the store failed to keep
    Counter requests_malformed;   ///< requests that could not be decoded at all
    Counter requests_refused;     ///< requests refused before decoding, for load
  };
  std::array<PerSource, kSpanSourceCount> sources;
  Counter attributes_dropped;  ///< over a limit; also counted in the span itself
  Counter values_truncated;
  Counter events_dropped;
  Counter links_dropped;
  Gauge requests_in_flight;
  Gauge bytes_in_flight;

  [[nodiscard]] PerSource& of(SpanSource source) noexcept {
    return sources[static_cast<std::size_t>(source)];
  }
  void describe(std::vector<Descriptor>& out) const;
};

}  // namespace binnacle
