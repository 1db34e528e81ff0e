#include "store/disk/wal.h"

#include "base/check.h"
#include "base/hash.h"
#include "store/disk/wal_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace binnacle {
namespace {

// A client that was told to come back finds a new segment by then, or is told again.
constexpr std::int64_t kFailedRetryNs = 1'000'000'000;
// A full queue is empty again after a sync or two.
constexpr std::int64_t kQueueFullRetryNs = 100'000'000;
constexpr std::array<char, kWalAlignment> kPadding{};

}  // namespace

struct Wal::Pending {
  WalAppend record;
  WalSequence sequence = 0;
  WalSegment segment = 0;
  std::uint64_t checksum = 0;
  WalCompletion done;
};

struct Wal::OpenSegment {
  std::unique_ptr<File> file;
  WalSegmentHeader header;
  std::uint64_t size_bytes = 0;
  std::uint64_t allocated_bytes = 0;
  bool can_allocate = true;
};

Wal::Wal(FileSystem& fs, std::string directory, const WalOptions& options, const Clock& clock,
         DiskReserve& reserve, DiskProbe& probe)
    : fs_(fs),
      directory_(std::move(directory)),
      options_(options),
      clock_(clock),
      reserve_(reserve),
      probe_(probe),
      random_(options.salt_seed == 0 ? Random::from_system() : Random(options.salt_seed)) {}

Result<std::unique_ptr<Wal>> Wal::open(FileSystem& fs, const std::string& directory,
                                       const std::string& set_aside_directory,
                                       const WalOptions& options, const Clock& clock,
                                       DiskReserve& reserve, DiskProbe& probe,
                                       WalSequence checkpoint, const WalReplay& replay) {
  Result<WalRecovered> recovered =
      recover_wal(fs, directory, set_aside_directory, checkpoint, replay, probe);
  if (!recovered) return std::unexpected(recovered.error());
  std::unique_ptr<Wal> wal(new Wal(fs, directory, options, clock, reserve, probe));
  wal->damage_ = std::move(recovered->damage);
  wal->closed_segments_ = std::move(recovered->segments);
  wal->next_sequence_ = recovered->last_sequence + 1;
  wal->acknowledged_ = recovered->durable_sequence;
  wal->durable_sequence_.store(recovered->last_sequence, std::memory_order_release);
  // A segment takes at least one sequence, so this is above all ids ever given, also of segments
  // that were released long ago: an id stands for one segment for ever.
  wal->current_segment_.store(std::max(recovered->last_segment + 1, wal->next_sequence_),
                              std::memory_order_release);
  wal->update_gauges_locked();
  if (options.commit_on_thread)
    wal->committer_ = std::thread([w = wal.get()] { w->committer_loop(); });
  return wal;
}

Wal::~Wal() { close(); }

Status Wal::admit_locked(const WalAppend& record) {
  if (closing_) return fail(ErrorCode::kUnavailable, "log is closing", kFailedRetryNs);
  if (clock_.steady_now_ns() < refuse_until_steady_ns_) {
    probe_.wal_refused_unavailable.add();
    return fail(ErrorCode::kUnavailable, refuse_reason_,
                refuse_until_steady_ns_ - clock_.steady_now_ns());
  }
  if (queued_records_ >= options_.queue_limit_records ||
      queued_bytes_ + record.payload.size() > options_.queue_limit_bytes) {
    probe_.wal_refused_queue_full.add();
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("log queue is full ({} records, {} bytes wait for the disk): slow down",
                            queued_records_, queued_bytes_),
                kQueueFullRetryNs);
  }
  return {};
}

