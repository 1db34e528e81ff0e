#include "ingest/span_ingest.h"

#include <fmt/format.h>

namespace binnacle {

IngestTicket::IngestTicket(IngestProbe* probe, SpanSource source, MemoryReservation memory)
    : probe_(probe), source_(source), memory_(std::move(memory)) {
  probe_->requests_in_flight.add(1);
  probe_->bytes_in_flight.add(static_cast<std::int64_t>(memory_.bytes()));
}

IngestTicket::~IngestTicket() {
  if (probe_ == nullptr) return;
  probe_->requests_in_flight.add(-1);
  probe_->bytes_in_flight.add(-static_cast<std::int64_t>(memory_.bytes()));
}

Status IngestTicket::hold(std::uint64_t bytes) {
  if (bytes <= memory_.bytes()) return {};
  const std::uint64_t more = bytes - memory_.bytes();
  if (Status grown = memory_.grow(more); !grown) return grown;
  probe_->bytes_in_flight.add(static_cast<std::int64_t>(more));
  return {};
}

SpanIngest::SpanIngest(SpanStore& store, const IngestConfig& config, const Clock& clock)
    : store_(store),
      config_(config),
      clock_(clock),
      in_flight_("ingest_in_flight", config.in_flight_limit_bytes) {}

Result<IngestTicket> SpanIngest::admit(SpanSource source, std::uint64_t bytes) {
  IngestProbe::PerSource& counters = probe_.of(source);
  counters.requests.add();
  Result<MemoryReservation> memory = MemoryReservation::take(&in_flight_, bytes);
  if (!memory) {
    counters.requests_refused.add();
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("too many spans are being stored at once ({} bytes in flight, the "
                            "limit is {}); send again later",
                            in_flight_.used_bytes(), in_flight_.limit_bytes()),
                config_.retry_after_ns);
  }
  return IngestTicket(&probe_, source, *std::move(memory));
}

Status SpanIngest::prepare(IngestTicket& ticket, IngestRequest& request) {
  if (request.batch.size() > config_.spans_per_request) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the request has {} spans, the limit is {}; send smaller batches",
                            request.batch.size(), config_.spans_per_request));
  }
  if (!within_limits(request.batch, config_.span_limits)) {
    request.batch = cut_to_limits(request.batch, config_.span_limits, probe_);
  }
  if (Status held = ticket.hold(request.batch.memory_bytes()); !held) {
    return fail(ErrorCode::kResourceExhausted, std::move(held.error().message),
                config_.retry_after_ns);
  }
  return {};
}

/// Counts a failed append and makes sure that a retryable error says when.
void SpanIngest::finish(IngestProbe::PerSource& counters, std::uint64_t spans, Error& error) const {
  if (error.retryable()) {
    counters.rejected_overload.add(spans);
    if (error.retry_after_ns == 0) error.retry_after_ns = config_.retry_after_ns;
  } else if (error.code == ErrorCode::kInvalidArgument) {
    counters.rejected_over_limit.add(spans);
  } else {
    counters.rejected_failed.add(spans);
  }
}

void SpanIngest::append(WriteContext context, IngestTicket ticket, IngestRequest&& request,
                        IngestCompletion done) {
  IngestProbe::PerSource& counters = probe_.of(ticket.source());
  const std::uint64_t spans = request.batch.size();
  counters.request_bytes.add(request.decoded_bytes);
  counters.spans_received.add(spans + request.rejected);
  counters.rejected_malformed.add(request.rejected);
  IngestOutcome outcome{
      .accepted = spans,
      .rejected = request.rejected,
      .rejected_reason = std::move(request.rejected_reason),
  };
  if (spans == 0) return done(std::move(outcome));
  if (Status ready = prepare(ticket, request); !ready) {
    finish(counters, spans, ready.error());
    return done(std::unexpected(std::move(ready.error())));
  }
  if (context.deadline_steady_ns == 0) {
    context.deadline_steady_ns = clock_.steady_now_ns() + config_.append_timeout_ns;
  }
  store_.append(context, std::move(request.batch),
                [this, &counters, spans, ticket = std::move(ticket), outcome = std::move(outcome),
                 done = std::move(done)](Result<AppendResult> result) mutable {
                  if (!result) {
                    finish(counters, spans, result.error());
                    return done(std::unexpected(std::move(result.error())));
                  }
                  counters.spans_accepted.add(spans);
                  done(std::move(outcome));
                });
}

}  // namespace binnacle
