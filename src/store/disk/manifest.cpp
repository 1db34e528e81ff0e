#include "store/disk/manifest.h"

#include "base/hash.h"
#include "store/disk/little_endian.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace binnacle {
namespace {

constexpr std::string_view kMagic = "BNCLMANI";
constexpr std::uint32_t kManifestVersion = 1;
constexpr std::size_t kFileHeaderBytes = 32;
constexpr std::size_t kRecordHeaderBytes = 24;
constexpr std::size_t kAlignment = 8;
// 16,000 parts with the largest summaries; real ones are a few hundred bytes.
constexpr std::uint64_t kManifestLimitBytes = 1ULL << 30;
// A rewrite when the log is several times its content: then rewriting costs less than a third of
// what appending did. The floor keeps small manifests from being rewritten all the time.
constexpr std::uint64_t kRewriteFactor = 4;
constexpr std::uint64_t kRewriteFloorBytes = 64ULL << 10;

enum class Field : std::uint8_t {  // on disk
  kAdd = 1,
  kRemove = 2,
  kSetAside = 3,
  kWalCheckpoint = 4,
  kEngineState = 5,
  kNextPartId = 6,
  kForget = 7,
};

std::unexpected<Error> damaged(std::string message) {
  return fail(ErrorCode::kDataLoss, std::move(message));
}

void append_field(Field field, std::string_view head, std::string_view rest, std::string& out) {
  out.push_back(static_cast<char>(field));
  disk::append(static_cast<std::uint32_t>(head.size() + rest.size()), out);
  out.append(head);
  out.append(rest);
}

std::string u64(std::uint64_t value) {
  std::string out;
  disk::append(value, out);
  return out;
}

std::string encode_file_header() {
  std::string out(kMagic);
  disk::append(kManifestVersion, out);
  disk::append(std::uint32_t{0}, out);
  disk::append(std::uint64_t{0}, out);
  disk::append(checksum64(out), out);
  return out;
}

std::string encode_record(std::uint64_t number, std::string_view payload) {
  std::string out;
  disk::append(number, out);
  disk::append(checksum64(payload), out);
  disk::append(static_cast<std::uint32_t>(payload.size()), out);
  disk::append(static_cast<std::uint32_t>(checksum64(out)), out);
  out.append(payload);
  out.append((kAlignment - out.size() % kAlignment) % kAlignment, '\0');
  return out;
}

struct RecordPlace {
  std::uint64_t number = 0;
  std::string_view payload;
  std::uint64_t end_bytes = 0;
};

std::optional<RecordPlace> record_at(std::string_view bytes, std::uint64_t offset) noexcept {
  if (bytes.size() - offset < kRecordHeaderBytes) return std::nullopt;
  const std::string_view header = bytes.substr(offset, kRecordHeaderBytes);
  if (disk::load<std::uint32_t>(header, 20) !=
      static_cast<std::uint32_t>(checksum64(header.substr(0, 20)))) {
    return std::nullopt;
  }
  const std::uint64_t size = disk::load<std::uint32_t>(header, 16);
  const std::uint64_t start = offset + kRecordHeaderBytes;
  // Its padding belongs to it: were an edit taken whose last bytes are cut off, the next would be
  // written where nobody looks for it.
  const std::uint64_t end = (start + size + kAlignment - 1) / kAlignment * kAlignment;
  if (bytes.size() < end) return std::nullopt;
  const std::string_view payload = bytes.substr(start, size);
  if (checksum64(payload) != disk::load<std::uint64_t>(header, 8)) return std::nullopt;
  return RecordPlace{disk::load<std::uint64_t>(header, 0), payload, end};
}

/// One edit that makes `state` from nothing.
ManifestEdit edit_of(const ManifestState& state) {
  ManifestEdit edit;
  for (const auto& [id, part] : state.parts) edit.add.push_back(part);
  for (const auto& [id, part] : state.set_aside) edit.set_aside.push_back(part);
  edit.wal_checkpoint = state.wal_checkpoint;
  edit.engine_state = state.engine_state;
  edit.next_part_id = state.next_part_id;
  return edit;
}

Status decode_field(Field field, disk::Reader& reader, ManifestEdit& edit) {
  switch (field) {
    case Field::kAdd: {
      PartRecord part;
      part.part_id = reader.take<std::uint64_t>();
      part.kind = reader.take<std::uint32_t>();
      part.file_bytes = reader.take<std::uint64_t>();
      part.summary = reader.take_bytes(reader.left());
      edit.add.push_back(std::move(part));
      return {};
    }
    case Field::kRemove:
      edit.remove.push_back(reader.take<std::uint64_t>());
      return {};
    case Field::kForget:
      edit.forget.push_back(reader.take<std::uint64_t>());
      return {};
    case Field::kSetAside: {
      const auto id = reader.take<std::uint64_t>();
      edit.set_aside.push_back({id, std::string(reader.take_bytes(reader.left()))});
      return {};
    }
    case Field::kWalCheckpoint:
      edit.wal_checkpoint = reader.take<std::uint64_t>();
      return {};
    case Field::kEngineState:
      edit.engine_state = std::string(reader.take_bytes(reader.left()));
      return {};
    case Field::kNextPartId:
      edit.next_part_id = reader.take<std::uint64_t>();
      return {};
  }
  return damaged(fmt::format("manifest edit has unknown field {}", static_cast<unsigned>(field)));
}

}  // namespace