Result<WalSequence> Wal::append(WalAppend&& record, WalCompletion&& done) {
  if (record.payload.size() > options_.record_limit_bytes) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("log record of {} bytes is over the limit of {}", record.payload.size(),
                            options_.record_limit_bytes));
  }
  const std::uint64_t bytes = wal_record_bytes(record.payload.size());
  if (Status admitted = reserve_.admit_append(bytes); !admitted) {
    probe_.wal_refused_disk_reserve.add();
    return std::unexpected(admitted.error());
  }
  // Before the lock: the longest piece of work here, and each producer can do its own.
  const std::uint64_t checksum = checksum64(record.payload);
  const std::scoped_lock lock(mutex_);
  if (Status admitted = admit_locked(record); !admitted) return std::unexpected(admitted.error());
  const WalSegment segment = current_segment_.load(std::memory_order_relaxed);
  if (record.segment != 0 && record.segment != segment) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("log has moved from segment {} to {}: encode the record again",
                            record.segment, segment));
  }
  const WalSequence sequence = next_sequence_++;
  queued_bytes_ += record.payload.size();
  ++queued_records_;
  queue_.push_back({std::move(record), sequence, segment, checksum, std::move(done)});
  assigned_bytes_ += bytes;
  if (assigned_bytes_ >= options_.segment_bytes) {
    assigned_bytes_ = 0;
    current_segment_.store(segment + 1, std::memory_order_release);
  }
  wake_.notify_one();
  return sequence;
}

void Wal::end_segment() {
  const std::scoped_lock lock(mutex_);
  if (assigned_bytes_ == 0) return;
  assigned_bytes_ = 0;
  current_segment_.fetch_add(1, std::memory_order_release);
  wake_.notify_one();
}

bool Wal::must_seal_locked() const {
  return open_segment_id_ != 0 &&
         open_segment_id_ < current_segment_.load(std::memory_order_relaxed) &&
         (queue_.empty() || queue_.front().segment != open_segment_id_);
}

void Wal::committer_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty() || must_seal_locked(); });
    if (closing_ && queue_.empty()) return;
    lock.unlock();
    commit_next();
    lock.lock();
  }
}

bool Wal::commit_queued() {
  BINNACLE_CHECK(!options_.commit_on_thread, "the committer thread owns the segment");
  return commit_next();
}

