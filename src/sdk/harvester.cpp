#include "sdk/harvester.h"

#include "sdk/context_extras.h"
#include "sdk/stream.h"

#include <binnacle/span.h>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace binnacle::sdk {

namespace {

bool run_membarrier(int command) noexcept { return syscall(SYS_membarrier, command, 0, 0) == 0; }

}  // namespace

Harvester::Harvester(Runtime& runtime)
    : runtime_(runtime),
      has_membarrier_(run_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)) {}

void Harvester::sweep(SpanSink& spans, LogSink& logs) {
  std::fill(freed_masks_.begin(), freed_masks_.end(), 0U);
  cover_chunks(runtime_.pool().touched_chunks());
  ended_.clear();
  logs_.clear();
  scan();
  read_amends();
  close_foreign_ended();
  const TickAnchor anchor = calibration_.anchor();
  for (const Ended& ended : ended_) deliver(ended, anchor, spans);
  deliver_logs(anchor, logs);
  publish_counts();
  runtime_.pool().release_all(freed_masks_);
  runtime_.sweeps().fetch_add(1, std::memory_order_relaxed);
}

void Harvester::cover_chunks(std::size_t chunks) {
  if (chunks <= freed_masks_.size()) [[likely]]
    return;
  taken_generation_.resize(chunks * kSlotsPerChunk);
  seen_generation_.resize(chunks * kSlotsPerChunk);
  freed_masks_.resize(chunks);
}

void Harvester::scan() {
  for (std::size_t i = 0; i < taken_generation_.size(); ++i) {
    Slot* slot = runtime_.pool().slot_at(i);
    const std::uint64_t state = slot->state.load(std::memory_order_acquire);
    const SlotPhase phase = phase_of(state);
    if (phase == SlotPhase::kOpen) count_started(i, generation_of(state), *slot);
    if ((phase != SlotPhase::kEnded && phase != SlotPhase::kLog) ||
        is_taken(i, generation_of(state))) {
      continue;
    }
    (phase == SlotPhase::kLog ? logs_ : ended_).push_back({slot, generation_of(state)});
  }
}

// An owner writes trace_flags before it opens the slot and never again, and nobody but us gives
// slots back: what is read here is settled.
void Harvester::count_started(std::size_t index, std::uint32_t generation,
                              const Slot& slot) noexcept {
  if (seen_generation_[index] == generation) return;
  seen_generation_[index] = generation;
  ++started_[slot.trace_flags & kTraceFlagSampled];
}

void Harvester::publish_counts() noexcept {
  ExportCounters& counters = runtime_.counters();
  for (const int i : {0, 1}) {
    counters.spans_started[i].store(started_[i], std::memory_order_relaxed);
    counters.spans_ended[i].store(ended_count_[i], std::memory_order_relaxed);
  }
  counters.logs_created.store(logs_created_, std::memory_order_relaxed);
}

void Harvester::read_amends() {
  const std::size_t threads = runtime_.touched_threads();
  cursors_.resize(threads);
  for (std::size_t i = 0; i < threads; ++i) read_log(cursors_[i], runtime_.thread_at(i));
}

void Harvester::read_log(LogCursor& cursor, ThreadState& thread) {
  if (cursor.log == nullptr) {
    cursor.log = thread.first_amend_log.load(std::memory_order_acquire);
    if (cursor.log == nullptr) return;
  }
  for (;;) {
    // In this order: once there is a next log, this one is complete.
    AmendLog* next = cursor.log->next.load(std::memory_order_acquire);
    const std::uint32_t used = cursor.log->used.load(std::memory_order_acquire);
    while (cursor.consumed < used) {
      const auto* record =
          reinterpret_cast<const AmendRecord*>(cursor.log->bytes() + cursor.consumed);
      take_amend(*record);
      cursor.consumed += static_cast<std::uint32_t>(sizeof *record) + ((record->size + 7) & ~7U);
    }
    if (next == nullptr) return;
    free_slot(slot_of(cursor.log));
    cursor = {next, 0};
  }
}

void Harvester::take_amend(const AmendRecord& record) {
  Segment* heap =
      record.kind == AmendKind::kHeapFields ? reinterpret_cast<Segment*>(record.argument) : nullptr;
  const std::size_t index = runtime_.pool().index_of(record.target);
  cover_chunks(index / kSlotsPerChunk + 1);
  const std::uint64_t state = record.target->state.load(std::memory_order_acquire);
  const std::size_t size = heap != nullptr ? heap->used : record.size;
  if (generation_of(state) != record.generation || phase_of(state) == SlotPhase::kPart ||
      is_taken(index, record.generation)) {
    runtime_.counters().amends_late.fetch_add(1, std::memory_order_relaxed);
  } else if (pending_bytes_ + size > kPendingLimitBytes) {
    runtime_.counters().attributes_dropped.fetch_add(1, std::memory_order_relaxed);
  } else {
    Pending& pending = pending_[static_cast<std::uint32_t>(index)];
    pending.generation = record.generation;
    if (record.kind == AmendKind::kEnd || record.kind == AmendKind::kEndUnix) {
      if (!pending.is_closing) ++closing_;
      pending.is_closing = true;
      pending.is_end_unix = record.kind == AmendKind::kEndUnix;
      pending.end = record.argument;
    } else {
      const char* bytes =
          heap != nullptr ? heap->bytes() : reinterpret_cast<const char*>(&record + 1);
      pending.amends.push_back({record.position, record.ticks, std::string(bytes, size)});
      pending_bytes_ += size;
    }
  }
  if (heap != nullptr) free_heap_segment(runtime_, heap);
}