std::string manifest_path(const std::string& directory) { return directory + "/MANIFEST"; }

Status apply(const ManifestEdit& edit, ManifestState& state) {
  for (const std::uint64_t id : edit.remove) {
    if (state.parts.erase(id) == 0) return damaged(fmt::format("edit removes unknown part {}", id));
  }
  for (const PartRecord& part : edit.add) {
    if (!state.parts.try_emplace(part.part_id, part).second) {
      return damaged(fmt::format("edit adds part {} a second time", part.part_id));
    }
    state.next_part_id = std::max(state.next_part_id, part.part_id + 1);
  }
  for (const SetAsidePart& part : edit.set_aside) {
    state.parts.erase(part.part_id);
    state.set_aside.insert_or_assign(part.part_id, part);
    state.next_part_id = std::max(state.next_part_id, part.part_id + 1);
  }
  for (const std::uint64_t id : edit.forget) state.set_aside.erase(id);
  if (edit.wal_checkpoint) state.wal_checkpoint = *edit.wal_checkpoint;
  if (edit.engine_state) state.engine_state = *edit.engine_state;
  if (edit.next_part_id) state.next_part_id = std::max(state.next_part_id, *edit.next_part_id);
  return {};
}

std::string encode_manifest_edit(const ManifestEdit& edit) {
  std::string out;
  for (const PartRecord& part : edit.add) {
    std::string head;
    disk::append(part.part_id, head);
    disk::append(part.kind, head);
    disk::append(part.file_bytes, head);
    append_field(Field::kAdd, head, part.summary, out);
  }
  for (const std::uint64_t id : edit.remove) append_field(Field::kRemove, u64(id), {}, out);
  for (const SetAsidePart& part : edit.set_aside) {
    append_field(Field::kSetAside, u64(part.part_id), part.reason, out);
  }
  for (const std::uint64_t id : edit.forget) append_field(Field::kForget, u64(id), {}, out);
  if (edit.wal_checkpoint) {
    append_field(Field::kWalCheckpoint, u64(*edit.wal_checkpoint), {}, out);
  }
  if (edit.engine_state) append_field(Field::kEngineState, {}, *edit.engine_state, out);
  if (edit.next_part_id) append_field(Field::kNextPartId, u64(*edit.next_part_id), {}, out);
  return out;
}

Result<ManifestEdit> decode_manifest_edit(std::string_view payload) {
  ManifestEdit edit;
  disk::Reader reader(payload);
  while (reader.left() > 0) {
    const std::size_t at = reader.offset();
    const auto field = static_cast<Field>(reader.take<std::uint8_t>());
    const auto size = reader.take<std::uint32_t>();
    disk::Reader body(reader.take_bytes(size));
    if (!reader.ok()) return damaged(fmt::format("manifest edit is cut off at byte {}", at));
    if (Status s = decode_field(field, body, edit); !s) return std::unexpected(s.error());
    if (!body.ok() || body.left() != 0) {
      return damaged(fmt::format("manifest edit has a field of the wrong size at byte {}", at));
    }
  }
  return edit;
}

Result<ManifestReplay> replay_manifest(std::string_view bytes) {
  if (bytes.size() < kFileHeaderBytes || bytes.substr(0, kMagic.size()) != kMagic ||
      disk::load<std::uint64_t>(bytes, 24) != checksum64(bytes.substr(0, 24))) {
    return damaged("manifest header is damaged");
  }
  const auto version = disk::load<std::uint32_t>(bytes, 8);
  if (version == 0 || version > kManifestVersion) {
    return fail(
        ErrorCode::kUnimplemented,
        fmt::format("manifest has format version {}, this binary reads up to {}: use a newer "
                    "one",
                    version, kManifestVersion));
  }
  ManifestReplay replay;
  std::uint64_t offset = kFileHeaderBytes;
  while (true) {
    const std::optional<RecordPlace> record = record_at(bytes, offset);
    if (!record || record->number != replay.edits + 1) break;
    const Result<ManifestEdit> edit = decode_manifest_edit(record->payload);
    if (!edit) return std::unexpected(edit.error());
    if (Status s = apply(*edit, replay.state); !s) return std::unexpected(s.error());
    ++replay.edits;
    offset = record->end_bytes;
  }
  replay.valid_bytes = offset;
  // Each edit is durable before the next is written: a bad one is the last, or damage.
  for (std::uint64_t at = offset; at + kRecordHeaderBytes <= bytes.size(); at += kAlignment) {
    const std::optional<RecordPlace> later = record_at(bytes, at);
    if (later && later->number > replay.edits) {
      return damaged(fmt::format("manifest edit {} at byte {} is damaged, edit {} follows it",
                                 replay.edits + 1, offset, later->number));
    }
  }
  if (replay.edits == 0) return damaged("manifest has no readable edit");
  return replay;
}

