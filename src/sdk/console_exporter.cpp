#include "sdk/console_exporter.h"

#include "sdk/tick_clock.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace binnacle::sdk {

namespace {

constexpr std::int64_t kPatienceNs = 5'000'000'000;

class ConsoleExporter final : public BatchExporter {
 public:
  ConsoleExporter(int fd, const char* name) : fd_(fd), name_(name) {}

  void start(const EncodedBatch& batch) override {
    rest_ = batch.body();
    lines_ = batch.items;
    size_ = rest_.size();
    last_progress_ns_ = monotonic_ns();
  }

  std::optional<ExportResult> poll() override {
    while (!rest_.empty()) {
      pollfd event{fd_, POLLOUT, 0};
      if (::poll(&event, 1, 0) <= 0) {
        if (monotonic_ns() - last_progress_ns_ < kPatienceNs) return std::nullopt;
        return give_up("nobody reads it");
      }
      // What poll() calls writable takes PIPE_BUF bytes without blocking.
      const ssize_t written =
          write(fd_, rest_.data(), std::min<std::size_t>(rest_.size(), PIPE_BUF));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return give_up("it is closed");
      rest_.remove_prefix(static_cast<std::size_t>(written));
      last_progress_ns_ = monotonic_ns();
    }
    return ExportResult{.message = {}, .sent_bytes = size_};
  }

  void cancel() noexcept override { rest_ = {}; }

  int blocked_fd() const noexcept override { return rest_.empty() ? -1 : fd_; }
  std::int64_t next_event_ns() const noexcept override { return last_progress_ns_ + kPatienceNs; }

 private:
  ExportResult give_up(const char* reason) {
    const auto left = static_cast<std::uint64_t>(std::count(rest_.begin(), rest_.end(), '\n'));
    const std::uint64_t written_bytes = size_ - rest_.size();
    rest_ = {};
    return {.rejected_items = std::min<std::uint64_t>(left, lines_),
            .message = std::string("cannot write to ") + name_ + ": " + reason,
            .sent_bytes = written_bytes};
  }

  const int fd_;
  const char* const name_;
  std::string_view rest_;
  std::size_t lines_ = 0;
  std::size_t size_ = 0;
  std::int64_t last_progress_ns_ = 0;
};

}  // namespace

std::unique_ptr<BatchExporter> make_console_exporter(int fd, const char* name) {
  return std::make_unique<ConsoleExporter>(fd, name);
}

}  // namespace binnacle::sdk
