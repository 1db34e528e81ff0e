#pragma once

#include "model/span_batch.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// The spans that are durable in the log and not yet in a part, as the batches that came. A snapshot
// is a handful of pointers: batches lie in chunks whose filled slots never change. Not locked: the
// trace store guards it; snapshots are read without a lock.

namespace binnacle::trace {

struct HeadBatch {
  std::uint64_t sequence = 0;
  std::uint64_t arrival_unix_ns = 0;
  std::string tenant;
  SpanBatch spans;
  std::uint64_t min_start_unix_ns = 0;
  std::uint64_t max_start_unix_ns = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t logged_bytes = 0;

  /// `spans` must not be empty.
  static std::shared_ptr<HeadBatch> make(std::string tenant, std::uint64_t arrival_unix_ns,
                                         SpanBatch&& spans);
};

class SpanHead {
  static constexpr std::size_t kChunkBatches = 256;
  struct Chunk {
    std::array<std::shared_ptr<const HeadBatch>, kChunkBatches> batches;
  };

 public:
  class Snapshot {
   public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] const HeadBatch& operator[](std::size_t i) const noexcept {
      const std::size_t at = skip_ + i;
      return *chunks_[at / kChunkBatches]->batches[at % kChunkBatches];
    }

   private:
    friend class SpanHead;
    std::vector<std::shared_ptr<const Chunk>> chunks_;
    std::size_t skip_ = 0;
    std::size_t size_ = 0;
  };

  void push(std::shared_ptr<const HeadBatch> batch);
  /// Forgets the `n` oldest batches.
  void drop_front(std::size_t n);
  [[nodiscard]] Snapshot snapshot() const;

  [[nodiscard]] std::uint64_t spans() const noexcept { return spans_; }
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept { return memory_bytes_; }
  [[nodiscard]] std::uint64_t logged_bytes() const noexcept { return logged_bytes_; }
  /// Arrival of the oldest batch; 0 when empty.
  [[nodiscard]] std::uint64_t oldest_arrival_unix_ns() const noexcept;

 private:
  std::vector<std::shared_ptr<Chunk>> chunks_;
  std::size_t skip_ = 0;
  std::size_t size_ = 0;
  std::uint64_t spans_ = 0;
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t logged_bytes_ = 0;
};

}  // namespace binnacle::trace