Manifest::Manifest(FileSystem& fs, std::string directory, DiskProbe& probe)
    : fs_(fs), directory_(std::move(directory)), probe_(probe) {}
Manifest::~Manifest() = default;

Result<std::unique_ptr<Manifest>> Manifest::create(FileSystem& fs, const std::string& directory,
                                                   const ManifestState& state, DiskProbe& probe) {
  std::unique_ptr<Manifest> manifest(new Manifest(fs, directory, probe));
  if (Status s = manifest->rewrite(state); !s) return std::unexpected(s.error());
  manifest->state_ = state;
  return manifest;
}

Result<std::unique_ptr<Manifest>> Manifest::open(FileSystem& fs, const std::string& directory,
                                                 DiskProbe& probe) {
  const std::string path = manifest_path(directory);
  std::unique_ptr<Manifest> manifest(new Manifest(fs, directory, probe));
  Result<std::unique_ptr<File>> file = fs.open(path, OpenMode::kReadWrite);
  if (!file) return std::unexpected(file.error());
  manifest->file_ = std::move(*file);
  // A killed process may have left its last edit in memory only. On its word files are deleted.
  if (Status s = manifest->file_->sync_data(SyncPoint::kManifestOpened); !s) {
    return std::unexpected(s.error());
  }
  const Result<std::string> bytes = read_file(fs, path, kManifestLimitBytes);
  if (!bytes) return std::unexpected(bytes.error());
  Result<ManifestReplay> replay = replay_manifest(*bytes);
  if (!replay) {
    return std::unexpected(replay.error().in(
        fmt::format("{} (restore the directory from a snapshot or move it away)", path)));
  }
  manifest->state_ = std::move(replay->state);
  manifest->size_bytes_ = replay->valid_bytes;
  manifest->rewritten_bytes_ = replay->valid_bytes;
  manifest->next_edit_ = replay->edits + 1;
  manifest->must_rewrite_ = replay->valid_bytes != bytes->size();
  return manifest;
}

Status Manifest::rewrite(const ManifestState& state) {
  const std::string path = manifest_path(directory_);
  const std::string temporary = path + ".tmp";
  if (Status s = fs_.remove(temporary); !s && s.error().code != ErrorCode::kNotFound) return s;
  Result<std::unique_ptr<File>> file = fs_.open(temporary, OpenMode::kCreate);
  if (!file) return std::unexpected(file.error());
  const std::string bytes =
      encode_file_header() + encode_record(1, encode_manifest_edit(edit_of(state)));
  Status status = (*file)->write_at(0, bytes);
  if (status) status = (*file)->sync_data(SyncPoint::kManifestRewrite);
  if (status) status = fs_.rename(temporary, path);
  if (!status) {
    (void)fs_.remove(temporary);
    return status;
  }
  // From here on the new file has the name, for sure or perhaps: nothing may be added to the old.
  file_ = std::move(*file);
  size_bytes_ = rewritten_bytes_ = bytes.size();
  next_edit_ = 2;
  must_rewrite_ = true;
  if (Status s = fs_.sync_directory(directory_, SyncPoint::kManifestRename); !s) return s;
  must_rewrite_ = false;
  probe_.manifest_rewrites.add();
  return {};
}

Status Manifest::append_record(const ManifestEdit& edit) {
  const std::string record = encode_record(next_edit_, encode_manifest_edit(edit));
  if (Status s = file_->write_at(size_bytes_, record); !s) return s;
  if (Status s = file_->sync_data(SyncPoint::kManifestAppend); !s) return s;
  size_bytes_ += record.size();
  ++next_edit_;
  return {};
}

Status Manifest::append(const ManifestEdit& edit) {
  ManifestState next = state_;
  if (Status s = apply(edit, next); !s) return s;
  Status status;
  if (must_rewrite_ || size_bytes_ > kRewriteFactor * rewritten_bytes_ + kRewriteFloorBytes) {
    status = rewrite(next);
  } else {
    status = append_record(edit);
    if (!status) must_rewrite_ = true;
  }
  if (!status) {
    // Takes back what may have reached the disk of the failed edit.
    if (must_rewrite_) (void)rewrite(state_);
    return status;
  }
  state_ = std::move(next);
  probe_.manifest_edits.add();
  return {};
}

}  // namespace binnacle
