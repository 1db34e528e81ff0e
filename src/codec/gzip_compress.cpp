#include "codec/gzip_compress.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace binnacle::codec {
namespace {

constexpr int kWindowBits = 15;
constexpr int kGzipWrapper = 16;  // zlib.h: add 16 to windowBits for a gzip header
constexpr int kMemoryLevel = 8;

// zlib counts in 32 bits, bodies may be longer: feeds what fits.
uInt chunk(std::size_t n) {
  return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<uInt>::max()));
}

bool begin_deflate(z_stream& z, int level) {
  return deflateInit2(&z, level, Z_DEFLATED, kWindowBits + kGzipWrapper, kMemoryLevel,
                      Z_DEFAULT_STRATEGY) == Z_OK;
}

// Takes all of `in`; `last_flush` goes with its last bytes: Z_FINISH or Z_SYNC_FLUSH.
bool deflate_all(z_stream& z, std::string_view in, int last_flush, std::string& out) {
  std::size_t taken = 0;
  for (;;) {
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
    const int code = deflate(&z, last ? last_flush : Z_NO_FLUSH);
    taken += offered - z.avail_in;
    out.resize(filled + (space - z.avail_out));
    if (code == Z_STREAM_END) return last_flush == Z_FINISH;
    if (code != Z_OK) return false;
    // A flush is complete once it leaves room (zlib.h, deflate).
    if (last && last_flush == Z_SYNC_FLUSH && z.avail_in == 0 && z.avail_out != 0) return true;
  }
}

}  // namespace

Status gzip_append(std::string_view in, std::string& out, int level) {
  z_stream z{};
  if (!begin_deflate(z, level)) {
    return fail(ErrorCode::kInternal, "zlib cannot begin a gzip stream");
  }
  const std::size_t before = out.size();
  const bool done = deflate_all(z, in, Z_FINISH, out);
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

// zlib keeps a pointer back to its z_stream: it stays where it is, and the GzipStream moves.
struct GzipStream::Deflate {
  Deflate() = default;
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;
  ~Deflate() { deflateEnd(&z); }

  z_stream z{};
};

GzipStream::GzipStream(std::unique_ptr<Deflate> deflate) : deflate_(std::move(deflate)) {}
GzipStream::GzipStream(GzipStream&& other) noexcept = default;
GzipStream& GzipStream::operator=(GzipStream&& other) noexcept = default;
GzipStream::~GzipStream() = default;

Result<GzipStream> GzipStream::begin(int level) {
  auto deflate = std::make_unique<Deflate>();
  if (!begin_deflate(deflate->z, level)) {
    return fail(ErrorCode::kInternal, "zlib cannot begin a gzip stream");
  }
  return GzipStream(std::move(deflate));
}

Status GzipStream::add(std::string_view in, std::string& out) {
  if (in.empty() || deflate_all(deflate_->z, in, Z_SYNC_FLUSH, out)) return {};
  return fail(ErrorCode::kInternal, "zlib did not take a piece of a gzip stream");
}

Status GzipStream::finish(std::string& out) {
  if (deflate_all(deflate_->z, {}, Z_FINISH, out)) return {};
  return fail(ErrorCode::kInternal, "zlib did not finish a gzip stream");
}

}  // namespace binnacle::codec
