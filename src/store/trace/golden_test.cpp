// Span stores written by every earlier format version open for ever, with the same content. A
// directory of tests/golden/formats is never changed; a new version adds one, written by this test
// when BINNACLE_WRITE_GOLDEN names the new directory.

#include "io/file/posix_file_system.h"
#include "store/trace/trace_store.h"
#include "tests/conformance/span_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>

namespace binnacle {
namespace {

namespace files = std::filesystem;
using conformance::append_span;
using conformance::kFirstStartNs;

const std::string kGolden = std::string(BINNACLE_SOURCE_DIR) + "/tests/golden/formats";

class Opened {
 public:
  explicit Opened(const std::string& directory) {
    TraceStoreOptions options;
    options.directory = directory;
    options.scheduler.threads = 0;
    options.reserve = {.reserve_bytes = 0, .hysteresis_bytes = 0};
    auto opened = open_trace_store(fs_, clock_, std::move(options));
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    store_ = std::move(*opened);
  }
  TraceStore* operator->() { return store_.get(); }

  void append(const std::string& tenant, std::uint64_t first_trace) {
    SpanBatch b;
    for (std::uint64_t n = 0; n < 12; ++n) {
      append_span(b, TraceId{7, first_trace + n / 4}, SpanId{1 + n}, SpanKind::kServer,
                  kFirstStartNs + first_trace * 1'000'000 + n * 1'000);
    }
    std::promise<bool> done;
    store_->append({TenantId{tenant}}, std::move(b),
                   [&](Result<AppendResult> r) { done.set_value(r.has_value()); });
    EXPECT_TRUE(done.get_future().get());
  }
  void remove(std::uint64_t trace) {
    std::promise<bool> done;
    store_->remove({}, {TraceId{7, trace}}, [&](Status s) { done.set_value(s.has_value()); });
    EXPECT_TRUE(done.get_future().get());
  }
  std::string text() {
    std::string out;
    for (const char* tenant : {"default", "blue"}) {
      auto cursor = store_->scan({.tenant = TenantId{tenant}, .cancel = {}}, {});
      std::vector<std::string> lines;
      SpanBatch batch;
      while ((*cursor)->next(batch).value_or(false)) {
        for (std::string& line : conformance::span_texts(batch)) lines.push_back(std::move(line));
      }
      EXPECT_TRUE((*cursor)->warnings().empty());
      std::ranges::sort(lines);
      out += std::string(tenant) + "\n";
      for (const std::string& line : lines) out += line + "\n";
    }
    return out;
  }

 private:
  PosixFileSystem fs_;
  ManualClock clock_{1'700'000'100'000'000'000, 1};
  std::unique_ptr<TraceStore> store_;
};

// A part with two tenants, a removal that hides part of it, and a log with spans and a removal.
void write_golden(const std::string& directory) {
  files::create_directories(directory);
  Opened store(directory + "/spans");
  store.append("default", 1);
  store.append("blue", 1);
  EXPECT_TRUE(store->flush());
  store.append("default", 20);
  EXPECT_TRUE(store->flush());
  EXPECT_TRUE(store->merge_all());
  store.remove(2);
  store.append("blue", 30);
  EXPECT_TRUE(store->flush());
  store.append("default", 40);
  store.remove(41);
  std::ofstream(directory + "/spans.txt", std::ios::binary) << store.text();
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(GoldenSpanStore, EveryVersionOpensWithTheSameSpans) {
  if (const char* target = std::getenv("BINNACLE_WRITE_GOLDEN")) write_golden(target);
  std::size_t versions = 0;
  for (const auto& entry : files::directory_iterator(kGolden)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("span_store_v")) continue;
    ++versions;
    std::string copy = (files::temp_directory_path() / "golden-spans-XXXXXX").string();
    ASSERT_NE(::mkdtemp(copy.data()), nullptr);
    files::copy(entry.path() / "spans", copy + "/spans", files::copy_options::recursive);
    const std::string expected = read_text((entry.path() / "spans.txt").string());
    EXPECT_GT(expected.size(), 1'000U) << name;
    {
      Opened store(copy + "/spans");
      EXPECT_EQ(store.text(), expected) << name;
      EXPECT_TRUE(store->flush());
      EXPECT_TRUE(store->merge_all());
      EXPECT_EQ(store.text(), expected) << name << ", rewritten by this version";
    }
    files::remove_all(copy);
  }
  EXPECT_GE(versions, 1U);
}

}  // namespace
}  // namespace binnacle
