#include "codec/gzip_compress.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace binnacle::codec {
namespace {

constexpr int kWindowBits = 15;
constexpr int kGzipWrapper = 16;  // zlib.h: add 16 to windowBits for a gzip header
constexpr int kMemoryLevel = 8;

// zlib counts in 32 bits, bodies may be longer: feeds what fits.
uInt chunk(std::size_t n) {
  return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<uInt>::max()));
}

bool deflate_all(z_stream& z, std::string_view in, std::string& out) {
  std::size_t taken = 0;
  int code = Z_OK;
  while (code == Z_OK) {
    const std::size_t filled = out.size();
    const std::size_t room = std::max<std::size_t>(deflateBound(&z, chunk(in.size() - taken)), 64);
    out.resize(filled + room);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data() + taken));
    z.avail_in = chunk(in.size() - taken);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    z.avail_out = chunk(room);
    const uInt offered = z.avail_in;
    const uInt space = z.avail_out;
    const bool last = taken + offered == in.size();
    code = deflate(&z, last ? Z_FINISH : Z_NO_FLUSH);
    taken += offered - z.avail_in;
    out.resize(filled + (space - z.avail_out));
  }
  return code == Z_STREAM_END;
}

}  // namespace

Status gzip_append(std::string_view in, std::string& out, int level) {
  z_stream z{};
  if (deflateInit2(&z, level, Z_DEFLATED, kWindowBits + kGzipWrapper, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(ErrorCode::kInternal, "zlib cannot begin a gzip stream");
  }
  const std::size_t before = out.size();
  const bool done = deflate_all(z, in, out);
  deflateEnd(&z);
  if (!done) {
    out.resize(before);
    return fail(ErrorCode::kInternal, "zlib did not finish a gzip stream");
  }
  return {};
}

Result<std::string> gzip_compress(std::string_view in, int level) {
  std::string out;
  if (Status s = gzip_append(in, out, level); !s) return std::unexpected(s.error());
  return out;
}

}  // namespace binnacle::codec
