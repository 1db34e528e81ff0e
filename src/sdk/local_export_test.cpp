#include "sdk/console_exporter.h"
#include "sdk/file_exporter.h"
#include "sdk/recording_for_test.h"
#include "sdk/spool.h"

#include <binnacle/config.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

// Exporters that stay on this machine: console, files, spool.

namespace binnacle::sdk {
namespace {

class LocalExportTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/local_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  static std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::vector<std::string> names(const std::string& in = "") const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path(in))) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static ExportResult send(BatchExporter& exporter, const EncodedBatch& batch) {
    exporter.start(batch);
    return exporter.poll().value_or(ExportResult{.outcome = ExportOutcome::kRefused});
  }

  std::string directory_;
};

TEST_F(LocalExportTest, ConsoleWritesALinePerSpan) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  dup2(ends[1], STDOUT_FILENO);
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_kind(ExporterKind::kConsole).with_endpoint("stdout")};
  config.exporters[0].takes_metrics = false;
  const bool is_started = init_observability(config);
  {
    const ActiveSpan parent("par\"ent\x1b[31m");
    const ActiveSpan span("child", SpanOptions().with_kind(SpanKind::kClient));
    span.set_attributes({{"text", "va\nlue"}, {"n", 42}, {"list", std::vector<double>{1.5, 2}}});
    span.add_event("retry").set_error("timed out");
  }
  const bool is_done = shutdown(5000);
  dup2(saved, STDOUT_FILENO);
  close(saved);
  close(ends[1]);
  char buffer[4096];
  const ssize_t size = read(ends[0], buffer, sizeof buffer);
  close(ends[0]);
  ASSERT_TRUE(is_started && is_done);
  ASSERT_GT(size, 0);
  const std::string text(buffer, static_cast<std::size_t>(size));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  for (const char* part : {" CLIENT \"child\" ", " ms ERROR \"timed out\" trace=", " parent=",
                           " {text=\"va\\x0alue\", n=42, list=[1.5, 2]}", " events=[\"retry\"]",
                           " INTERNAL \"par\\\"ent\\x1b[31m\" "}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST_F(LocalExportTest, ConsoleIsNotHeldUpByAReaderWhoDoesNotRead) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const auto exporter = make_console_exporter(ends[1], "pipe");
  const EncodedBatch batch = make_batch(Signal::kTraces, std::string(1 << 20, 'x'), 1);
  exporter->start(batch);
  EXPECT_FALSE(exporter->poll().has_value());  // at once
  EXPECT_EQ(exporter->blocked_fd(), ends[1]);
  EXPECT_LT(exporter->next_event_ns(), INT64_MAX);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(LocalExportTest, FilesAreRotatedAndKept) {
  const std::string file = path("traces.jsonl");
  const auto exporter = make_file_exporter({.path = file, .limit_bytes = 30, .rotated_files = 2});
  for (const char* line : {"{\"a\":1}", "{\"b\":22222222222}", "{\"c\":3}", "{\"d\":44444444444}",
                           "{\"e\":55555555555555}", "{\"f\":6}"}) {
    EXPECT_EQ(send(*exporter, make_batch(Signal::kTraces, line, 1)).outcome,
              ExportOutcome::kDelivered);
  }
  EXPECT_EQ(names(),
            (std::vector<std::string>{"traces.jsonl", "traces.jsonl.1", "traces.jsonl.2"}));
  EXPECT_EQ(contents(file), "{\"e\":55555555555555}\n{\"f\":6}\n");
  EXPECT_EQ(contents(file + ".1"), "{\"c\":3}\n{\"d\":44444444444}\n");
  EXPECT_EQ(contents(file + ".2"), "{\"a\":1}\n{\"b\":22222222222}\n");
}

TEST_F(LocalExportTest, SignalsHaveFilesOfTheirOwn) {
  EXPECT_EQ(signal_path("a/b.jsonl", Signal::kTraces), "a/b.jsonl");
  EXPECT_EQ(signal_path("a/b.jsonl", Signal::kMetrics), "a/b.metrics.jsonl");
  EXPECT_EQ(signal_path("a.b/c", Signal::kLogs), "a.b/c.logs");
  EXPECT_EQ(signal_path("a/.c", Signal::kLogs), "a/.c.logs");
}

TEST_F(LocalExportTest, ProcessesShareAFileWithoutTearingLines) {
  const std::string file = path("traces.jsonl");
  constexpr int kProcesses = 4;
  constexpr int kLines = 200;
  for (int process = 0; process < kProcesses; ++process) {
    if (fork() == 0) {
      const auto exporter =
          make_file_exporter({.path = file, .limit_bytes = 20'000, .rotated_files = 100});
      const std::string line(100, static_cast<char>('a' + process));
      for (int i = 0; i < kLines;) {
        if (send(*exporter, make_batch(Signal::kTraces, line, 1)).outcome ==
            ExportOutcome::kDelivered) {
          ++i;
        }
      }
      _exit(0);
    }
  }
  for (int process = 0; process < kProcesses; ++process) {
    int status = 0;
    wait(&status);
    EXPECT_EQ(status, 0);
  }
  int lines = 0;
  for (const std::string& name : names()) {
    std::istringstream text(contents(path(name)));
    for (std::string line; std::getline(text, line); ++lines) {
      EXPECT_EQ(line, std::string(100, line.front()));
    }
  }
  EXPECT_EQ(lines, kProcesses * kLines);
}

TEST_F(LocalExportTest, AFileThatCannotBeWrittenIsTriedAgain) {
  const auto exporter = make_file_exporter({.path = path("absent/traces.jsonl")});
  const ExportResult result = send(*exporter, make_batch(Signal::kTraces, "{}", 1));
  EXPECT_EQ(result.outcome, ExportOutcome::kRetry);
  EXPECT_NE(result.message.find("absent/traces.jsonl"), std::string::npos);
}

TEST_F(LocalExportTest, SpooledFilesAreWholeOrNot) {
  const std::string file = encode_spooled(make_batch(Signal::kLogs, "body", 3));
  const auto batch = decode_spooled(file);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->body(), "body");
  EXPECT_EQ(batch->items, 3U);
  EXPECT_EQ(batch->signal, Signal::kLogs);
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string broken = file;
    broken[i] = static_cast<char>(broken[i] ^ 0x10);
    EXPECT_FALSE(decode_spooled(broken).has_value()) << i;
    EXPECT_FALSE(decode_spooled(file.substr(0, i)).has_value()) << i;
  }
  EXPECT_FALSE(decode_spooled(file + "x").has_value());
}

TEST_F(LocalExportTest, TheSpoolSurvivesARestartInOrder) {
  std::uint64_t dropped = 0;
  {
    const auto spool = Spool::open(path("a/b/spool"), 1 << 20);
    ASSERT_NE(spool, nullptr);
    for (const char* body : {"one", "two", "three"}) {
      EXPECT_TRUE(spool->put(make_batch(Signal::kTraces, body, 1), dropped));
    }
  }
  const auto spool = Spool::open(path("a/b/spool"), 1 << 20);
  for (const char* body : {"one", "two", "three"}) {
    const auto batch = spool->oldest();
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->body(), body);
    spool->remove_oldest();
  }
  EXPECT_FALSE(spool->oldest().has_value());
  EXPECT_EQ(names("a/b/spool"), std::vector<std::string>{"lock"});
}

