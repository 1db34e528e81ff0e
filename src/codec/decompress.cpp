#include "codec/decompress.h"

#include <fmt/format.h>
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace binnacle::codec {
namespace {

std::size_t allowed_bytes(std::size_t in_bytes, const DecompressLimits& limits) {
  const std::size_t by_ratio = in_bytes > limits.max_bytes / limits.max_ratio
                                   ? limits.max_bytes
                                   : in_bytes * limits.max_ratio;
  return std::min(limits.max_bytes, std::max(by_ratio, kFreeBytes));
}

std::unexpected<Error> too_large(std::size_t in_bytes, std::size_t allowed,
                                 const DecompressLimits& limits) {
  if (allowed == limits.max_bytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("body of {} bytes exceeds {} bytes after decompression; send smaller "
                            "batches or raise the limit",
                            in_bytes, allowed));
  }
  return fail(ErrorCode::kResourceExhausted,
              fmt::format("body of {} bytes decompresses to more than {} times its size", in_bytes,
                          limits.max_ratio));
}

std::unexpected<Error> damaged(const char* format, const char* what, std::size_t offset) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} body: {} at byte {}", format, what, offset));
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};
using Deflate = std::unique_ptr<libdeflate_decompressor, FreeDecompressor>;

using DeflateCall = libdeflate_result (*)(libdeflate_decompressor*, const void*, std::size_t, void*,
                                          std::size_t, std::size_t*, std::size_t*);

// Appends one member (stream) to `out`, growing it in doublings up to `allowed`: libdeflate is two
// to three times as fast as zlib's streaming, so a second attempt still costs no more.
struct Member {
  libdeflate_result result = LIBDEFLATE_BAD_DATA;
  std::size_t consumed = 0;
};

Member append_member(libdeflate_decompressor* d, DeflateCall call, std::string_view in,
                     std::size_t guess, std::size_t allowed, std::string& out) {
  const std::size_t before = out.size();
  std::size_t room = std::clamp<std::size_t>(guess, 1024, std::max<std::size_t>(1024, allowed));
  room = std::min(room, allowed - before);
  while (true) {
    Member member;
    out.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
      std::size_t produced = 0;
      member.result =
          call(d, in.data(), in.size(), data + before, room, &member.consumed, &produced);
      return before + (member.result == LIBDEFLATE_SUCCESS ? produced : 0);
    });
    if (member.result != LIBDEFLATE_INSUFFICIENT_SPACE || room == allowed - before) return member;
    room = std::min(room * 2, allowed - before);
  }
}

// The last four bytes of a gzip file are its last member's size modulo 2^32 (RFC 1952): a hint that
// is right for nearly every sender and bounded by the caller for those that lie.
std::size_t gzip_size_hint(std::string_view in) {
  if (in.size() < 18) return 0;
  std::uint32_t size = 0;
  std::memcpy(&size, in.data() + in.size() - 4, 4);
  return size;
}

Result<std::string> gunzip(std::string_view in, const DecompressLimits& limits) {
  const Deflate d(libdeflate_alloc_decompressor());
  if (d == nullptr) return fail(ErrorCode::kUnavailable, "no memory for a gzip decompressor");
  const std::size_t allowed = allowed_bytes(in.size(), limits);
  std::string out;
  std::size_t offset = 0;
  do {
    const std::string_view rest = in.substr(offset);
    if (offset > 0 && !rest.starts_with("\x1f\x8b")) {
      return damaged("gzip", "bytes after the end of the stream", offset);
    }
    const Member m = append_member(d.get(), libdeflate_gzip_decompress_ex, rest,
                                   std::max(gzip_size_hint(in), rest.size() * 2), allowed, out);
    if (m.result == LIBDEFLATE_INSUFFICIENT_SPACE) return too_large(in.size(), allowed, limits);
    if (m.result != LIBDEFLATE_SUCCESS) {
      return damaged("gzip", "damaged or truncated stream that begins", offset);
    }
    offset += m.consumed;
  } while (offset < in.size());
  return out;
}

bool looks_like_zlib(std::string_view in) {
  if (in.size() < 2) return false;
  const unsigned cmf = static_cast<unsigned char>(in[0]);
  const unsigned flg = static_cast<unsigned char>(in[1]);
  return (cmf & 0x0FU) == 8 && (cmf * 256 + flg) % 31 == 0;
}

