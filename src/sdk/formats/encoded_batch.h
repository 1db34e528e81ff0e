#pragma once

#include "sdk/formats/finished_span.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

// Encoded telemetry on its way out, and the interface that makes it: one encoder per protocol.
// Thread-confined (the export thread).

namespace binnacle::sdk {

/// What a batch holds. Chooses the URL, and whose losses are counted.
enum class Signal : std::uint8_t { kTraces, kMetrics, kLogs };
inline constexpr std::size_t kSignalCount = 3;

constexpr std::size_t index_of(Signal signal) noexcept { return static_cast<std::size_t>(signal); }

/// Memory that grows by doubling and is not cleared: a span is appended with one check of room.
class ByteBuffer {
 public:
  std::size_t size() const noexcept { return size_; }
  const char* data() const noexcept { return bytes_.get(); }
  char* data() noexcept { return bytes_.get(); }

  /// Room for `more` bytes after the current ones, or null if memory lacks.
  char* reserve(std::size_t more) noexcept {
    if (capacity_ - size_ < more && !grow(more)) return nullptr;
    return bytes_.get() + size_;
  }
  void advance(std::size_t bytes) noexcept { size_ += bytes; }
  /// Forgets what stands behind the first `size` bytes; size <= size().
  void truncate(std::size_t size) noexcept { size_ = size; }

 private:
  struct Free {
    void operator()(char* bytes) const noexcept { std::free(bytes); }
  };

  bool grow(std::size_t more) noexcept {
    std::size_t capacity = capacity_ == 0 ? kFirstBytes : capacity_;
    while (capacity - size_ < more) capacity *= 2;
    char* old = bytes_.release();
    auto* grown = static_cast<char*>(std::realloc(old, capacity));
    bytes_.reset(grown != nullptr ? grown : old);
    if (grown == nullptr) return false;
    capacity_ = capacity;
    return true;
  }

  // 512 spans of 5 attributes are about 100 KB.
  static constexpr std::size_t kFirstBytes = std::size_t{128} << 10U;

  std::unique_ptr<char, Free> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// One request's body.
struct EncodedBatch {
  ByteBuffer bytes;
  std::size_t offset = 0;  ///< where the body begins in `bytes`
  std::size_t items = 0;   ///< spans, metric points or log records
  std::size_t traces = 0;  ///< how many of them; 0 where the format does not put them together
  Signal signal = Signal::kTraces;

  std::string_view body() const noexcept { return {bytes.data() + offset, bytes.size() - offset}; }
};

/// A batch of these bytes; empty if memory lacks.
inline EncodedBatch make_batch(Signal signal, std::string_view body, std::size_t items) noexcept {
  EncodedBatch batch;
  batch.signal = signal;
  char* out = batch.bytes.reserve(body.size());
  if (out == nullptr) return batch;
  std::memcpy(out, body.data(), body.size());
  batch.bytes.advance(body.size());
  batch.items = items;
  return batch;
}

/// Collects spans into the body of one request. Made per pipeline, reused for all batches.
class SpanEncoder : public SpanSink {
 public:
  virtual std::size_t span_count() const noexcept = 0;
  virtual std::size_t byte_count() const noexcept = 0;
  /// The body so far; the encoder is empty afterwards. Call only if span_count() > 0.
  virtual EncodedBatch finish() = 0;
};

}  // namespace binnacle::sdk
