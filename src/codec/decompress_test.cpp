#include "codec/decompress.h"

#include "base/random.h"
#include "codec/gzip_compress.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

namespace binnacle::codec {
namespace {

using namespace std::string_literals;

std::string noise(std::size_t n) {
  Random random(7);
  std::string out(n, '\0');
  for (char& c : out) c = static_cast<char>(random.next());
  return out;
}

std::string prose(std::size_t n) {
  Random random(11);
  std::string out;
  while (out.size() < n) out += "GET /cart " + std::to_string(random.below(100'000)) + ";";
  out.resize(n);
  return out;
}

std::string gzip(std::string_view in, int level = kGzipFastLevel) {
  auto out = gzip_compress(in, level);
  EXPECT_TRUE(out) << out.error().message;
  return *out;
}

std::string zstd(std::string_view in, bool with_size = true) {
  ZSTD_CCtx* c = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, with_size ? 1 : 0);
  std::string out(ZSTD_compressBound(in.size()), '\0');
  out.resize(ZSTD_compress2(c, out.data(), out.size(), in.data(), in.size()));
  ZSTD_freeCCtx(c);
  return out;
}

// zlib's and raw deflate forms of "hello", from RFC 1950 and 1951 (fixed Huffman codes).
const std::string kZlibHello = "\x78\x9C\xCB\x48\xCD\xC9\xC9\x07\x00\x06\x2C\x02\x15"s;
const std::string kRawHello = "\xCB\x48\xCD\xC9\xC9\x07\x00"s;

TEST(Decompress, ReadsWhatGzipStreamWroteUpToEachPiece) {
  auto stream = GzipStream::begin();
  ASSERT_TRUE(stream);
  std::string packed;
  std::string whole;
  for (const std::size_t size : {0UZ, 1UZ, 70'000UZ, 0UZ, 3UZ, 400'000UZ}) {
    const std::string piece = prose(size);
    whole += piece;
    ASSERT_TRUE(stream->add(piece, packed));
  }
  ASSERT_TRUE(stream->finish(packed));
  EXPECT_LT(packed.size(), whole.size() / 2);
  EXPECT_EQ(decompress(Compression::kGzip, packed), whole);
  auto empty = GzipStream::begin();
  ASSERT_TRUE(empty);
  packed.clear();
  ASSERT_TRUE(empty->finish(packed));
  EXPECT_EQ(decompress(Compression::kGzip, packed), "");
}

TEST(Decompress, GzipRoundTripsAtManySizes) {
  for (const std::size_t n : {0U, 1U, 100U, 4096U, 65537U, 3'000'000U}) {
    for (const int level : {1, 6, 9}) {
      for (const std::string& in : {noise(n), prose(n)}) {
        const auto out = decompress(Compression::kGzip, gzip(in, level));
        ASSERT_TRUE(out) << out.error().message;
        EXPECT_EQ(*out, in);
      }
    }
  }
}

TEST(Decompress, GzipMembersMayFollowEachOther) {
  const auto out = decompress(Compression::kGzip, gzip("one ") + gzip("") + gzip(prose(70'000)));
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(*out, "one " + prose(70'000));
}

TEST(Decompress, ZstdRoundTripsWithAndWithoutStatedSize) {
  for (const std::size_t n : {0U, 1U, 4096U, 65537U, 3'000'000U}) {
    for (const bool with_size : {true, false}) {
      const auto out = decompress(Compression::kZstd, zstd(prose(n), with_size));
      ASSERT_TRUE(out) << out.error().message;
      EXPECT_EQ(*out, prose(n));
    }
  }
  const auto two = decompress(Compression::kZstd, zstd("one ") + zstd("two", false));
  ASSERT_TRUE(two) << two.error().message;
  EXPECT_EQ(*two, "one two");
}

TEST(Decompress, DeflateMeansZlibButRawIsAccepted) {
  EXPECT_EQ(decompress(Compression::kDeflate, kZlibHello).value(), "hello");
  EXPECT_EQ(decompress(Compression::kDeflate, kRawHello).value(), "hello");
}

TEST(Decompress, StopsAtTheSizeLimitAndNotBefore) {
  const std::string in = prose(100'000);
  for (const auto& [compression, body] :
       {std::pair{Compression::kGzip, gzip(in)}, std::pair{Compression::kZstd, zstd(in)},
        std::pair{Compression::kZstd, zstd(in, false)}, std::pair{Compression::kNone, in}}) {
    EXPECT_TRUE(decompress(compression, body, {.max_bytes = 100'000}));
    const auto out = decompress(compression, body, {.max_bytes = 99'999});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, ErrorCode::kResourceExhausted);
    EXPECT_NE(out.error().message.find("exceeds 99999 bytes"), std::string::npos)
        << out.error().message;
  }
}

TEST(Decompress, StopsBombsByRatio) {
  const std::string zeros(40'000'000, '\0');
  for (const auto& [compression, body] : {std::pair{Compression::kGzip, gzip(zeros, 9)},
                                          std::pair{Compression::kZstd, zstd(zeros)}}) {
    const auto out = decompress(compression, body);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, ErrorCode::kResourceExhausted);
    EXPECT_NE(out.error().message.find("512 times"), std::string::npos) << out.error().message;
  }
}

TEST(Decompress, RefusesWhatFollowsTheEnd) {
  for (const auto& [compression, body] :
       {std::pair{Compression::kGzip, gzip("hello") + "garbage"},
        std::pair{Compression::kZstd, zstd("hello") + "garbage"},
        std::pair{Compression::kDeflate, kZlibHello + "garbage"}}) {
    const auto out = decompress(compression, body);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(Decompress, EveryTruncationAndBitFlipIsAnErrorOrTheSameText) {
  const std::string in = prose(300);
  for (const auto& [compression, body] :
       {std::pair{Compression::kGzip, gzip(in)}, std::pair{Compression::kZstd, zstd(in)},
        std::pair{Compression::kZstd, zstd(in, false)},
        std::pair{Compression::kDeflate, kZlibHello}}) {
    for (std::size_t n = 0; n < body.size(); ++n) {
      EXPECT_FALSE(decompress(compression, std::string_view(body).substr(0, n))) << n;
    }
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
      std::string flipped = body;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      const auto out = decompress(compression, flipped, {.max_bytes = 1 << 20});
      // Zlib and gzip carry checksums; a flip in the gzip header's time or flags may go unseen.
      if (out && compression == Compression::kGzip) {
        EXPECT_EQ(*out, in) << bit;
      }
    }
  }
}

TEST(Compression, NamesAreThoseOfContentEncoding) {
  EXPECT_EQ(compression_from_name("gzip"), Compression::kGzip);
  EXPECT_EQ(compression_from_name("X-GZIP"), Compression::kGzip);
  EXPECT_EQ(compression_from_name("zstd"), Compression::kZstd);
  EXPECT_EQ(compression_from_name("deflate"), Compression::kDeflate);
  EXPECT_EQ(compression_from_name("identity"), Compression::kNone);
  EXPECT_EQ(compression_from_name(""), Compression::kNone);
  EXPECT_EQ(compression_from_name("br"), std::nullopt);
}

TEST(Compression, IsDetectedByMagicNumbers) {
  EXPECT_EQ(detect_compression(gzip("x")), Compression::kGzip);
  EXPECT_EQ(detect_compression(zstd("x")), Compression::kZstd);
  EXPECT_EQ(detect_compression("{}"), Compression::kNone);
  EXPECT_EQ(detect_compression(""), Compression::kNone);
}

}  // namespace
}  // namespace binnacle::codec
