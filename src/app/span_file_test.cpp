#include "app/span_file.h"

#include "codec/gzip_compress.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace binnacle::app {
namespace {

const std::string kOtlpLine =
    R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001","spanId":"0000000000000002","name":"a"}]}]}]})";

struct Seen {
  std::vector<std::uint64_t> lines;
  std::size_t spans = 0;
  std::vector<std::string> errors;
  Status status;
};

Seen read(std::string_view bytes) {
  Seen seen;
  seen.status = read_span_bytes(bytes, [&](SpanFilePiece&& piece) {
    seen.lines.push_back(piece.line);
    if (piece.spans) {
      seen.spans += piece.spans->batch.size();
    } else {
      seen.errors.push_back(piece.spans.error().message);
    }
    return true;
  });
  return seen;
}

TEST(SpanFile, LinesAreReadOneByOneAndABadOneSpoilsOnlyItself) {
  const Seen seen = read(kOtlpLine + "\n{\"resourceSpans\": [}\n\n" + kOtlpLine + "\n");
  ASSERT_TRUE(seen.status);
  EXPECT_EQ(seen.lines, (std::vector<std::uint64_t>{1, 2, 4}));
  EXPECT_EQ(seen.spans, 2U);
  ASSERT_EQ(seen.errors.size(), 1U);
}

TEST(SpanFile, ADocumentSpreadOverLinesIsOneDocument) {
  std::string pretty = kOtlpLine;
  for (std::size_t at = 0; (at = pretty.find(',', at)) != std::string::npos; at += 2) {
    pretty.insert(at + 1, "\n");
  }
  const Seen seen = read(pretty + "\n");
  EXPECT_EQ(seen.lines, (std::vector<std::uint64_t>{0}));
  EXPECT_EQ(seen.spans, 1U);
}

TEST(SpanFile, OneLineWithANewlineIsOneDocument) {
  EXPECT_EQ(read(kOtlpLine + "\n").lines, (std::vector<std::uint64_t>{0}));
}

TEST(SpanFile, CompressedFilesAreToldByTheirFirstBytes) {
  const Seen seen = read(*codec::gzip_compress(kOtlpLine + "\n" + kOtlpLine + "\n"));
  ASSERT_TRUE(seen.status) << seen.status.error().message;
  EXPECT_EQ(seen.spans, 2U);
  const std::string whole = *codec::gzip_compress(kOtlpLine);
  EXPECT_FALSE(read(std::string_view(whole).substr(0, whole.size() - 9)).status);
}

TEST(SpanFile, OtherFormatsAreDecodedByTheirOwnDecoders) {
  EXPECT_EQ(read(R"([{"traceId":"1","id":"2"}])").spans, 1U);
  EXPECT_EQ(
      read(
          R"({"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"2","operationName":"x","startTime":1,"duration":1,"processID":"p1"}],"processes":{"p1":{"serviceName":"s"}}}]})")
          .spans,
      1U);
}

TEST(SpanFile, WhatIsNoTraceFileIsSaidSo) {
  EXPECT_FALSE(read("").status);
  EXPECT_FALSE(read("  \n").status);
  const Seen other = read("hello");
  ASSERT_EQ(other.errors.size(), 1U);
  EXPECT_NE(other.errors[0].find("no known format"), std::string::npos);
  const Seen metrics = read(R"({"resourceMetrics":[]})");
  ASSERT_EQ(metrics.errors.size(), 1U);
  EXPECT_NE(metrics.errors[0].find("metrics or logs"), std::string::npos);
}

TEST(SpanFile, AMissingFileIsNamed) {
  const auto status =
      read_span_file("/nonexistent/file.json", [](SpanFilePiece&&) { return true; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace binnacle::app