void Harvester::close_foreign_ended() {
  if (closing_ == 0) return;
  std::vector<Ended> candidates;
  for (const auto& [index, pending] : pending_) {
    if (!pending.is_closing) continue;
    Slot* slot = runtime_.pool().slot_at(index);
    const std::uint64_t open = make_state(pending.generation, SlotPhase::kOpen);
    const std::uint64_t closed = make_state(pending.generation, SlotPhase::kClosed);
    const bool is_announced = slot->state.load(std::memory_order_acquire) == closed;
    // If neither: its owner ended it too, and it is, or will be, among the scanned ones. An owner
    // that is ending it right now overwrites the announcement, with the same outcome.
    if (!is_announced && !slot->state.replace(open, closed)) continue;
    // Without membarrier a whole sweep between announcing and taking stands in for it.
    if (is_announced || has_membarrier_) candidates.push_back({slot, pending.generation});
  }
  if (has_membarrier_ && !candidates.empty()) {
    run_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  }
  for (const Ended& candidate : candidates) {
    const RecordingThread* owner = candidate.slot->owner.load(std::memory_order_relaxed);
    const bool is_busy =
        owner != nullptr && owner->busy_slot.load(std::memory_order_acquire) == candidate.slot;
    if (!is_busy) ended_.push_back(candidate);
  }
}

void Harvester::deliver(const Ended& ended, const TickAnchor& anchor, SpanSink& sink) {
  Slot& slot = *ended.slot;
  const std::size_t index = runtime_.pool().index_of(&slot);
  if (is_taken(index, ended.generation)) return;  // closed by one thread and ended by another
  Pending* pending = nullptr;
  if (!pending_.empty()) {
    const auto found = pending_.find(static_cast<std::uint32_t>(index));
    if (found != pending_.end()) pending = &found->second;
  }
  const bool is_owner_end =
      slot.state.load(std::memory_order_acquire) == make_state(ended.generation, SlotPhase::kEnded);
  if (!is_owner_end && pending != nullptr) {
    slot.end = pending->end;
    if (pending->is_end_unix) slot.marks |= kMarkEndIsUnix;
  }
  const auto to_unix = [&](std::uint64_t time, std::uint8_t unix_mark) {
    return (slot.marks & unix_mark) != 0 ? time
                                         : static_cast<std::uint64_t>(anchor.to_unix_ns(time));
  };
  const std::uint64_t start = to_unix(slot.start, kMarkStartIsUnix);
  const bool has_parent = std::any_of(std::begin(slot.parent_span_id),
                                      std::end(slot.parent_span_id), [](auto b) { return b != 0; });
  FinishedSpan span{
      .trace_id = slot.trace_id,
      .span_id = slot.span_id,
      .parent_span_id = has_parent ? slot.parent_span_id : nullptr,
      .start_unix_ns = start,
      .end_unix_ns = std::max(start, to_unix(slot.end, kMarkEndIsUnix)),
      .fields = collect_fields(slot, pending),
      .trace_state = slot.extras == nullptr ? std::string_view() : slot.extras->trace_state(),
      .dropped_attributes = slot.dropped_attributes,
      .dropped_events = slot.dropped_events,
      .dropped_links = slot.dropped_links,
      .kind = slot.kind,
      .status = slot.status,
      .trace_flags = slot.trace_flags,
      .is_parent_remote = (slot.marks & kMarkParentRemote) != 0,
      .is_status_in_fields = slot.has_status_message};
  settle(slot, pending, anchor, span);
  if (limits_.values.may_apply(span.fields.size())) [[unlikely]] {
    apply_value_limits(span.fields, limits_.values, limited_);
    span.fields = limited_;
  }
  if (slot.run == run_) [[likely]] {
    sink.add(span);
  } else {
    runtime_.counters().dropped_of_earlier_run.fetch_add(1, std::memory_order_relaxed);
  }
  taken_generation_[index] = ended.generation;
  count_started(index, ended.generation, slot);
  ++ended_count_[slot.trace_flags & kTraceFlagSampled];
  if (pending != nullptr) {
    if (pending->is_closing) --closing_;
    for (const Amend& amend : pending->amends) pending_bytes_ -= amend.fields.size();
    pending_.erase(static_cast<std::uint32_t>(index));
  }
  free_span(slot);
}

