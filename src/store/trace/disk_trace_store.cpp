#include "store/trace/disk_trace_store.h"

#include "base/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace binnacle {

Result<std::unique_ptr<TraceStore>> open_trace_store(FileSystem& fs, const Clock& clock,
                                                     TraceStoreOptions options) {
  return trace::DiskTraceStore::open(fs, clock, std::move(options));
}

namespace trace {
namespace {

// The fastest level: the log is written once, read once if at all, and replaced by parts.
constexpr int kLogZstdLevel = 1;
// When the head is full: about what a flush of it takes.
constexpr std::int64_t kHeadFullRetryNs = 1 * kNanosPerSecond;

codec::ZstdCompressor& log_compressor() {
  thread_local codec::ZstdCompressor zstd(kLogZstdLevel);
  return zstd;
}

}  // namespace

DiskTraceStore::DiskTraceStore(FileSystem& fs, const Clock& clock, TraceStoreOptions options)
    : fs_(fs),
      clock_(clock),
      options_(std::move(options)),
      cache_(options_.cache_bytes, disk_probe_),
      reserve_(fs, options_.directory, options_.reserve, clock, disk_probe_) {}

DiskTraceStore::~DiskTraceStore() {
  if (scheduler_ != nullptr) scheduler_->stop();
  if (wal_ != nullptr) wal_->close();
}

Result<std::unique_ptr<TraceStore>> DiskTraceStore::open(FileSystem& fs, const Clock& clock,
                                                         TraceStoreOptions options) {
  auto store = std::make_unique<DiskTraceStore>(fs, clock, std::move(options));
  if (auto ok = store->start(); !ok) return std::unexpected(ok.error());
  return store;
}

Status DiskTraceStore::start() {
  auto directory =
      StoreDirectory::open(fs_, options_.directory, {.kind = "spans"}, cache_, disk_probe_);
  if (!directory) return std::unexpected(directory.error());
  directory_ = std::move(*directory);
  auto pending = Removals::decode(directory_->engine_state());
  if (!pending) return std::unexpected(pending.error());
  removals_ = Removals::of(std::move(*pending));
  if (auto ok = load_parts(); !ok) return ok;
  last_sequence_ = directory_->wal_checkpoint();
  auto wal = Wal::open(fs_, directory_->wal_directory(), directory_->set_aside_directory(),
                       options_.wal, clock_, reserve_, disk_probe_, directory_->wal_checkpoint(),
                       [this](const WalRecord& record) { return replay(record); });
  if (!wal) return std::unexpected(wal.error());
  wal_ = std::move(*wal);
  for (const std::string& warning : directory_->warnings()) report(warning);
  for (const WalDamage& damage : wal_->damage()) report(damage.message);
  JobSource& jobs = *this;
  scheduler_ = std::make_unique<MergeScheduler>(
      jobs, options_.scheduler, clock_, reserve_, disk_probe_,
      [this](const Job& job, const Error& error) {
        report(fmt::format("{} failed: {}", job.description, error.message));
      });
  scheduler_->start();
  return {};
}

Status DiskTraceStore::load_parts() {
  const PartSnapshot stored = directory_->parts();
  for (const auto& s : *stored) {
    auto part = SpanPart::open(s);
    if (part) {
      parts_.push_back(std::move(*part));
      continue;
    }
    // Whole, but of a newer version: to set it aside would hide good spans.
    if (part.error().code != ErrorCode::kDataLoss) return std::unexpected(part.error());
    if (auto ok = directory_->set_aside(s->id(), part.error().message); !ok) return ok;
    report(fmt::format("part {} is set aside: {}", s->id(), part.error().message));
  }
  std::ranges::sort(parts_, {}, [](const auto& p) { return p->summary().first_sequence; });
  return {};
}

Result<ReplayOutcome> DiskTraceStore::replay(const WalRecord& record) {
  switch (static_cast<LogRecordType>(record.type)) {
    case LogRecordType::kSpans: {
      auto logged = decode_logged_spans(record.payload);
      if (!logged) {
        if (logged.error().code == ErrorCode::kUnimplemented) {
          return std::unexpected(logged.error());
        }
        report(
            fmt::format("log record {} is set aside: {}", record.sequence, logged.error().message));
        return ReplayOutcome::kSetAside;
      }
      if (logged->batch.empty()) return ReplayOutcome::kUsed;
      probe_.replayed_spans.add(logged->batch.size());
      auto batch = HeadBatch::make(std::move(logged->tenant), logged->arrival_unix_ns,
                                   std::move(logged->batch));
      batch->logged_bytes = record.payload.size();
      accept_spans(std::move(batch), record.sequence);
      return ReplayOutcome::kUsed;
    }
    case LogRecordType::kRemovals: {
      const auto removals = decode_logged_removals(record.payload);
      if (!removals) {
        if (removals.error().code == ErrorCode::kUnimplemented) {
          return std::unexpected(removals.error());
        }
        report(fmt::format("log record {} is set aside: {}", record.sequence,
                           removals.error().message));
        return ReplayOutcome::kSetAside;
      }
      accept_removals(*removals, record.sequence);
      return ReplayOutcome::kUsed;
    }
  }
  return fail(ErrorCode::kUnimplemented,
              fmt::format("log record {} is of type {}, which this program does not know; use the "
                          "version that wrote it or a newer one",
                          record.sequence, record.type));
}

void DiskTraceStore::report(const std::string& message) const {
  if (options_.report) options_.report(message);
}

Status DiskTraceStore::startable(const WriteContext& context) const {
  if (context.deadline_steady_ns != 0 && clock_.steady_now_ns() >= context.deadline_steady_ns) {
    return fail(ErrorCode::kDeadlineExceeded, "write passed its deadline before it started");
  }
  return {};
}

Status DiskTraceStore::admit_append(std::uint64_t bytes) {
  const std::uint64_t waiting = in_flight_bytes_.fetch_add(bytes) + bytes;
  std::uint64_t head_bytes = 0;
  {
    const std::scoped_lock lock(mutex_);
    head_bytes = head_.memory_bytes();
  }
  if (waiting + head_bytes <= options_.head_limit_bytes) return {};
  in_flight_bytes_ -= bytes;
  probe_.refused_head_full.add();
  scheduler_->notify();
  return fail(ErrorCode::kResourceExhausted,
              fmt::format("span store: {} bytes of spans wait to be written to parts, the limit is "
                          "{}; send slower, or raise the head limit",
                          waiting + head_bytes - bytes, options_.head_limit_bytes),
              kHeadFullRetryNs);
}

void DiskTraceStore::append(const WriteContext& context, SpanBatch&& batch, AppendCompletion done) {
  if (auto ok = startable(context); !ok) return done(std::unexpected(ok.error()));
  if (batch.empty()) return done(AppendResult{0});
  const auto arrival = static_cast<std::uint64_t>(clock_.unix_now_ns());
  auto payload = encode_logged_spans(context.tenant.value, arrival, batch, log_compressor());
  if (!payload) {
    probe_.refused_malformed.add();
    return done(std::unexpected(payload.error()));
  }
  auto taken = HeadBatch::make(context.tenant.value, arrival, std::move(batch));
  taken->logged_bytes = payload->size();
  const std::uint64_t bytes = taken->memory_bytes;
  if (auto ok = admit_append(bytes); !ok) return done(std::unexpected(ok.error()));
  WalCompletion completion = [this, taken, bytes,
                              done = std::move(done)](Result<WalSequence> durable) mutable {
    in_flight_bytes_ -= bytes;
    if (!durable) return done(std::unexpected(durable.error()));
    const std::uint64_t spans = taken->spans.size();
    accept_spans(std::move(taken), *durable);
    probe_.appended_spans.add(spans);
    probe_.appended_batches.add();
    done(AppendResult{spans});
  };
  WalAppend record;
  record.type = static_cast<std::uint8_t>(LogRecordType::kSpans);
  record.payload = std::move(*payload);
  const auto queued = wal_->append(std::move(record), std::move(completion));
  // NOLINTNEXTLINE(bugprone-use-after-move) a refused append takes nothing (wal.h)
  if (!queued) completion(std::unexpected(queued.error()));
}

// On the committer's thread (or at replay), in order of sequence: from here on the spans are seen.
void DiskTraceStore::accept_spans(std::shared_ptr<HeadBatch> batch, WalSequence sequence) {
  batch->sequence = sequence;
  bool due = false;
  {
    const std::scoped_lock lock(mutex_);
    head_.push(std::move(batch));
    last_sequence_ = sequence;
    probe_.head_spans.set(static_cast<std::int64_t>(head_.spans()));
    probe_.head_bytes.set(static_cast<std::int64_t>(head_.memory_bytes()));
    due = !flushing_ && (head_.memory_bytes() >= options_.flush_bytes ||
                         head_.logged_bytes() >= options_.flush_log_bytes);
  }
  if (due && scheduler_ != nullptr) scheduler_->notify();
}

void DiskTraceStore::accept_removals(const LoggedRemovals& removals, WalSequence sequence) {
  std::vector<RemovedTrace> gone;
  const std::uint64_t tenant = hash64(removals.tenant);
  for (const LoggedRemovals::Entry& e : removals.entries) {
    if (e.kind != RemovalKind::kKeep) gone.push_back({tenant, e.trace_id});
  }
  probe_.removals.add(gone.size());
  bool due = false;
  {
    const std::scoped_lock lock(mutex_);
    unflushed_removals_ += gone.size();
    removals_.add(gone, sequence);
    last_sequence_ = sequence;
    probe_.pending_removals.set(static_cast<std::int64_t>(removals_.size()));
    due = !flushing_ && unflushed_removals_ > options_.removals_limit / 2;
  }
  if (due && scheduler_ != nullptr) scheduler_->notify();
}

void DiskTraceStore::append_removals(const WriteContext& context, LoggedRemovals removals,
                                     WriteCompletion done) {
  if (auto ok = startable(context); !ok) return done(ok);
  if (removals.entries.empty()) return done({});
  {
    const std::scoped_lock lock(mutex_);
    if (removals_.size() + removals.entries.size() > options_.removals_limit) {
      return done(fail(ErrorCode::kResourceExhausted,
                       fmt::format("span store: {} removals wait to be applied, the limit is {}",
                                   removals_.size(), options_.removals_limit),
                       kHeadFullRetryNs));
    }
  }
  removals.tenant = context.tenant.value;
  removals.arrival_unix_ns = static_cast<std::uint64_t>(clock_.unix_now_ns());
  WalAppend record;
  record.type = static_cast<std::uint8_t>(LogRecordType::kRemovals);
  record.payload = encode_logged_removals(removals);
  WalCompletion completion = [this, removals = std::move(removals),
                              done = std::move(done)](Result<WalSequence> durable) mutable {
    if (!durable) return done(std::unexpected(durable.error()));
    accept_removals(removals, *durable);
    done({});
  };
  const auto queued = wal_->append(std::move(record), std::move(completion));
  // NOLINTNEXTLINE(bugprone-use-after-move) a refused append takes nothing (wal.h)
  if (!queued) completion(std::unexpected(queued.error()));
}

void DiskTraceStore::verdict(const WriteContext& context, std::vector<TraceVerdict> verdicts,
                             WriteCompletion done) {
  LoggedRemovals removals;
  for (const TraceVerdict& v : verdicts) {
    const bool keep = v.decision == TraceVerdict::Decision::kKeep;
    removals.entries.push_back({v.trace_id, keep ? RemovalKind::kKeep : RemovalKind::kDrop});
  }
  append_removals(context, std::move(removals), std::move(done));
}

void DiskTraceStore::remove(const WriteContext& context, std::vector<TraceId> trace_ids,
                            WriteCompletion done) {
  LoggedRemovals removals;
  for (const TraceId& id : trace_ids) removals.entries.push_back({id, RemovalKind::kRemove});
  append_removals(context, std::move(removals), std::move(done));
}

SpanStoreStats DiskTraceStore::stats() const {
  SpanStoreStats out;
  const StoreSnapshot view = snapshot();
  std::uint64_t oldest = ~std::uint64_t{0};
  for (std::size_t i = 0; i < view.head.size(); ++i) {
    const HeadBatch& b = view.head[i];
    out.spans += b.spans.size();
    out.memory_bytes += b.memory_bytes;
    oldest = std::min(oldest, b.min_start_unix_ns);
    out.newest_start_unix_ns = std::max(out.newest_start_unix_ns, b.max_start_unix_ns);
  }
  for (const auto& part : view.parts) {
    const PartSummary& s = part->summary();
    out.spans += s.spans;
    out.disk_bytes += part->file_bytes();
    oldest = std::min(oldest, s.min_start_unix_ns);
    out.newest_start_unix_ns = std::max(out.newest_start_unix_ns, s.max_start_unix_ns);
  }
  out.log_bytes = wal_->segment_bytes();
  out.disk_bytes += out.log_bytes;
  out.memory_bytes += cache_.used_bytes();
  out.parts = view.parts.size();
  out.set_aside_parts = directory_->warnings().size();
  out.oldest_start_unix_ns = out.spans == 0 ? 0 : oldest;
  return out;
}

Status DiskTraceStore::snapshot_to(const std::string& directory) {
  return directory_->snapshot_to(directory, wal_.get());
}

std::vector<Descriptor> DiskTraceStore::describe() const {
  std::vector<Descriptor> out;
  probe_.describe(out);
  disk_probe_.describe("spans", out);
  return out;
}

}  // namespace trace
}  // namespace binnacle
