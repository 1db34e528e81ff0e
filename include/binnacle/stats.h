#pragma once

#include <cstddef>
#include <cstdint>

// What the SDK did and what it lost, and why. Snapshots; see sdk_stats() and destination_stats().

namespace binnacle {
inline namespace v1 {

/// Counts since the process started (in a forked child: since its first span). All in spans unless
/// the name says otherwise. With several destinations a span counts once for each of them from
/// spans_encoded to dropped_at_shutdown; destination_stats() tells them apart.
struct SdkStats {
  std::uint64_t spans_encoded = 0;          ///< ended, encoded and queued for sending
  std::uint64_t spans_exported = 0;         ///< accepted by the collector
  std::uint64_t dropped_no_memory = 0;      ///< the pool of open spans was full at start
  std::uint64_t dropped_queue_full = 0;     ///< encoded, but the sending queue was full
  std::uint64_t dropped_export_failed = 0;  ///< the collector refused, or retries ran out
  std::uint64_t dropped_rejected = 0;       ///< the collector's partial success said so
  std::uint64_t dropped_at_shutdown = 0;    ///< unsent at its deadline, or still open then
  std::uint64_t threads_refused = 0;     ///< threads past the limit: their spans are not recorded
  std::uint64_t scopes_refused = 0;      ///< scopes nested deeper than kMaxScopeDepth
  std::uint64_t attributes_dropped = 0;  ///< past a limit, or no memory; events and links too
  std::uint64_t values_large = 0;        ///< records over 4 KB, which took the allocating path
  std::uint64_t values_dropped = 0;      ///< of these, dropped by their byte limit
  std::uint64_t logs_dropped_no_memory = 0;  ///< log records that found no room in the pool
  std::uint64_t amends_late = 0;  ///< cross-thread operations that arrived after the span was gone
  std::uint64_t kept_for_errors = 0;    ///< not sampled, exported because their trace failed
  std::uint64_t dropped_no_error = 0;   ///< not sampled, recorded, and nothing failed
  std::uint64_t dropped_undecided = 0;  ///< the same, given up for lack of room (KeepErrorsConfig)
  std::uint64_t extension_errors = 0;   ///< exceptions out of the user's extensions
  std::uint64_t sampling_polls_failed = 0;  ///< Jaeger's sampling endpoint did not answer
  std::uint64_t export_requests = 0;        ///< requests sent, retries included, of all signals
  std::uint64_t export_retries = 0;         ///< of these, repeated ones
  std::uint64_t export_bytes = 0;           ///< body bytes sent, as compressed
  std::uint64_t open_slots = 0;    ///< 512-byte slots in use now (open or not yet encoded spans)
  std::uint64_t memory_bytes = 0;  ///< memory of slots, threads and queues that is in use now
};

/// Sums the counters of all threads; takes a lock, ~1 us.
SdkStats sdk_stats() noexcept;

/// Destinations that can be told apart, those of earlier runs in this process included.
inline constexpr std::size_t kMaxDestinations = 8;

/// What became of one signal's items (spans, metric points, log records) at one destination.
struct SignalStats {
  std::uint64_t encoded = 0;  ///< encoded and queued for sending
  std::uint64_t exported = 0;
  std::uint64_t dropped_queue_full = 0;
  std::uint64_t dropped_export_failed = 0;
  std::uint64_t dropped_rejected = 0;
  std::uint64_t dropped_at_shutdown = 0;
  /// The receiver does not know this signal. It is said once on stderr; a flush does not fail for
  /// it.
  std::uint64_t dropped_unsupported = 0;
  std::uint64_t spooled = 0;   ///< kept on disk, to be sent (and then counted as exported) later
  std::uint64_t inflight = 0;  ///< encoded, and waiting in memory to be delivered now
};

struct DestinationStats {
  char name[96] = {};  ///< kind and address, without credentials: "otlp http://localhost:4318"
  SignalStats traces;
  SignalStats metrics;
  SignalStats logs;
  std::uint64_t requests = 0;      ///< retries included
  std::uint64_t retries = 0;       ///< of these, repeated ones
  std::uint64_t sent_bytes = 0;    ///< body bytes, as compressed
  std::uint64_t queued_bytes = 0;  ///< waiting to be sent now
};

/// Writes up to `capacity` entries to `out`; how many there are.
std::size_t destination_stats(DestinationStats* out, std::size_t capacity) noexcept;

}  // namespace v1
}  // namespace binnacle