void Harvester::deliver_logs(const TickAnchor& anchor, LogSink& sink) {
  // Slots are found in the order of memory; readers want that of time.
  std::sort(logs_.begin(), logs_.end(),
            [](const Ended& a, const Ended& b) { return a.slot->end < b.slot->end; });
  for (const Ended& log : logs_) {
    deliver_log(*log.slot, anchor, sink);
    taken_generation_[runtime_.pool().index_of(log.slot)] = log.generation;
    free_span(*log.slot);
  }
}

void Harvester::deliver_log(Slot& slot, const TickAnchor& anchor, LogSink& sink) {
  if ((slot.marks & kMarkVoid) != 0) return;  // counted when it was recorded
  ++logs_created_;
  if (slot.run != run_) {
    runtime_.counters().logs_of_earlier_run.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto to_unix = [&](std::uint64_t time, std::uint8_t unix_mark) {
    return (slot.marks & unix_mark) != 0 ? time
                                         : static_cast<std::uint64_t>(anchor.to_unix_ns(time));
  };
  const bool has_context = (slot.marks & kMarkHasContext) != 0;
  FinishedLog log{.trace_id = has_context ? slot.trace_id : nullptr,
                  .span_id = has_context ? slot.span_id : nullptr,
                  .time_unix_ns = to_unix(slot.start, kMarkStartIsUnix),
                  .observed_unix_ns = to_unix(slot.end, kMarkEndIsUnix),
                  .logger_name = {},
                  .fields = collect_fields(slot, nullptr),
                  .dropped_attributes = slot.dropped_attributes,
                  .severity = slot.kind,
                  .trace_flags = slot.trace_flags};
  log.logger_name = take_logger_name(log.fields);
  sink.add(log);
}

std::string_view Harvester::collect_fields(Slot& slot, Pending* pending) {
  const bool has_amends = pending != nullptr && !pending->amends.empty();
  if (slot.first_segment == nullptr && !has_amends) [[likely]] {
    return {slot.inline_bytes, slot.published.load(std::memory_order_relaxed)};
  }
  const std::size_t inline_used = slot.first_segment != nullptr
                                      ? slot.inline_used
                                      : slot.published.load(std::memory_order_relaxed);
  scratch_.assign(slot.inline_bytes, inline_used);
  for (const Segment* segment = slot.first_segment; segment != nullptr; segment = segment->next) {
    scratch_.append(segment->bytes(), segment->used);
  }
  if (!has_amends) return scratch_;
  std::stable_sort(pending->amends.begin(), pending->amends.end(),
                   [](const Amend& a, const Amend& b) {
                     return a.position != b.position ? a.position < b.position : a.ticks < b.ticks;
                   });
  std::string merged;
  std::size_t copied = 0;
  for (const Amend& amend : pending->amends) {
    const std::size_t position = std::min<std::size_t>(amend.position, scratch_.size());
    merged.append(scratch_, copied, position - copied);
    merged.append(amend.fields);
    copied = position;
  }
  merged.append(scratch_, copied);
  scratch_ = std::move(merged);
  return scratch_;
}

void Harvester::settle(Slot& slot, const Pending* pending, const TickAnchor& anchor,
                       FinishedSpan& span) {
  const bool has_amends = pending != nullptr && !pending->amends.empty();
  if (!has_amends && (slot.marks & (kMarkHasEvents | kMarkMayRepeat)) == 0) [[likely]]
    return;
  // The bytes are ours by now: the slot's own, or the scratch copy.
  char* bytes = const_cast<char*>(span.fields.data());
  StreamFields::convert_times(bytes, span.fields.size(), anchor);
  if (!has_amends && (slot.marks & kMarkMayRepeat) == 0) return;
  constexpr auto kOk = static_cast<std::uint8_t>(StatusCode::kOk);
  const bool is_status_final = slot.status == kOk && !slot.has_status_message;
  const SettledFields settled =
      fields_.settle(bytes, span.fields.size(), limits_, !is_status_final);
  span.fields = {bytes, settled.size};
  span.dropped_attributes += settled.dropped_attributes;
  span.dropped_events += settled.dropped_events;
  span.dropped_links += settled.dropped_links;
  span.is_status_in_fields = settled.has_status;
  if (settled.has_status) span.status = settled.status;
  const std::uint64_t dropped =
      settled.dropped_attributes + settled.dropped_events + settled.dropped_links;
  runtime_.counters().attributes_dropped.fetch_add(dropped, std::memory_order_relaxed);
}

void Harvester::free_span(Slot& slot) {
  Segment* segment = slot.first_segment;
  while (segment != nullptr) {
    Segment* next = segment->next;
    if (segment->is_heap) {
      free_heap_segment(runtime_, segment);
    } else {
      free_slot(slot_of(segment));
    }
    segment = next;
  }
  if (slot.extras != nullptr) v1::detail::release(slot.extras);
  free_slot(&slot);
}

void Harvester::free_slot(const Slot* slot) {
  const std::size_t index = runtime_.pool().index_of(slot);
  cover_chunks(index / kSlotsPerChunk + 1);
  freed_masks_[index / kSlotsPerChunk] |= std::uint32_t{1} << (index % kSlotsPerChunk);
}

}  // namespace binnacle::sdk
