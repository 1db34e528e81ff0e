// The real thing: processes that are killed, and a file system that is full.

#include "base/hash.h"
#include "base/long_run_for_test.h"
#include "base/random.h"
#include "io/file/posix_file_system.h"
#include "store/disk/store_directory.h"
#include "store/disk/wal.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace binnacle {
namespace {

const int kKills = rounds_of_test(25, 250);
constexpr int kAppenders = 3;

/// A text that shows whether it is whole: its number, padding by its number, their hash.
std::string text_of(std::uint64_t number) {
  std::string text = std::to_string(number) + ":" + std::string(number * 37 % 2000, 'p');
  return text + "#" + std::to_string(hash64(text));
}

/// The number of a whole text; nothing for anything else.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) {
    return std::nullopt;
  }
  return text == text_of(number) ? std::optional(number) : std::nullopt;
}

/// Logs texts, flushes them into parts and merges those. Any thread may append.
class TextStore {
 public:
  explicit TextStore(const std::string& directory, std::uint64_t reserve_bytes = 0)
      : reserve_(fs_, directory,
                 {.reserve_bytes = reserve_bytes, .hysteresis_bytes = 64 << 10, .refresh_ns = 0},
                 clock_, probe_) {
    Result<std::unique_ptr<StoreDirectory>> store =
        StoreDirectory::open(fs_, directory, {.kind = "texts"}, cache_, probe_);
    if (!store) {
      error_ = store.error().message;
      return;
    }
    store_ = std::move(*store);
    WalOptions options;
    options.segment_bytes = 256 << 10;
    options.preallocate_bytes = 64 << 10;
    options.reopen_wait_ns = 1;
    Result<std::unique_ptr<Wal>> wal =
        Wal::open(fs_, store_->wal_directory(), store_->set_aside_directory(), options, clock_,
                  reserve_, probe_, store_->wal_checkpoint(), [this](const WalRecord& record) {
                    head_.emplace(record.sequence, std::string(record.payload));
                    return Result<ReplayOutcome>(ReplayOutcome::kUsed);
                  });
    if (!wal) {
      error_ = wal.error().message;
      return;
    }
    wal_ = std::move(*wal);
    for (const WalDamage& damage : wal_->damage()) error_ += damage.message;
    for (const std::string& warning : store_->warnings()) error_ += warning;
  }
  ~TextStore() { wal_.reset(); }

  /// Empty, or why it did not open whole.
  [[nodiscard]] const std::string& error() const { return error_; }

  /// Waits until the text is durable, or says why not.
  Status append(const std::string& text) {
    std::promise<Status> done;
    const Result<WalSequence> queued =
        wal_->append({.payload = text}, [&](Result<WalSequence> durable) {
          if (durable) {
            const std::scoped_lock lock(mutex_);
            head_.emplace(*durable, text);
          }
          done.set_value(durable ? Status{} : Status(std::unexpected(durable.error())));
        });
    if (!queued) return std::unexpected(queued.error());
    return done.get_future().get();
  }

  Status flush() {
    std::map<WalSequence, std::string> head;
    {
      const std::scoped_lock lock(mutex_);
      head = head_;
    }
    if (head.empty()) return {};
    std::string texts;
    for (const auto& [sequence, text] : head) texts += text + "\n";
    const WalSequence through = head.rbegin()->first;
    if (Status s = add_part(texts, {.wal_checkpoint = through}); !s) return s;
    {
      const std::scoped_lock lock(mutex_);
      head_.erase(head_.begin(), head_.upper_bound(through));
    }
    wal_->end_segment();
    return wal_->release_through(through);
  }

  Status merge() {
    const PartSnapshot parts = store_->parts();
    if (parts->size() < 4) return {};
    StoreEdit edit;
    std::string texts;
    for (const auto& part : *parts) {
      const Result<Block> block = part->reader().read_once("texts");
      if (!block) return std::unexpected(block.error());
      texts += **block;
      edit.remove.push_back(part->id());
    }
    return add_part(texts, std::move(edit));
  }

  /// Numbers of all texts; a text that is not whole gives an error.
  Result<std::multiset<std::uint64_t>> numbers() const {
    std::multiset<std::uint64_t> out;
    std::string all;
    for (const auto& [sequence, text] : head_) all += text + "\n";
    const PartSnapshot live = store_->parts();
    for (const auto& part : *live) {
      const Result<Block> block = part->reader().read("texts");
      if (!block) return std::unexpected(block.error());
      all += **block;
    }
    std::string_view rest = all;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const auto number = number_of(rest.substr(0, end));
      if (!number) return fail(ErrorCode::kDataLoss, std::string(rest.substr(0, end)));
      out.insert(*number);
      rest.remove_prefix(end + 1);
    }
    return out;
  }

 private:
  Status add_part(const std::string& texts, StoreEdit edit) {
    auto writer = store_->begin_part(1);
    if (!writer) return std::unexpected(writer.error());
    if (Status s = (*writer)->add_block("texts", 0, texts); !s) return s;
    Result<FinishedPart> part = (*writer)->finish();
    if (!part) return std::unexpected(part.error());
    edit.add.push_back({*part, ""});
    Status status = store_->commit(edit);
    if (!status) store_->discard(*part);
    return status;
  }

  PosixFileSystem fs_;
  SystemClock clock_;
  DiskProbe probe_;
  BlockCache cache_{1 << 20, probe_};
  DiskReserve reserve_;
  std::string error_;
  std::unique_ptr<StoreDirectory> store_;
  std::unique_ptr<Wal> wal_;
  std::mutex mutex_;
  std::map<WalSequence, std::string> head_;
};