Result<std::string> inflate(std::string_view in, const DecompressLimits& limits) {
  const Deflate d(libdeflate_alloc_decompressor());
  if (d == nullptr) return fail(ErrorCode::kUnavailable, "no memory for a deflate decompressor");
  const std::size_t allowed = allowed_bytes(in.size(), limits);
  std::string out;
  const DeflateCall call =
      looks_like_zlib(in) ? libdeflate_zlib_decompress_ex : libdeflate_deflate_decompress_ex;
  const Member m = append_member(d.get(), call, in, in.size() * 4, allowed, out);
  if (m.result == LIBDEFLATE_INSUFFICIENT_SPACE) return too_large(in.size(), allowed, limits);
  if (m.result != LIBDEFLATE_SUCCESS) {
    return damaged("deflate", "damaged or truncated stream that begins", 0);
  }
  if (m.consumed != in.size()) {
    return damaged("deflate", "bytes after the end of the stream", m.consumed);
  }
  return out;
}

struct FreeZstd {
  void operator()(ZSTD_DCtx* d) const { ZSTD_freeDCtx(d); }
};

std::size_t zstd_first_room(std::string_view in, std::size_t allowed) {
  const unsigned long long stated = ZSTD_getFrameContentSize(in.data(), in.size());
  if (stated == ZSTD_CONTENTSIZE_ERROR || stated == ZSTD_CONTENTSIZE_UNKNOWN) {
    return std::min(allowed, std::max<std::size_t>(in.size() * 4, 4096));
  }
  return static_cast<std::size_t>(std::min<unsigned long long>(allowed, stated));
}

Result<std::string> unzstd(std::string_view in, const DecompressLimits& limits) {
  const std::unique_ptr<ZSTD_DCtx, FreeZstd> d(ZSTD_createDCtx());
  if (d == nullptr) return fail(ErrorCode::kUnavailable, "no memory for a zstd decompressor");
  ZSTD_DCtx_setParameter(d.get(), ZSTD_d_windowLogMax, limits.zstd_window_log_max);
  const std::size_t allowed = allowed_bytes(in.size(), limits);
  std::string out;
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  std::size_t used = 0;
  std::size_t room = zstd_first_room(in, allowed);
  std::size_t left = 1;  // what zstd still wants of the current frame; 0 between frames
  while (true) {
    out.resize_and_overwrite(room, [&](char* data, std::size_t size) {
      ZSTD_outBuffer output{data, size, used};
      do {
        left = ZSTD_decompressStream(d.get(), &output, &input);
      } while (!ZSTD_isError(left) && input.pos < input.size && output.pos < output.size);
      used = output.pos;
      return used;
    });
    if (ZSTD_isError(left)) return damaged("zstd", ZSTD_getErrorName(left), input.pos);
    if (used < room || (left == 0 && input.pos == input.size)) break;
    // The buffer is full and zstd may hold back output. One byte beyond the limit tells a body of
    // exactly the limit from a larger one.
    if (room > allowed) break;
    room = std::min(std::max(room * 2, std::size_t{4096}), allowed + 1);
  }
  if (used > allowed) return too_large(in.size(), allowed, limits);
  if (left != 0) return damaged("zstd", "stream is truncated", input.pos);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

}  // namespace

std::optional<Compression> compression_from_name(std::string_view name) noexcept {
  struct Known {
    std::string_view name;
    Compression compression;
  };
  constexpr Known kKnown[] = {{"gzip", Compression::kGzip},       {"x-gzip", Compression::kGzip},
                              {"deflate", Compression::kDeflate}, {"zstd", Compression::kZstd},
                              {"identity", Compression::kNone},   {"", Compression::kNone}};
  for (const Known& known : kKnown) {
    if (equals_ignoring_case(name, known.name)) return known.compression;
  }
  return std::nullopt;
}

Compression detect_compression(std::string_view bytes) noexcept {
  if (bytes.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  return Compression::kNone;
}

Result<std::string> decompress(Compression compression, std::string_view in,
                               const DecompressLimits& limits) {
  switch (compression) {
    case Compression::kGzip:
      return gunzip(in, limits);
    case Compression::kDeflate:
      return inflate(in, limits);
    case Compression::kZstd:
      return unzstd(in, limits);
    case Compression::kNone:
      break;
  }
  if (in.size() > limits.max_bytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("body of {} bytes exceeds {} bytes; send smaller batches or raise the "
                            "limit",
                            in.size(), limits.max_bytes));
  }
  return std::string(in);
}

}  // namespace binnacle::codec
