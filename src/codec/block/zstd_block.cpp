#include "codec/block/zstd_block.h"

#include <fmt/format.h>
#include <zstd.h>

namespace binnacle::codec {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

}  // namespace

struct ZstdCompressor::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeCCtx(zstd); }
};

ZstdCompressor::ZstdCompressor(int level) : context_(std::make_unique<Context>()), level_(level) {}
ZstdCompressor::~ZstdCompressor() = default;
ZstdCompressor::ZstdCompressor(ZstdCompressor&&) noexcept = default;
ZstdCompressor& ZstdCompressor::operator=(ZstdCompressor&&) noexcept = default;

Status ZstdCompressor::compress(std::string_view in, std::string& out) {
  if (context_->zstd == nullptr) {
    return fail(ErrorCode::kResourceExhausted, "no memory for zstd compression");
  }
  out.resize(ZSTD_compressBound(in.size()));
  const std::size_t size =
      ZSTD_compressCCtx(context_->zstd, out.data(), out.size(), in.data(), in.size(), level_);
  if (ZSTD_isError(size) != 0) {
    out.clear();
    return fail(ErrorCode::kResourceExhausted, fmt::format("zstd compression of {} bytes: {}",
                                                           in.size(), ZSTD_getErrorName(size)));
  }
  out.resize(size);
  return {};
}

Result<std::string> zstd_decompress_block(std::string_view in, std::uint64_t raw_bytes) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr) {
    return fail(ErrorCode::kResourceExhausted, "no memory for zstd decompression");
  }
  // Before allocating: a damaged size must not cost memory.
  const unsigned long long stated = ZSTD_getFrameContentSize(in.data(), in.size());
  if (stated != raw_bytes || ZSTD_findFrameCompressedSize(in.data(), in.size()) != in.size()) {
    return fail(
        ErrorCode::kDataLoss,
        fmt::format("zstd block of {} bytes is not one frame of {} bytes", in.size(), raw_bytes));
  }
  std::string out;
  out.resize(raw_bytes);
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(size) != 0 || size != raw_bytes) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("zstd block of {} bytes: {}", in.size(),
                            ZSTD_isError(size) != 0 ? ZSTD_getErrorName(size) : "wrong size"));
  }
  return out;
}

}  // namespace binnacle::codec
