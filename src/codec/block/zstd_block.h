#pragma once

#include "base/error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// One zstd frame per stored block, whose decompressed size the caller keeps beside it. Different
// from decompress.h, which reads what strangers send: here a constant column may shrink 10,000:1,
// and the size is known.
//
//   ZstdCompressor zstd(1);
//   if (Status s = zstd.compress(column, stored); !s) ...
//   Result<std::string> column = zstd_decompress_block(stored, raw_bytes);

namespace binnacle::codec {

/// Keeps its working memory between blocks. Thread-confined.
class ZstdCompressor {
 public:
  /// `level` as in zstd: 1 is the fastest, 19 the densest.
  explicit ZstdCompressor(int level);
  ~ZstdCompressor();
  ZstdCompressor(ZstdCompressor&&) noexcept;
  ZstdCompressor& operator=(ZstdCompressor&&) noexcept;

  /// Replaces `out` with one frame. kResourceExhausted if there is no memory.
  [[nodiscard]] Status compress(std::string_view in, std::string& out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  int level_;
};

/// One frame back to exactly `raw_bytes` (at most that is allocated, whatever the frame says).
/// kDataLoss if it is not one whole frame of that size. Any thread; keeps one context per thread.
[[nodiscard]] Result<std::string> zstd_decompress_block(std::string_view in,
                                                        std::uint64_t raw_bytes);

}  // namespace binnacle::codec
