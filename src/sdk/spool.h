#pragma once

#include "sdk/formats/encoded_batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Batches that could not be delivered, on disk until they can be: they survive a dead collector
// and a restart. One directory per destination, one file per batch, written under a temporary name
// and renamed, so that a file is whole or not there; a checksum finds what the disk did to it. What
// is broken or not ours is set aside as *.bad and never read again. The size is bounded: the oldest
// are removed for the newest.
//
// Several processes may share a directory: all of them put batches in, and one, who holds its lock,
// takes them out (one Spool per directory and process). Not synced: what was written shortly before
// a power loss may be gone. Thread-confined (the export thread).
//
//   if (auto spool = Spool::open(directory, limit)) spool->put(batch);
//   ...
//   if (auto batch = spool->oldest()) { send(*batch); spool->remove_oldest(); }
//
// File: "BNSPOOL1", then little-endian u32 CRC-32 of all that follows, u32 signal, u64 items,
// u64 body bytes, body.

namespace binnacle::sdk {

class Spool {
 public:
  /// Makes the directory if need be; null (with errno) if it cannot be used. Lists what is there.
  static std::unique_ptr<Spool> open(std::string directory, std::size_t limit_bytes);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();

  /// Keeps a batch. False if it is larger than the limit or cannot be written; `dropped_items`
  /// counts what had to go for it.
  bool put(const EncodedBatch& batch, std::uint64_t& dropped_items);

  /// The oldest batch, read back; nullopt if there is none or another process takes them out. Reads
  /// the directory when it knows of none.
  std::optional<EncodedBatch> oldest();
  /// Whether there is nothing that this process knows of.
  bool is_empty() const noexcept { return files_.empty(); }
  /// After oldest(): it need not be kept any more.
  void remove_oldest();

 private:
  Spool(std::string directory, std::size_t limit_bytes);
  bool is_taker();
  void list();
  void list_file(const std::string& name, std::int64_t now_s);
  void drop_oldest(std::uint64_t& dropped_items);
  void set_aside(const std::string& name);
  bool make_room(std::size_t bytes, std::uint64_t& dropped_items);

  struct File {
    std::string name;
    std::size_t bytes;
  };
  const std::string directory_;
  const std::size_t limit_bytes_;
  int lock_fd_ = -1;
  bool is_taker_ = false;
  std::string current_;  // what oldest() has read
  std::uint64_t sequence_ = 0;
  std::vector<File> files_;  // by name, and so by age; what other processes add comes with list()
  std::vector<File> bad_;    // what was set aside; the first to go
  std::size_t bytes_ = 0;    // of all these
};

/// The form of a file in a spool, and back; nullopt if it is broken.
std::string encode_spooled(const EncodedBatch& batch);
std::optional<EncodedBatch> decode_spooled(std::string_view file);

}  // namespace binnacle::sdk