std::string make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "binnacle_kill_XXXXXX").string();
  return ::mkdtemp(name.data());
}

/// Appends for ever from several threads, flushing and merging between, and writes the number of
/// each acknowledged text to `out`. Ends by being killed.
[[noreturn]] void append_until_killed(const std::string& directory, std::uint64_t first, int out) {
  TextStore store(directory);
  if (!store.error().empty()) ::_exit(3);
  std::atomic<std::uint64_t> next{first};
  const auto appender = [&] {
    while (true) {
      const std::uint64_t number = next++;
      if (!store.append(text_of(number))) ::_exit(4);
      if (::write(out, &number, sizeof number) != sizeof number) ::_exit(5);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kAppenders; ++i) threads.emplace_back(appender);
  while (true) {
    if (!store.flush() || !store.merge()) ::_exit(6);
  }
}

TEST(DiskProcess, KilledAnywhereAgainAndAgainLosesNothingAcknowledged) {
  const std::string parent_directory = make_directory();
  const std::string directory = parent_directory + "/store";
  Random random(42);
  std::set<std::uint64_t> acknowledged;
  std::uint64_t first = 1;
  for (int kill = 0; kill < kKills; ++kill) {
    std::array<int, 2> pipe_ends{};
    ASSERT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe_ends[0]);
      append_until_killed(directory, first, pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    const std::uint64_t kill_after = 1 + random.below(400);
    std::uint64_t number = 0;
    std::uint64_t received = 0;
    while (::read(pipe_ends[0], &number, sizeof number) == sizeof number) {
      acknowledged.insert(number);
      if (++received == kill_after) ::kill(child, SIGKILL);
    }
    ::close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "child ended by itself with " << WEXITSTATUS(status);
    TextStore store(directory);
    ASSERT_EQ(store.error(), "") << "kill " << kill;
    const auto numbers = store.numbers();
    ASSERT_TRUE(numbers.has_value()) << "half a text: " << numbers.error().message;
    for (const std::uint64_t wanted : acknowledged) {
      ASSERT_EQ(numbers->count(wanted), 1U) << "text " << wanted << " after kill " << kill;
    }
    first = *numbers->rbegin() + 1;
  }
  EXPECT_GT(acknowledged.size(), static_cast<std::size_t>(kKills));
  std::filesystem::remove_all(parent_directory);
}

void write_text(const char* path, const std::string& text) { std::ofstream(path) << text; }

/// Exit codes of the process in its own namespace.
enum FullDiskOutcome : int {
  kFullDiskGood = 0,
  kFullDiskNotPermitted = 77,
  kFullDiskDidNotOpen = 10,
  kFullDiskNeverFull = 11,
  kFullDiskWrongError = 12,
  kFullDiskFlushFailed = 13,
  kFullDiskDidNotRecover = 14,
  kFullDiskLost = 15,
};

/// Fills a 12 MB tmpfs through the store. `reserve_bytes` 0: up to the last byte.
FullDiskOutcome fill_and_recover(const std::string& directory, std::uint64_t reserve_bytes) {
  std::set<std::uint64_t> acknowledged;
  std::uint64_t number = 1;
  // What another program leaves of the disk.
  const std::string ballast = directory + "/ballast";
  write_text(ballast.c_str(), std::string(4 << 20, 'b'));
  {
    TextStore store(directory + "/store", reserve_bytes);
    if (!store.error().empty()) return kFullDiskDidNotOpen;
    Status status;
    for (; number < 200'000 && status; ++number) {
      status = store.append(text_of(number));
      if (status) acknowledged.insert(number);
    }
    if (status) return kFullDiskNeverFull;
    if (!status.error().retryable() || status.error().retry_after_ns <= 0) {
      return kFullDiskWrongError;
    }
    // With the reserve there is room to bring the log into a part, even now.
    if (reserve_bytes > 0 && !store.flush()) return kFullDiskFlushFailed;
    std::filesystem::remove(ballast);
    const Status again = store.append(text_of(++number));
    if (!again) return kFullDiskDidNotRecover;
    acknowledged.insert(number);
  }
  const TextStore store(directory + "/store", reserve_bytes);
  if (!store.error().empty()) return kFullDiskLost;
  const auto numbers = store.numbers();
  if (!numbers) return kFullDiskLost;
  for (const std::uint64_t wanted : acknowledged) {
    if (numbers->count(wanted) != 1) return kFullDiskLost;
  }
  return kFullDiskGood;
}

/// Runs fill_and_recover on a small tmpfs that only a child process sees.
int full_disk_in_child(std::uint64_t reserve_bytes) {
  const std::string directory = make_directory();
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ::_exit(kFullDiskNotPermitted);
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
    write_text("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
    if (::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=12m") != 0) {
      ::_exit(kFullDiskNotPermitted);
    }
    ::_exit(fill_and_recover(directory, reserve_bytes));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  std::filesystem::remove_all(directory);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(FullTmpfs, RefusesAtTheReserveFlushesAndRecovers) {
  const int outcome = full_disk_in_child(4 << 20);
  if (outcome == kFullDiskNotPermitted) GTEST_SKIP() << "user namespaces are not permitted here";
  EXPECT_EQ(outcome, kFullDiskGood);
}

TEST(FullTmpfs, RefusesAtTheLastByteAndRecovers) {
  const int outcome = full_disk_in_child(0);
  if (outcome == kFullDiskNotPermitted) GTEST_SKIP() << "user namespaces are not permitted here";
  EXPECT_EQ(outcome, kFullDiskGood);
}

}  // namespace
}  // namespace binnacle
