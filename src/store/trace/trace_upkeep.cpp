#include "base/hash.h"
#include "store/trace/disk_trace_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace binnacle::trace {
namespace {

// Most parts of one merge, and how much better than rewriting one large part it must be: the sum of
// the sizes over the largest, at least a quarter of the parts. Both as in VictoriaLogs, where they
// keep the number of rewrites of a span at log_15 of its part's final size.
constexpr std::size_t kMergeParts = 15;
constexpr double kMergeGain = 1.7;

// A part that a merge makes must not stretch retention: spans leave by parts, with the youngest.
// A tenth of the retention time is what it may be late at most.
constexpr std::int64_t kRetentionSlack = 10;

// A part with this many removed traces is rewritten for their sake alone.
constexpr std::size_t kPurgeTraces = 1'000;

std::uint64_t spans_of(const std::shared_ptr<const SpanPart>& part) {
  return part->summary().spans;
}

}  // namespace

bool DiskTraceStore::flush_due() const {
  const std::scoped_lock lock(mutex_);
  if (flushing_) return false;
  if (head_.memory_bytes() >= options_.flush_bytes ||
      head_.logged_bytes() >= options_.flush_log_bytes) {
    return true;
  }
  // A flush applies them to what it writes and forgets those that hide nothing else.
  if (unflushed_removals_ > options_.removals_limit / 2) return true;
  const std::uint64_t oldest = head_.oldest_arrival_unix_ns();
  const auto age = static_cast<std::uint64_t>(options_.flush_age_ns);
  return oldest != 0 && static_cast<std::uint64_t>(clock_.unix_now_ns()) >= oldest + age;
}

std::optional<Job> DiskTraceStore::next_job(JobKind kind) {
  Job job;
  job.kind = kind;
  if (kind == JobKind::kFlush && flush_due()) {
    {
      const std::scoped_lock lock(mutex_);
      job.needs_bytes = head_.logged_bytes() * 2;
      flushing_ = true;
    }
    job.description = "flush of spans";
    job.run = [this](const CancelToken& cancel) {
      Status done = flush_once(cancel);
      const std::scoped_lock lock(mutex_);
      flushing_ = false;
      return done;
    };
    job.postponed = [this](const Error&) {
      const std::scoped_lock lock(mutex_);
      flushing_ = false;
    };
    return job;
  }
  if (kind == JobKind::kRetention && !expired_parts().empty()) {
    job.description = "retention of spans";
    job.run = [this](const CancelToken&) { return expire_once(); };
    return job;
  }
  if (kind != JobKind::kMerge) return std::nullopt;
  Parts parts = choose_merge(false);
  if (parts.empty()) parts = choose_purge();
  const std::scoped_lock lock(mutex_);
  if (merging_ || parts.empty()) return std::nullopt;
  merging_ = true;
  for (const auto& part : parts) job.needs_bytes += part->file_bytes();
  job.description = fmt::format("merge of {} parts from {} to {}", parts.size(),
                                parts.front()->id(), parts.back()->id());
  job.run = [this, parts = std::move(parts)](const CancelToken& cancel) {
    Status done = merge_once(parts, cancel);
    const std::scoped_lock again(mutex_);
    merging_ = false;
    return done;
  };
  job.postponed = [this](const Error&) {
    const std::scoped_lock again(mutex_);
    merging_ = false;
  };
  return job;
}

// Removals up to `through` leave the log with this flush: those that still hide spans of a part
// must stay known.
Removals::Table DiskTraceStore::removals_still_needed(const Removals& removals,
                                                      std::uint64_t through,
                                                      const Parts& parts) const {
  Removals::Table out;
  std::vector<std::uint32_t> groups;
  for (const auto& [trace, sequence] : removals.all()) {
    if (sequence > through) continue;
    for (const auto& part : parts) {
      if (part->summary().last_sequence >= sequence) continue;
      const auto directory = part->directory();
      groups.clear();
      bool may_hold = !directory;
      if (directory) {
        for (const std::string& tenant : (*directory)->tenants) {
          if (hash64(tenant) != trace.tenant_hash) continue;
          const auto found = part->find_trace(trace_fingerprint(tenant, trace.trace_id), groups);
          may_hold = may_hold || !found || !groups.empty();
        }
      }
      if (may_hold) {
        out[trace] = sequence;
        break;
      }
    }
  }
  return out;
}

