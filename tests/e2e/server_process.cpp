#include "tests/e2e/server_process.h"

#include "codec/json_document.h"

#include <spawn.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

extern char** environ;

namespace binnacle::e2e {
namespace {

constexpr int kPatienceMs = 60'000;

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Starts `program` with stdout and stderr to the descriptor `output` (-1: ours).
pid_t spawn(const std::string& program, std::vector<std::string> words,
            const std::map<std::string, std::string>& more_environment, int output) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!more_environment.contains(std::string(text.substr(0, text.find('='))))) {
      variables.emplace_back(text);
    }
  }
  for (const auto& [name, value] : more_environment) variables.push_back(name + "=" + value);
  words.insert(words.begin(), program);
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  };
  std::vector<char*> argv = pointers(words);
  std::vector<char*> envp = pointers(variables);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output >= 0) {
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  }
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

// Waits for the end of a child; kills it when it takes too long. 128 + signal if one ended it.
int wait_for(pid_t pid) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  pollfd ended{handle, POLLIN, 0};
  if (handle >= 0 && ::poll(&ended, 1, kPatienceMs) == 0) ::kill(pid, SIGKILL);
  if (handle >= 0) ::close(handle);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Waits until `name` appears in `folder` or the process ends.
bool wait_for_file(const std::string& folder, const std::string& name, pid_t pid) {
  const int watch = ::inotify_init1(IN_CLOEXEC);
  ::inotify_add_watch(watch, folder.c_str(), IN_MOVED_TO | IN_CREATE);
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  bool is_there = std::filesystem::exists(folder + "/" + name);
  while (!is_there) {
    std::array<pollfd, 2> events{pollfd{watch, POLLIN, 0}, pollfd{process, POLLIN, 0}};
    if (::poll(events.data(), events.size(), kPatienceMs) <= 0) break;
    std::array<char, 4096> ignored{};
    if ((events[0].revents & POLLIN) != 0 && ::read(watch, ignored.data(), ignored.size()) < 0)
      break;
    is_there = std::filesystem::exists(folder + "/" + name);
    if ((events[1].revents & POLLIN) != 0) break;
  }
  ::close(watch);
  ::close(process);
  return is_there;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "binnacle-e2e-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string binnacle_program() { return BINNACLE_PROGRAM; }

ProgramResult run_program(const std::string& program, const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment) {
  const TemporaryFolder folder;
  const std::string output = folder.path() + "/output";
  const int file = ::open(output.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const pid_t pid = spawn(program, arguments, environment, file);
  ::close(file);
  ProgramResult result;
  if (pid > 0) result.exit_status = wait_for(pid);
  result.output = slurp(output);
  return result;
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) kill();
}

bool ServerProcess::start(const std::vector<std::string>& more_arguments) {
  const std::string ready = folder_ + "/ready.json";
  std::filesystem::remove(ready);
  std::vector<std::string> words = {"serve",       "--ephemeral-ports",   "--data_dir",
                                    data_folder(), "--ready-file",        ready,
                                    "--config",    folder_ + "/empty.yml"};
  std::ofstream(folder_ + "/empty.yml").flush();
  words.insert(words.end(), more_arguments.begin(), more_arguments.end());
  pid_ = spawn(binnacle_program(), words, {}, -1);
  if (pid_ < 0 || !wait_for_file(folder_, "ready.json", pid_)) return false;
  const auto document = codec::JsonDocument::parse(slurp(ready));
  if (!document) return false;
  addresses_.clear();
  for (const codec::JsonMember port : document->root().find("ports").members()) {
    addresses_[std::string(port.name)] = std::string(port.value.string());
  }
  return !addresses_.empty();
}

int ServerProcess::wait() {
  const int status = wait_for(pid_);
  pid_ = -1;
  return status;
}

int ServerProcess::stop() {
  ::kill(pid_, SIGTERM);
  return wait();
}

void ServerProcess::kill() {
  ::kill(pid_, SIGKILL);
  wait();
}

std::string ServerProcess::url(const std::string& port) const {
  const auto it = addresses_.find(port);
  return it == addresses_.end() ? "" : "http://" + it->second;
}

}  // namespace binnacle::e2e