std::vector<Wal::Pending> Wal::take_group_locked() {
  std::vector<Pending> group;
  std::uint64_t bytes = 0;
  while (!queue_.empty() && (group.empty() || (queue_.front().segment == group.front().segment &&
                                               bytes < options_.group_limit_bytes))) {
    bytes += queue_.front().record.payload.size();
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

bool Wal::commit_next() {
  std::vector<Pending> group;
  bool seal = false;
  {
    const std::scoped_lock lock(mutex_);
    seal = must_seal_locked();
    group = take_group_locked();
  }
  if (seal) close_segment(true);
  if (group.empty()) return seal;
  if (Status written = write_group(group); written) {
    acknowledge(group);
  } else {
    poison(group, written.error());
  }
  return true;
}

Status Wal::open_segment(WalSegment id, WalSequence first_sequence) {
  const std::string path = wal_segment_path(directory_, id);
  Result<std::unique_ptr<File>> file = fs_.open(path, OpenMode::kCreate);
  if (!file) return std::unexpected(file.error());
  auto segment = std::make_unique<OpenSegment>();
  segment->file = std::move(*file);
  segment->header = {kWalVersion, id, random_.next(), first_sequence, acknowledged_};
  segment->size_bytes = kWalSegmentHeaderBytes;
  open_ = std::move(segment);
  Status status = make_room(kWalSegmentHeaderBytes);
  if (status) status = open_->file->write_at(0, encode_wal_segment_header(open_->header));
  // Before any record: a bad header in front of records is then damage, not an unlucky moment.
  if (status) status = open_->file->sync_data(SyncPoint::kWalSegmentHeader);
  if (status) status = fs_.sync_directory(directory_, SyncPoint::kWalSegmentCreated);
  if (!status) {
    open_.reset();
    (void)fs_.remove(path);  // if that fails too, replay finds a segment without records
    return status;
  }
  const std::scoped_lock lock(mutex_);
  open_segment_id_ = id;
  open_segment_bytes_ = kWalSegmentHeaderBytes;
  return {};
}

Status Wal::make_room(std::uint64_t end_bytes) {
  OpenSegment& segment = *open_;
  if (!segment.can_allocate || end_bytes <= segment.allocated_bytes) return {};
  const std::uint64_t step = std::max<std::uint64_t>(options_.preallocate_bytes, 1);
  const std::uint64_t wanted = (end_bytes + step - 1) / step * step;
  const Status allocated = segment.file->allocate(wanted);
  if (!allocated && allocated.error().code == ErrorCode::kUnimplemented) {
    segment.can_allocate = false;
    return {};
  }
  if (!allocated) return allocated;
  reserve_.wrote(wanted - segment.allocated_bytes);
  segment.allocated_bytes = wanted;
  return {};
}

// One gathered write: headers are made here, payloads go to the kernel from where they are.
Status Wal::write_group(const std::vector<Pending>& group) {
  const WalSegment id = group.front().segment;
  if (open_ != nullptr && open_->header.segment != id) close_segment(true);
  if (open_ == nullptr) {
    if (Status opened = open_segment(id, group.front().sequence); !opened) return opened;
  }
  std::vector<std::array<char, kWalRecordHeaderBytes>> headers(group.size());
  std::vector<std::string_view> pieces;
  pieces.reserve(group.size() * 3);
  std::uint64_t bytes = 0;
  const WalSequence durable = std::max(acknowledged_, open_->header.first_sequence - 1);
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Pending& pending = group[i];
    const std::string& payload = pending.record.payload;
    encode_wal_record_header(
        {pending.sequence, durable, pending.checksum, static_cast<std::uint32_t>(payload.size()),
         pending.record.producer, pending.record.type},
        open_->header.salt, headers[i].data());
    pieces.emplace_back(headers[i].data(), headers[i].size());
    pieces.emplace_back(payload);
    const std::uint64_t whole = wal_record_bytes(payload.size());
    pieces.emplace_back(kPadding.data(), whole - kWalRecordHeaderBytes - payload.size());
    bytes += whole;
  }
  if (Status room = make_room(open_->size_bytes + bytes); !room) return room;
  if (Status written = open_->file->write_at(open_->size_bytes, pieces); !written) return written;
  return sync_group(bytes);
}

Status Wal::sync_group(std::uint64_t written_bytes) {
  const std::int64_t start_ns = clock_.steady_now_ns();
  const Status synced = open_->file->sync_data(SyncPoint::kWalGroup);
  probe_.wal_sync_ns.add(static_cast<std::uint64_t>(clock_.steady_now_ns() - start_ns));
  if (!synced) return synced;
  open_->size_bytes += written_bytes;
  if (!open_->can_allocate) reserve_.wrote(written_bytes);
  probe_.wal_bytes.add(written_bytes);
  return {};
}

void Wal::acknowledge(std::vector<Pending>& group) {
  acknowledged_ = group.back().sequence;
  probe_.wal_groups.add();
  probe_.wal_records.add(group.size());
  {
    // Before anyone is told: a snapshot started from a completion has to have the record.
    const std::scoped_lock lock(mutex_);
    open_segment_bytes_ = open_->size_bytes;
  }
  durable_sequence_.store(acknowledged_, std::memory_order_release);
  for (Pending& pending : group) pending.done(pending.sequence);
  const std::scoped_lock lock(mutex_);
  queued_records_ -= group.size();
  for (const Pending& pending : group) queued_bytes_ -= pending.record.payload.size();
  update_gauges_locked();
}

// The kernel may have dropped the pages of a failed sync and call the next one a success, so
// nothing in this segment behind the last acknowledged record is trusted again.
void Wal::poison(std::vector<Pending>& group, const Error& error) {
  const WalSegment segment = group.front().segment;
  const bool was_open = open_ != nullptr;
  probe_.wal_poisoned_segments.add();
  if (was_open) close_segment(false);
  {
    const std::scoped_lock lock(mutex_);
    // Encoded for a segment that has ended: their dictionaries are gone with it.
    while (!queue_.empty() && queue_.front().segment == segment) {
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    if (current_segment_.load(std::memory_order_relaxed) == segment) {
      assigned_bytes_ = 0;
      current_segment_.store(segment + 1, std::memory_order_release);
    }
    if (!was_open) {
      refuse_until_steady_ns_ = clock_.steady_now_ns() + options_.reopen_wait_ns;
      refuse_reason_ = fmt::format("log cannot be written: {}", error.message);
    }
  }
  probe_.wal_failed_records.add(group.size());
  const Error failed{ErrorCode::kUnavailable,
                     fmt::format("log write failed, nothing was stored: {}", error.message),
                     std::max(error.retry_after_ns, kFailedRetryNs)};
  for (Pending& pending : group) pending.done(std::unexpected(failed));
  durable_sequence_.store(group.back().sequence, std::memory_order_release);
  const std::scoped_lock lock(mutex_);
  queued_records_ -= group.size();
  for (const Pending& pending : group) queued_bytes_ -= pending.record.payload.size();
  update_gauges_locked();
}

void Wal::close_segment(bool whole_file_counts) {
  if (open_ == nullptr) return;
  // Gives preallocated space back; whether it works does not matter. A poisoned file is left as is.
  if (whole_file_counts && open_->size_bytes < open_->allocated_bytes &&
      open_->file->truncate(open_->size_bytes)) {
    reserve_.freed();
  }
  const WalClosedSegment closed{open_->header.segment, acknowledged_, open_->size_bytes,
                                whole_file_counts};
  open_.reset();
  const std::scoped_lock lock(mutex_);
  closed_segments_.push_back(closed);
  open_segment_id_ = 0;
  open_segment_bytes_ = 0;
  update_gauges_locked();
}

void Wal::update_gauges_locked() {
  std::uint64_t bytes = open_segment_bytes_;
  for (const WalClosedSegment& segment : closed_segments_) bytes += segment.size_bytes;
  probe_.wal_segment_bytes.set(static_cast<std::int64_t>(bytes));
  probe_.wal_segments.set(
      static_cast<std::int64_t>(closed_segments_.size() + (open_segment_id_ != 0 ? 1 : 0)));
}

std::uint64_t Wal::segment_bytes() const {
  return static_cast<std::uint64_t>(probe_.wal_segment_bytes.value());
}

Status Wal::release_through(WalSequence through) {
  std::vector<WalClosedSegment> released;
  {
    const std::scoped_lock lock(mutex_);
    if (snapshots_running_ > 0) return {};  // the next call finds them
    // Only from the front: a later segment's header says what counts in the earlier ones.
    while (!closed_segments_.empty() && closed_segments_.front().last_sequence <= through) {
      released.push_back(closed_segments_.front());
      closed_segments_.erase(closed_segments_.begin());
    }
  }
  if (released.empty()) return {};
  Status status;
  std::size_t removed = 0;
  for (; removed < released.size() && status; ++removed) {
    status = fs_.remove(wal_segment_path(directory_, released[removed].id));
    if (!status && status.error().code == ErrorCode::kNotFound) status = {};
  }
  if (!status) --removed;
  if (status) status = fs_.sync_directory(directory_, SyncPoint::kWalSegmentReleased);
  reserve_.freed();
  const std::scoped_lock lock(mutex_);
  closed_segments_.insert(closed_segments_.begin(),
                          released.begin() + static_cast<std::ptrdiff_t>(removed), released.end());
  update_gauges_locked();
  return status;
}

void Wal::close() {
  {
    const std::scoped_lock lock(mutex_);
    if (closing_) return;
    closing_ = true;
    wake_.notify_one();
  }
  if (committer_.joinable()) committer_.join();
  while (commit_next()) {
  }
  close_segment(true);
}

}  // namespace binnacle