Status DiskTraceStore::flush_once(const CancelToken& cancel) {
  const std::scoped_lock one_at_a_time(flush_mutex_);
  SpanHead::Snapshot head;
  Removals removals;
  Parts parts;
  std::uint64_t through = 0;
  std::uint64_t removals_flushed = 0;
  {
    const std::scoped_lock lock(mutex_);
    head = head_.snapshot();
    removals = removals_;
    parts = parts_;
    through = last_sequence_;
    removals_flushed = unflushed_removals_;
  }
  if (head.empty() && removals_flushed == 0) return {};
  wal_->end_segment();  // so that what is flushed now can be released
  auto made = write_flushed_part(*directory_, head, through, removals, cancel, probe_);
  if (!made) return std::unexpected(made.error());
  Removals::Table needed = removals_still_needed(removals, through, parts);
  StoreEdit edit;
  if (made->has_part) edit.add.push_back({made->part, encode_summary(made->summary)});
  edit.wal_checkpoint = through;
  edit.engine_state = Removals::encode(needed);
  if (auto ok = directory_->commit(edit); !ok) {
    if (made->has_part) directory_->discard(made->part);
    return ok;
  }
  std::shared_ptr<const SpanPart> added;
  if (made->has_part) {
    const PartSnapshot live = directory_->parts();
    for (const auto& stored : *live) {
      if (stored->id() != made->part.part_id) continue;
      auto part = SpanPart::open(stored);
      if (!part) return std::unexpected(part.error());
      added = std::move(*part);
    }
  }
  {
    const std::scoped_lock lock(mutex_);
    head_.drop_front(head.size());
    if (added != nullptr) parts_.push_back(std::move(added));
    for (const auto& [trace, sequence] : removals_.all()) {
      if (sequence > through) needed[trace] = sequence;
    }
    removals_ = Removals::of(std::move(needed));
    unflushed_removals_ -= removals_flushed;
    probe_.head_spans.set(static_cast<std::int64_t>(head_.spans()));
    probe_.head_bytes.set(static_cast<std::int64_t>(head_.memory_bytes()));
    probe_.pending_removals.set(static_cast<std::int64_t>(removals_.size()));
  }
  if (scheduler_ != nullptr) scheduler_->notify();
  return wal_->release_through(through);
}

DiskTraceStore::Parts DiskTraceStore::choose_merge(bool all) const {
  Parts parts;
  {
    const std::scoped_lock lock(mutex_);
    parts = parts_;
  }
  Parts best;
  double best_gain = all ? 0 : kMergeGain;
  const auto slack = static_cast<std::uint64_t>(options_.retention_ns / kRetentionSlack);
  for (std::size_t begin = 0; begin < parts.size(); ++begin) {
    std::uint64_t sum = 0;
    std::uint64_t largest = 0;
    std::uint64_t oldest = ~std::uint64_t{0};
    std::uint64_t newest = 0;
    for (std::size_t end = begin; end < std::min(parts.size(), begin + kMergeParts); ++end) {
      const PartSummary& s = parts[end]->summary();
      sum += s.spans;
      largest = std::max(largest, s.spans);
      oldest = std::min(oldest, s.min_arrival_unix_ns);
      newest = std::max(newest, s.max_arrival_unix_ns);
      if (sum > std::min(options_.merge_limit_spans, kRewriteSpansLimit)) break;
      if (options_.retention_ns > 0 && newest - oldest > slack) break;
      const std::size_t count = end - begin + 1;
      const double gain =
          static_cast<double>(sum) / static_cast<double>(std::max<std::uint64_t>(largest, 1));
      const double needed = all ? best_gain : std::max(best_gain, static_cast<double>(count) / 4);
      if (count >= 2 && gain > needed) {
        best_gain = gain;
        best.assign(parts.begin() + static_cast<std::ptrdiff_t>(begin),
                    parts.begin() + static_cast<std::ptrdiff_t>(end) + 1);
      }
    }
  }
  return best;
}

// A part that holds many removed traces, to free their space.
DiskTraceStore::Parts DiskTraceStore::choose_purge() const {
  Parts parts;
  Removals removals;
  {
    const std::scoped_lock lock(mutex_);
    if (removals_.size() < kPurgeTraces) return {};
    parts = parts_;
    removals = removals_;
  }
  const Removals::Table all = removals.all();
  for (const auto& part : parts) {
    const auto directory = part->directory();
    if (!directory || spans_of(part) > kRewriteSpansLimit) continue;
    std::vector<std::uint32_t> groups;
    std::size_t held = 0;
    for (const std::string& tenant : (*directory)->tenants) {
      for (const auto& [trace, sequence] : all) {
        if (trace.tenant_hash != hash64(tenant) || sequence <= part->summary().last_sequence) {
          continue;
        }
        groups.clear();
        const auto found = part->find_trace(trace_fingerprint(tenant, trace.trace_id), groups);
        if (found && !groups.empty() && ++held >= kPurgeTraces) return {part};
      }
    }
  }
  return {};
}

