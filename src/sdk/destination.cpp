#include "sdk/destination.h"

#include "sdk/tick_clock.h"
#include "sdk/warning.h"

#include <utility>

namespace binnacle::sdk {

namespace {

/// Jitter needs no more than a few different numbers.
double random_fraction() noexcept {
  const std::uint64_t mixed = ticks_now() * 0x9E3779B97F4A7C15ULL;
  return static_cast<double>(mixed >> 11U) * 0x1.0p-53;
}

}  // namespace

Destination::Destination(DestinationSetup setup, const DestinationLimits& limits,
                         DestinationCounters& counters)
    : format_(setup.format),
      takes_metrics_(setup.takes_metrics),
      limits_(limits),
      exporter_(std::move(setup.exporter)),
      span_encoder_(std::move(setup.span_encoder)),
      log_encoder_(std::move(setup.log_encoder)),
      sender_(*exporter_, limits.sender, counters, random_fraction, warn, std::move(setup.spool)) {}

bool Destination::takes(Signal signal) const noexcept {
  switch (signal) {
    case Signal::kTraces:
      return span_encoder_ != nullptr;
    case Signal::kMetrics:
      return takes_metrics_;
    case Signal::kLogs:
      return log_encoder_ != nullptr;
  }
  return false;
}

void Destination::add(const FinishedSpan& span) {
  if (span_encoder_ == nullptr) return;
  if (sender_.is_full()) {  // do not encode what cannot be kept
    sender_.count_full(Signal::kTraces, 1);
    return;
  }
  span_encoder_->add(span);
  if (span_encoder_->span_count() >= limits_.batch_spans ||
      span_encoder_->byte_count() >= limits_.batch_bytes) {
    finish_spans();
  }
}

void Destination::add(const FinishedLog& log) {
  if (log_encoder_ == nullptr) return;
  if (sender_.is_paused(Signal::kLogs)) return sender_.count_unsupported(Signal::kLogs, 1);
  if (sender_.is_full()) return sender_.count_full(Signal::kLogs, 1);
  log_encoder_->add(log);
  if (log_encoder_->log_count() >= limits_.batch_logs ||
      log_encoder_->byte_count() >= limits_.batch_bytes) {
    finish_logs();
  }
}

void Destination::finish_batches() {
  finish_spans();
  finish_logs();
}

void Destination::finish_logs() {
  if (log_encoder_ == nullptr || log_encoder_->log_count() == 0) return;
  sender_.enqueue(log_encoder_->finish());
}

void Destination::finish_spans() {
  if (span_encoder_ == nullptr || span_encoder_->span_count() == 0) return;
  sender_.enqueue(span_encoder_->finish());
}

void Destination::begin_flush() noexcept {
  flush_target_ = sender_.enqueued();
  sender_.hurry();
}

void Destination::begin_stop() noexcept {
  postponements_at_stop_ = sender_.postponements();
  sender_.begin_stop();
  sender_.hurry();
}

bool Destination::is_stopped() const noexcept {
  return sender_.is_idle() || sender_.postponements() != postponements_at_stop_;
}

}  // namespace binnacle::sdk
