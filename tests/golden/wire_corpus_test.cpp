// Traces of others, where BINNACLE_SHARED names a folder with them: formats are told and every span
// is decoded.

#include "wire/detect/trace_format.h"
#include "wire/jaeger/decode.h"
#include "wire/jaeger/json_encode.h"
#include "wire/otlp/decode.h"
#include "wire/zipkin/json_decode.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace binnacle::golden {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Result<DecodedSpans> decode_any(const std::string& text) {
  switch (wire::detect_trace_format(text)) {
    case wire::TraceFormat::kOtlpJson:
      return otlp::decode_json(text);
    case wire::TraceFormat::kJaegerJson:
      return jaeger::decode_json(text);
    case wire::TraceFormat::kZipkinJson:
      return zipkin::decode_json(text);
    default:
      return fail(ErrorCode::kUnimplemented, "not traces");
  }
}

struct Counts {
  std::size_t spans = 0;
  std::size_t files = 0;
  std::set<TraceId> traces;
};

class TraceCorpus : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("BINNACLE_SHARED");
    if (shared == nullptr) GTEST_SKIP() << "BINNACLE_SHARED is not set";
    corpus_ = fs::path(shared) / "corpus";
  }

  static void add(const fs::path& path, const std::string& text, Counts& counts) {
    const auto spans = decode_any(text);
    if (!spans && spans.error().code == ErrorCode::kUnimplemented) return;
    ASSERT_TRUE(spans) << path << ": " << spans.error().message;
    ASSERT_TRUE(spans->batch.validate()) << path;
    EXPECT_EQ(spans->rejected, 0U) << path << ": " << spans->first_reason;
    ++counts.files;
    counts.spans += spans->batch.size();
    counts.traces.insert(spans->batch.trace_ids.begin(), spans->batch.trace_ids.end());
  }

  // All files below a folder, or one file; JSONL line by line.
  Counts count(const char* where) {
    Counts counts;
    const fs::path path = corpus_ / where;
    if (fs::is_regular_file(path)) {
      add_file(path, counts);
      return counts;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && entry.path().extension() == ".json") {
        add_file(entry.path(), counts);
      }
    }
    return counts;
  }

  static void add_file(const fs::path& path, Counts& counts) {
    if (path.extension() != ".jsonl") return add(path, read(path), counts);
    std::istringstream lines(read(path));
    for (std::string line; std::getline(lines, line);) add(path, line, counts);
  }

  fs::path corpus_;
};

TEST_F(TraceCorpus, EverySpanIsDecoded) {
  const struct {
    const char* where;
    std::size_t spans;
    std::size_t traces;
  } kExpected[] = {
      {"llm/agentevals/helm.json", 96, 1},
      {"llm/agentevals/helm_3.json", 125, 1},
      {"llm/agentevals/tempo_export_with_batches.json", 86, 1},
      {"llm/jaeger-ui-genai", 57, 1},
      {"traces/zipkin-lens", 1293, 10},
      {"traces/zipkin-lens/smartthings-mobile-web-install.json", 1041, 1},
      {"traces/nezha/tt/2023-01-29_08_53.otlp.jsonl", 2853, 0},
      {"traces/kiali", 8, 1},
      {"traces/crisp", 92, 0},
      {"traces/jaeger", 46, 0},
      {"traces/otlp-proto/examples/trace.json", 1, 1},
  };
  for (const auto& expected : kExpected) {
    const Counts counts = count(expected.where);
    EXPECT_EQ(counts.spans, expected.spans) << expected.where;
    if (expected.traces != 0) {
      EXPECT_EQ(counts.traces.size(), expected.traces) << expected.where;
    }
  }
}

// Jaeger UI's own pairs of OTLP and what Jaeger makes of it.
TEST_F(TraceCorpus, JaegerJsonSaysWhatJaegerSays) {
  const std::pair<const char*, const char*> kPairs[] = {
      {"otlp2jaeger-in.json", "otlp2jaeger-out.json"},
      {"otlp2jaeger-multi-in-combined.json", "oltp2jaeger-multi-out.json"}};
  for (const auto& [in, out] : kPairs) {
    const std::string prefix = "traces/jaeger-ui/utils__fixtures__";
    const auto otlp = otlp::decode_json(read(corpus_ / (prefix + in)));
    ASSERT_TRUE(otlp) << otlp.error().message;
    const auto ours = jaeger::decode_json(jaeger::encode_traces(otlp->batch));
    const auto theirs = jaeger::decode_json(read(corpus_ / (prefix + out)));
    ASSERT_TRUE(ours && theirs);
    // Encoded once more, because equal processes may have any number of names.
    EXPECT_EQ(jaeger::encode_traces(ours->batch), jaeger::encode_traces(theirs->batch));
  }
}

}  // namespace
}  // namespace binnacle::golden
