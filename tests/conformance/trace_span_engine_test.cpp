#include "io/file/posix_file_system.h"
#include "store/trace/trace_store.h"
#include "tests/conformance/span_store_conformance.h"

#include <cstdlib>
#include <filesystem>

// The engine on disk, in the states its spans can be in: log and head only, a part per append,
// merged, and reopened all the time.

namespace binnacle::conformance {
namespace {

enum class Mode { kHead, kFlushed, kMerged, kReopened, kReopenedFlushed };

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "binnacle-spans-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class TraceEngine final : public SpanEngine {
 public:
  TraceEngine(const Clock& clock, Mode mode) : clock_(clock), mode_(mode) {
    directory_ = own_.path() + "/spans";
    open();
  }
  TraceEngine(const Clock& clock, std::string directory)
      : clock_(clock), mode_(Mode::kHead), directory_(std::move(directory)) {
    open();
  }

  SpanStore& store() override { return *store_; }
  void settle() override {
    if (mode_ != Mode::kHead && mode_ != Mode::kReopened) {
      EXPECT_TRUE(store_->flush());
    }
    if (mode_ == Mode::kMerged) {
      EXPECT_TRUE(store_->merge_all());
    }
    if (mode_ == Mode::kReopened || mode_ == Mode::kReopenedFlushed) {
      store_.reset();
      open();
    }
  }
  std::unique_ptr<SpanEngine> open_snapshot(const std::string& directory) override {
    return std::make_unique<TraceEngine>(clock_, directory);
  }

 private:
  void open() {
    TraceStoreOptions options;
    options.directory = directory_;
    options.scheduler.threads = 0;
    auto opened = open_trace_store(fs_, clock_, std::move(options));
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    store_ = std::move(*opened);
  }

  PosixFileSystem fs_;
  const Clock& clock_;
  Mode mode_;
  TemporaryDirectory own_;
  std::string directory_;
  std::unique_ptr<TraceStore> store_;
};

EngineKind kind(std::string name, Mode mode) {
  return {std::move(name),
          [mode](const Clock& clock) { return std::make_unique<TraceEngine>(clock, mode); }, true};
}

INSTANTIATE_TEST_SUITE_P(Trace, SpanStoreConformance,
                         ::testing::Values(kind("Head", Mode::kHead),
                                           kind("Flushed", Mode::kFlushed),
                                           kind("Merged", Mode::kMerged),
                                           kind("Reopened", Mode::kReopened),
                                           kind("ReopenedFlushed", Mode::kReopenedFlushed)),
                         [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace binnacle::conformance
