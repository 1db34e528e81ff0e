#include "store/trace/span_head.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace binnacle::trace {

std::shared_ptr<HeadBatch> HeadBatch::make(std::string tenant, std::uint64_t arrival_unix_ns,
                                           SpanBatch&& spans) {
  auto out = std::make_shared<HeadBatch>();
  out->tenant = std::move(tenant);
  out->arrival_unix_ns = arrival_unix_ns;
  const auto [low, high] = std::ranges::minmax(spans.start_unix_ns);
  out->min_start_unix_ns = low;
  out->max_start_unix_ns = high;
  out->memory_bytes = spans.memory_bytes() + sizeof(HeadBatch);
  out->spans = std::move(spans);
  return out;
}

void SpanHead::push(std::shared_ptr<const HeadBatch> batch) {
  spans_ += batch->spans.size();
  memory_bytes_ += batch->memory_bytes;
  logged_bytes_ += batch->logged_bytes;
  const std::size_t at = skip_ + size_;
  if (at / kChunkBatches == chunks_.size()) chunks_.push_back(std::make_shared<Chunk>());
  chunks_[at / kChunkBatches]->batches[at % kChunkBatches] = std::move(batch);
  ++size_;
}

void SpanHead::drop_front(std::size_t n) {
  BINNACLE_CHECK(n <= size_, "only what was pushed is dropped");
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = skip_ + i;
    const HeadBatch& b = *chunks_[at / kChunkBatches]->batches[at % kChunkBatches];
    spans_ -= b.spans.size();
    memory_bytes_ -= b.memory_bytes;
    logged_bytes_ -= b.logged_bytes;
  }
  skip_ += n;
  size_ -= n;
  if (size_ == 0) {
    chunks_.clear();
    skip_ = 0;
    return;
  }
  // What is left of a chunk begun before goes to a new one: a chunk kept for one batch would keep
  // the memory of all flushed ones before it.
  SpanHead rest;
  for (std::size_t i = 0; i < size_; ++i) {
    const std::size_t at = skip_ + i;
    rest.push(chunks_[at / kChunkBatches]->batches[at % kChunkBatches]);
  }
  *this = std::move(rest);
}

SpanHead::Snapshot SpanHead::snapshot() const {
  Snapshot out;
  out.chunks_.assign(chunks_.begin(), chunks_.end());
  out.skip_ = skip_;
  out.size_ = size_;
  return out;
}

std::uint64_t SpanHead::oldest_arrival_unix_ns() const noexcept {
  return size_ == 0
             ? 0
             : chunks_[skip_ / kChunkBatches]->batches[skip_ % kChunkBatches]->arrival_unix_ns;
}

}  // namespace binnacle::trace
