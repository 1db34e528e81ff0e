#include "sdk/late_decision.h"

#include "sdk/formats/span_reader.h"

#include <binnacle/span.h>

#include <utility>

namespace binnacle::sdk {

namespace {

/// What the tables cost beside the spans themselves, roughly.
constexpr std::size_t kTraceOverheadBytes = 160;

TraceId trace_of(const FinishedSpan& span) noexcept {
  TraceId id;
  std::memcpy(id.bytes, span.trace_id, sizeof id.bytes);
  return id;
}

bool is_local_root(const FinishedSpan& span) noexcept {
  return span.parent_span_id == nullptr || span.is_parent_remote;
}

void count(std::atomic<std::uint64_t>& counter, std::size_t by) noexcept {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

bool has_failed(const FinishedSpan& span) noexcept {
  if (span.status == static_cast<std::uint8_t>(StatusCode::kError)) return true;
  for (const EventView event : events_of(span)) {
    if (event.name == "exception") return true;
  }
  return false;
}

void LateDecision::add(const FinishedSpan& span, SpanSink& next) {
  const TraceKey id = trace_of(span);
  const bool is_failed = has_failed(span);
  if (const auto decided = decided_.find(id); decided != decided_.end() && !is_local_root(span)) {
    // After its trace. If that was dropped, a failed straggler still tells more than nothing.
    if (decided->second || is_failed) {
      count(counters_.kept, 1);
      return next.add(span);
    }
    return count(counters_.dropped, 1);
  }
  StoredSpan stored(span);
  const std::size_t size = stored.bytes();
  make_room(size + kTraceOverheadBytes, id);
  if (bytes_ + size + kTraceOverheadBytes > limit_bytes_) return count(counters_.dropped_limit, 1);
  auto [found, is_new] = traces_.try_emplace(id);
  Trace& trace = found->second;
  if (is_new) {
    trace.age = ages_.insert(ages_.end(), id);
    trace.bytes = kTraceOverheadBytes;
    bytes_ += kTraceOverheadBytes;
  }
  trace.spans.push_back(std::move(stored));
  trace.bytes += size;
  bytes_ += size;
  trace.has_failed = trace.has_failed || is_failed;
  if (is_local_root(span) && !trace.has_ended) {
    trace.has_ended = true;
    trace.ended_in = sweep_;
    ended_.push_back(id);
  }
}

void LateDecision::end_sweep(bool is_final, SpanSink& next) {
  std::vector<TraceKey> waiting;
  for (const TraceKey& id : ended_) {
    const auto found = traces_.find(id);
    if (found == traces_.end()) continue;  // made room for others
    if (is_final || found->second.ended_in != sweep_) {
      decide(id, next);
    } else {
      waiting.push_back(id);
    }
  }
  ended_.swap(waiting);
  ++sweep_;
  counters_.waiting_bytes.store(bytes_, std::memory_order_relaxed);
}

void LateDecision::decide(const TraceKey& id, SpanSink& next) {
  const Trace& trace = traces_.find(id)->second;
  if (trace.has_failed) {
    for (const StoredSpan& stored : trace.spans) next.add(stored.span());
  }
  count(trace.has_failed ? counters_.kept : counters_.dropped, trace.spans.size());
  remember(id, trace.has_failed);
  forget(id);
}

void LateDecision::remember(const TraceKey& id, bool is_kept) {
  const auto [found, is_new] = decided_.try_emplace(id, is_kept);
  if (!is_new) {
    found->second = found->second || is_kept;
    return;
  }
  decided_order_.push_back(id);
  if (decided_order_.size() <= kRemembered) return;
  decided_.erase(decided_order_.front());
  decided_order_.pop_front();
}

void LateDecision::make_room(std::size_t bytes, const TraceKey& except) {
  while (bytes_ + bytes > limit_bytes_ && !ages_.empty()) {
    TraceKey oldest = ages_.front();
    if (oldest == except) {  // it goes on growing; others make room for it first
      if (ages_.size() == 1) return;
      oldest = *std::next(ages_.begin());
    }
    count(counters_.dropped_limit, traces_.find(oldest)->second.spans.size());
    forget(oldest);
  }
}

void LateDecision::forget(const TraceKey& id) {
  const auto found = traces_.find(id);
  bytes_ -= found->second.bytes;
  ages_.erase(found->second.age);
  traces_.erase(found);
}

}  // namespace binnacle::sdk
