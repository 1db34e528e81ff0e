#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

// The real binary as a child process on ports of its own, for end-to-end tests. Thread-confined.
//
//   ServerProcess server(directory);
//   ASSERT_TRUE(server.start());
//   HttpClient client(server.url("otlp_http"), {});

namespace binnacle::e2e {

/// A fresh folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// What a finished program left.
struct ProgramResult {
  int exit_status = -1;  ///< 128 + signal if one ended it
  std::string output;    ///< stdout and stderr
};

/// Runs a program of the build to its end, or kills it after 60 s.
[[nodiscard]] ProgramResult run_program(const std::string& program,
                                        const std::vector<std::string>& arguments,
                                        const std::map<std::string, std::string>& environment = {});

/// Path of the program under test.
[[nodiscard]] std::string binnacle_program();

class ServerProcess {
 public:
  /// Keeps its data and its ready file in `folder`.
  explicit ServerProcess(std::string folder) : folder_(std::move(folder)) {}
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  /// Kills it if it still runs.
  ~ServerProcess();

  /// Starts it on free ports and waits until it is ready (at most 30 s).
  [[nodiscard]] bool start(const std::vector<std::string>& more_arguments = {});
  /// SIGTERM, and waits. The exit status, or 128 + signal.
  int stop();
  /// SIGKILL, and waits.
  void kill();

  /// "http://127.0.0.1:4318" of a port by its name ("otlp_http").
  [[nodiscard]] std::string url(const std::string& port) const;
  [[nodiscard]] std::string data_folder() const { return folder_ + "/data"; }

 private:
  int wait();

  std::string folder_;
  pid_t pid_ = -1;
  std::map<std::string, std::string> addresses_;
};

}  // namespace binnacle::e2e
