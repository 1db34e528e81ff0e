#include "store/disk/part_writer.h"

#include "base/check.h"
#include "base/hash.h"

#include <fmt/format.h>

namespace binnacle {

PartWriter::PartWriter(FileSystem& fs, std::string final_path, std::uint64_t part_id,
                       std::uint32_t kind, PartWriterOptions options, DiskProbe& probe)
    : fs_(fs),
      final_path_(std::move(final_path)),
      temporary_path_(final_path_ + ".tmp"),
      part_id_(part_id),
      kind_(kind),
      options_(options),
      probe_(probe),
      zstd_(options.zstd_level) {}

Result<std::unique_ptr<PartWriter>> PartWriter::create(FileSystem& fs, std::string final_path,
                                                       std::uint64_t part_id, std::uint32_t kind,
                                                       PartWriterOptions options,
                                                       DiskProbe& probe) {
  std::unique_ptr<PartWriter> writer(
      new PartWriter(fs, std::move(final_path), part_id, kind, options, probe));
  Result<std::unique_ptr<File>> file = fs.open(writer->temporary_path_, OpenMode::kCreate);
  if (!file && file.error().code == ErrorCode::kAlreadyExists) {
    // Of an attempt whose removal failed: ids are given out again after a restart only.
    if (Status removed = fs.remove(writer->temporary_path_); !removed) {
      return std::unexpected(removed.error());
    }
    file = fs.open(writer->temporary_path_, OpenMode::kCreate);
  }
  if (!file) return std::unexpected(file.error());
  writer->file_ = std::move(*file);
  if (Status s = writer->write(encode_part_header(kind, part_id)); !s) {
    return std::unexpected(s.error());
  }
  return writer;
}

PartWriter::~PartWriter() {
  if (!finished_ && file_ != nullptr) {
    file_.reset();
    (void)fs_.remove(temporary_path_);  // else the next open removes it
  }
}

Status PartWriter::write(std::string_view bytes) {
  if (Status s = file_->write_at(offset_bytes_, bytes); !s) return s;
  offset_bytes_ += bytes.size();
  return {};
}

Status PartWriter::add_block(std::string_view name, std::uint32_t ordinal, std::string_view bytes,
                             BlockCodec codec) {
  BINNACLE_CHECK(!finished_ && !name.empty() && name.size() <= kBlockNameLimitBytes,
                 "blocks have short names and come before finish()");
  if (bytes.size() > kBlockLimitBytes) {
    return fail(ErrorCode::kOutOfRange,
                fmt::format("block {} {} of {} bytes is over the limit of {}", name, ordinal,
                            bytes.size(), kBlockLimitBytes));
  }
  BlockEntry entry;
  entry.ordinal = ordinal;
  entry.offset_bytes = offset_bytes_;
  entry.raw_bytes = bytes.size();
  std::string_view stored = bytes;
  if (codec == BlockCodec::kZstd) {
    if (Status s = zstd_.compress(bytes, stored_); !s) return s;
    if (stored_.size() < bytes.size()) {
      stored = stored_;
      entry.codec = BlockCodec::kZstd;
    }
  }
  entry.stored_bytes = stored.size();
  entry.checksum = checksum64(stored);
  const bool is_new = entries_.try_emplace({std::string(name), ordinal}, entry).second;
  BINNACLE_CHECK(is_new, "each (name, ordinal) is added once");
  return write(stored);
}

Result<FinishedPart> PartWriter::finish() {
  PartIndex index;
  index.kind = kind_;
  index.blocks.reserve(entries_.size());
  for (auto& [key, entry] : entries_) {  // by name, then ordinal
    if (index.names.empty() || index.names.back() != key.first) index.names.push_back(key.first);
    entry.name = static_cast<std::uint32_t>(index.names.size() - 1);
    index.blocks.push_back(entry);
  }
  const std::string tail = encode_part_index(index, part_id_, offset_bytes_);
  if (tail.size() - kPartTailBytes > kPartIndexLimitBytes) {
    return fail(ErrorCode::kOutOfRange,
                fmt::format("part index of {} blocks is over the limit of {} bytes",
                            entries_.size(), kPartIndexLimitBytes));
  }
  if (Status s = write(tail); !s) return std::unexpected(s.error());
  if (Status s = file_->sync_data(SyncPoint::kPartContent); !s) return std::unexpected(s.error());
  if (Status s = fs_.rename(temporary_path_, final_path_); !s) return std::unexpected(s.error());
  finished_ = true;
  if (Status s = fs_.sync_directory(parent_directory(final_path_), SyncPoint::kPartName); !s) {
    (void)fs_.remove(final_path_);  // else the next open removes it
    return std::unexpected(s.error());
  }
  probe_.parts_written.add();
  probe_.parts_bytes_written.add(offset_bytes_);
  return FinishedPart{part_id_, kind_, offset_bytes_};
}

}  // namespace binnacle
