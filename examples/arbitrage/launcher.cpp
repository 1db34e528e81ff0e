#include "launcher.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace arbitrage {
namespace {

volatile sig_atomic_t g_stopping = 0;

void on_signal(int) { g_stopping = 1; }

struct Child {
  pid_t pid = -1;
  std::uint16_t port = 0;
};

// Starts `program role ...` with a pipe on which it reports its port.
Child start(const LaunchOptions& options, const std::string& role) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // nothing is left behind when the launcher is killed
    if (::getppid() != parent) ::_exit(1);
    ::fcntl(ends[1], F_SETFD, 0);  // this one is the program's
    const std::string report_text = std::to_string(ends[1]);
    const std::string tasks = std::to_string(options.tasks);
    const std::string pace = fmt::format("{}", options.tasks_per_second);
    ::setenv("OTEL_SERVICE_NAME", role.c_str(), 1);
    ::execl(options.program.c_str(), "arbitrage", role.c_str(), "--texts", options.texts.c_str(),
            "--state", options.state.c_str(), "--report-fd", report_text.c_str(), "--tasks",
            tasks.c_str(), "--pace", pace.c_str(), nullptr);
    std::perror("cannot start");
    ::_exit(127);
  }
  ::close(ends[1]);
  Child child{pid, 0};
  char text[16] = {};
  if (pid > 0 && ::read(ends[0], text, sizeof text - 1) > 0) {
    child.port = static_cast<std::uint16_t>(std::strtoul(text, nullptr, 10));
  }
  ::close(ends[0]);
  return child;
}

void set_url(const char* name, std::uint16_t port, const char* path = "") {
  ::setenv(name, fmt::format("http://127.0.0.1:{}{}", port, path).c_str(), 1);
}

int exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 1; }

}  // namespace

int launch(const LaunchOptions& options) {
  struct sigaction action{};
  action.sa_handler = on_signal;  // no SA_RESTART: waitpid must wake
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::vector<Child> children;
  const auto service = [&](const char* role, const char* variable, const char* path = "") {
    const Child child = start(options, role);
    if (child.pid > 0) children.push_back(child);
    if (child.port == 0) {
      std::fprintf(stderr, "arbitrage: %s did not start\n", role);
      return false;
    }
    if (::getenv(variable) == nullptr) set_url(variable, child.port, path);
    return true;
  };
  int result = 1;
  if (service("chat-model", "CHAT_BASE_URL", "/v1") && service("rag-service", "RAG_URL") &&
      service("marketplace-scanner", "SCANNER_URL") && service("payment-webhook", "PAYMENT_URL") &&
      service("arena", "ARENA_URL")) {
    const Child runner = start(options, "task-runner");
    std::printf("arbitrage: five services and a chat model are running\n");
    std::fflush(stdout);
    int status = 0;
    while (runner.pid > 0 && g_stopping == 0) {
      if (::waitpid(runner.pid, &status, 0) == runner.pid) {
        result = exit_status(status);
        break;
      }
    }
    if (g_stopping != 0 && runner.pid > 0) {
      ::kill(runner.pid, SIGTERM);
      if (::waitpid(runner.pid, &status, 0) == runner.pid) result = exit_status(status);
    }
  }
  for (const Child& child : children) ::kill(child.pid, SIGTERM);
  for (const Child& child : children) ::waitpid(child.pid, nullptr, 0);
  return result;
}

}  // namespace arbitrage