void DiskTraceStore::replace_parts(const std::vector<std::uint64_t>& gone,
                                   std::shared_ptr<const SpanPart> added) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(parts_,
                [&](const auto& p) { return std::ranges::find(gone, p->id()) != gone.end(); });
  if (added != nullptr) {
    parts_.push_back(std::move(added));
    std::ranges::sort(parts_, {}, [](const auto& p) { return p->summary().first_sequence; });
  }
}

Status DiskTraceStore::merge_once(const Parts& parts, const CancelToken& cancel) {
  const std::scoped_lock one_at_a_time(merge_mutex_);
  Removals removals;
  {
    const std::scoped_lock lock(mutex_);
    removals = removals_;
    for (const auto& part : parts) {  // retention or damage may have taken one meanwhile
      if (std::ranges::find(parts_, part) == parts_.end()) return {};
    }
  }
  std::shared_ptr<const SpanPart> damaged;
  auto made = write_merged_part(*directory_, parts, removals, cancel, probe_, damaged);
  if (!made) {
    if (damaged != nullptr && made.error().code == ErrorCode::kDataLoss) {
      part_damaged(damaged->id(), made.error());
    }
    return std::unexpected(made.error());
  }
  StoreEdit edit;
  if (made->has_part) edit.add.push_back({made->part, encode_summary(made->summary)});
  for (const auto& part : parts) edit.remove.push_back(part->id());
  if (auto ok = directory_->commit(edit); !ok) {
    if (made->has_part) directory_->discard(made->part);
    return ok;
  }
  std::shared_ptr<const SpanPart> added;
  const PartSnapshot live = directory_->parts();
  for (const auto& stored : *live) {
    if (!made->has_part || stored->id() != made->part.part_id) continue;
    auto part = SpanPart::open(stored);
    if (!part) return std::unexpected(part.error());
    added = std::move(*part);
  }
  replace_parts(edit.remove, std::move(added));
  reserve_.freed();
  if (scheduler_ != nullptr) scheduler_->notify();
  return {};
}

std::vector<std::uint64_t> DiskTraceStore::expired_parts() const {
  Parts parts;
  {
    const std::scoped_lock lock(mutex_);
    parts = parts_;
  }
  std::ranges::stable_sort(parts, {},
                           [](const auto& p) { return p->summary().max_arrival_unix_ns; });
  std::uint64_t total = 0;
  for (const auto& part : parts) total += part->file_bytes();
  const std::int64_t horizon = clock_.unix_now_ns() - options_.retention_ns;
  std::vector<std::uint64_t> out;
  for (const auto& part : parts) {
    const bool old = options_.retention_ns > 0 && horizon > 0 &&
                     part->summary().max_arrival_unix_ns < static_cast<std::uint64_t>(horizon);
    const bool much = options_.retention_bytes > 0 && total > options_.retention_bytes;
    if (!old && !much) break;
    out.push_back(part->id());
    total -= part->file_bytes();
  }
  return out;
}

Status DiskTraceStore::expire_once() {
  const std::scoped_lock one_at_a_time(merge_mutex_);
  const std::vector<std::uint64_t> gone = expired_parts();
  if (gone.empty()) return {};
  StoreEdit edit;
  edit.remove = gone;
  if (auto ok = directory_->commit(edit); !ok) return ok;
  std::uint64_t spans = 0;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& part : parts_) {
      if (std::ranges::find(gone, part->id()) != gone.end()) spans += spans_of(part);
    }
  }
  replace_parts(gone, nullptr);
  probe_.expired_parts.add(gone.size());
  probe_.expired_spans.add(spans);
  reserve_.freed();
  return {};
}

Status DiskTraceStore::flush() { return flush_once({}); }

Status DiskTraceStore::merge_all() {
  for (;;) {
    const Parts parts = choose_merge(true);
    if (parts.empty()) break;
    if (auto ok = merge_once(parts, {}); !ok) return ok;
  }
  return {};
}

Status DiskTraceStore::expire() { return expire_once(); }

}  // namespace binnacle::trace
