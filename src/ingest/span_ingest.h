#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/memory_budget.h"
#include "ingest/ingest_probe.h"
#include "ingest/span_limits.h"
#include "model/span_batch.h"
#include "store/context.h"
#include "store/span_store.h"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

// The one way from receivers into a SpanStore: admission, limits, append, counting. Created by
// `app`; must outlive the servers whose handlers use it and the store, whose completions count here
// until it is closed. Internally synchronised: any thread.
//
//   Result<IngestTicket> ticket = ingest.admit(SpanSource::kOtlpHttp, body.size());
//   if (!ticket) return refuse(ticket.error());
//   ... decode ...
//   ingest.append(context, *std::move(ticket), {.batch = std::move(batch)}, [..](Result<..> r) {});
//
// Answer a sender only from the completion: by then its spans are durable and searchable.

namespace binnacle {

struct IngestConfig {
  SpanLimits span_limits{};
  /// Spans of one request; more are refused as a whole. SDKs send 512, Collectors up to 8,192;
  /// imports are cut by the importer.
  std::size_t spans_per_request = 200'000;
  /// Memory of all requests from admission to their answer; kResourceExhausted above. On one
  /// machine 256 MB is about a second of what the engine takes in.
  std::uint64_t in_flight_limit_bytes = 256ULL * 1024 * 1024;
  /// What a refused sender is told to wait: a second is what the log needs to catch up.
  std::int64_t retry_after_ns = kNanosPerSecond;
  /// A request without a deadline of its own gets this one: OTLP exporters wait 10 s by default.
  std::int64_t append_timeout_ns = 10 * kNanosPerSecond;
};

/// Memory admitted for one request; returned when destroyed. Move-only.
class IngestTicket {
 public:
  [[nodiscard]] SpanSource source() const noexcept { return source_; }
  IngestTicket(IngestTicket&& other) noexcept
      : probe_(std::exchange(other.probe_, nullptr)),
        source_(other.source_),
        memory_(std::move(other.memory_)) {}
  IngestTicket& operator=(IngestTicket&& other) = delete;
  ~IngestTicket();

 private:
  friend class SpanIngest;
  IngestTicket(IngestProbe* probe, SpanSource source, MemoryReservation memory);
  [[nodiscard]] Status hold(std::uint64_t bytes);

  IngestProbe* probe_;
  SpanSource source_;
  MemoryReservation memory_;
};

/// A decoded request.
struct IngestRequest {
  SpanBatch batch{};
  std::uint64_t rejected = 0;       ///< spans that the decoder left out
  std::string rejected_reason{};    ///< of the first of them
  std::uint64_t decoded_bytes = 0;  ///< size of the decompressed message
};

struct IngestOutcome {
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::string rejected_reason{};
};

/// Exactly once, on any thread, possibly before append() returns. Must not block.
using IngestCompletion = std::move_only_function<void(Result<IngestOutcome>)>;

class SpanIngest {
 public:
  SpanIngest(SpanStore& store, const IngestConfig& config, const Clock& clock);
  SpanIngest(const SpanIngest&) = delete;
  SpanIngest& operator=(const SpanIngest&) = delete;

  /// Before a request is decoded: `bytes` as they lie in memory. kResourceExhausted with
  /// retry_after_ns when too much is in flight.
  [[nodiscard]] Result<IngestTicket> admit(SpanSource source, std::uint64_t bytes);

  /// A request that could not be decoded, for the counters.
  void count_malformed(SpanSource source) noexcept { probe_.of(source).requests_malformed.add(); }

  /// Enforces limits and appends. `context.deadline_steady_ns` 0 gets append_timeout_ns. Errors:
  /// kInvalidArgument for too many spans, kResourceExhausted and kUnavailable with retry_after_ns,
  /// kDeadlineExceeded, or what the store says.
  void append(WriteContext context, IngestTicket ticket, IngestRequest&& request,
              IngestCompletion done);

  [[nodiscard]] const IngestProbe& probe() const noexcept { return probe_; }
  [[nodiscard]] const IngestConfig& config() const noexcept { return config_; }

 private:
  [[nodiscard]] Status prepare(IngestTicket& ticket, IngestRequest& request);
  void finish(IngestProbe::PerSource& counters, std::uint64_t spans, Error& error) const;

  SpanStore& store_;
  const IngestConfig config_;
  const Clock& clock_;
  IngestProbe probe_;
  MemoryBudget in_flight_;
};

}  // namespace binnacle