TEST_F(LocalExportTest, TheSpoolsOldestMakeRoom) {
  std::uint64_t dropped = 0;
  const auto spool = Spool::open(path("spool"), 1'000);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(spool->put(make_batch(Signal::kTraces, std::string(200, 'x'), 2), dropped));
  }
  EXPECT_EQ(dropped, 32U);  // four of 232 bytes fit
  EXPECT_FALSE(spool->put(make_batch(Signal::kTraces, std::string(2'000, 'x'), 2), dropped));
  EXPECT_EQ(dropped, 32U);  // nothing had to go for what does not fit anyway
}

TEST_F(LocalExportTest, BrokenAndForeignFilesAreSetAside) {
  std::uint64_t dropped = 0;
  std::filesystem::create_directories(path("spool/002.batch"));
  std::ofstream(path("spool/000.batch")) << "rubbish";
  std::ofstream(path("spool/001.batch")).flush();
  std::ofstream(path("spool/notes.txt")) << "somebody's";
  const auto spool = Spool::open(path("spool"), 1 << 20);
  EXPECT_TRUE(spool->put(make_batch(Signal::kTraces, "good", 1), dropped));
  const auto batch = spool->oldest();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->body(), "good");
  spool->remove_oldest();
  EXPECT_EQ(names("spool"), (std::vector<std::string>{"000.batch.bad", "001.batch.bad", "002.batch",
                                                      "lock", "notes.txt"}));
}

TEST_F(LocalExportTest, OneProcessTakesOutWhatAllPutIn) {
  std::uint64_t dropped = 0;
  auto first = Spool::open(path("spool"), 1 << 20);
  EXPECT_TRUE(first->put(make_batch(Signal::kTraces, "of the first", 1), dropped));
  EXPECT_TRUE(first->oldest().has_value());
  const auto in_child = [&](bool is_taker) {
    const pid_t child = fork();
    if (child == 0) {
      const auto second = Spool::open(path("spool"), 1 << 20);
      std::uint64_t ignored = 0;
      const bool is_put = second->put(make_batch(Signal::kTraces, "of a child", 1), ignored);
      _exit(is_put && second->oldest().has_value() == is_taker ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0;
  };
  EXPECT_TRUE(in_child(false));  // the first is at it
  first.reset();                 // and goes before it could send
  EXPECT_TRUE(in_child(true));
  const auto third = Spool::open(path("spool"), 1 << 20);
  for (const char* body : {"of the first", "of a child", "of a child"}) {
    const auto batch = third->oldest();
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->body(), body);
    third->remove_oldest();
  }
}

}  // namespace
}  // namespace binnacle::sdk
