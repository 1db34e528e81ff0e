#pragma once

#include "base/error.h"

#include <memory>
#include <string>
#include <string_view>

// Gzip compression of whole bodies, and of bodies that come piece by piece, with zlib; apart from
// decompression so that a host process that only sends links nothing else. Functions are pure, any
// thread; a GzipStream is thread-confined.
//
//   auto body = gzip_compress(message);

namespace binnacle::codec {

/// Fastest zlib level: on OTLP it keeps about 90% of level 6's ratio at a third of its time.
constexpr int kGzipFastLevel = 1;

/// Appends `in` as one gzip member to `out`. `level` 1 to 9. kInternal if zlib has no memory; `out`
/// is then as it was.
[[nodiscard]] Status gzip_append(std::string_view in, std::string& out, int level = kGzipFastLevel);

[[nodiscard]] Result<std::string> gzip_compress(std::string_view in, int level = kGzipFastLevel);

/// One gzip member made from pieces. Move-only. Holds about 270 KB while it lives, whatever its
/// length.
///
///   auto stream = GzipStream::begin();
///   stream->add(piece, out);  ...  stream->finish(out);
class GzipStream {
 public:
  GzipStream(GzipStream&& other) noexcept;
  GzipStream& operator=(GzipStream&& other) noexcept;
  ~GzipStream();

  /// kInternal if zlib has no memory.
  [[nodiscard]] static Result<GzipStream> begin(int level = kGzipFastLevel);

  /// Appends the compressed form of `in` to `out`, all of it: whoever gets `out` can read up to
  /// here (a sync flush, 5 bytes a piece). kInternal if zlib fails; the stream is then of no more
  /// use.
  [[nodiscard]] Status add(std::string_view in, std::string& out);
  /// Appends the end: what was kept, length and checksum. Once, as the last call.
  [[nodiscard]] Status finish(std::string& out);

 private:
  struct Deflate;

  explicit GzipStream(std::unique_ptr<Deflate> deflate);

  std::unique_ptr<Deflate> deflate_;
};

}  // namespace binnacle::codec
