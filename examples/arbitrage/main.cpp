#include "launcher.h"
#include "roles.h"

#include <CLI/CLI.hpp>
#include <binnacle/apm.h>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

// `arbitrage` starts the whole demo; `arbitrage ROLE` is one of its processes.

namespace {

struct Options {
  std::string role = "all";
  std::string texts = ARBITRAGE_TEXTS;
  std::string state;
  int report_fd = -1;
  int tasks = 0;
  double pace = 0.5;
};

std::atomic<bool> g_stopping{false};

void report_port(int fd, std::uint16_t port) {
  if (fd < 0) return;
  const std::string text = std::to_string(port);
  if (::write(fd, text.data(), text.size()) < 0) std::perror("cannot report the port");
  ::close(fd);
}

// Signals are blocked in all threads and taken here, so that stopping happens in ordinary code.
std::thread watch_signals(std::function<void()> stop) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return std::thread([set, stop = std::move(stop)] {
    int signal = 0;
    sigwait(&set, &signal);
    g_stopping = true;
    stop();
  });
}

int run_service(const Options& options) {
  const bool traced = options.role != "chat-model";
  arbitrage::HttpService service(traced);
  std::thread signals = watch_signals([&service] { service.stop(); });
  signals.detach();  // the process ends when run() returns
  if (traced) binnacle::init_observability();
  const arbitrage::Folders folders{options.texts, options.state};
  const std::uint16_t port = service.listen(0);
  if (port == 0) return 1;
  if (options.role == "chat-model") arbitrage::add_chat_model(service, folders);
  if (options.role == "rag-service") arbitrage::add_rag(service, folders);
  if (options.role == "marketplace-scanner") arbitrage::add_scanner(service, port);
  if (options.role == "payment-webhook") arbitrage::add_payment(service, folders);
  if (options.role == "arena") arbitrage::add_arena(service);
  report_port(options.report_fd, port);
  service.run();
  binnacle::shutdown(2000);
  return 0;
}

int run_runner(const Options& options) {
  std::thread signals = watch_signals([] {});
  signals.detach();
  binnacle::init_observability();
  report_port(options.report_fd, 0);
  const int failed =
      arbitrage::run_tasks(options.tasks, options.pace, [] { return g_stopping.load(); });
  binnacle::shutdown(2000);
  if (failed > 0) std::printf("arbitrage: %d tasks failed (see their traces)\n", failed);
  return 0;
}

int run_all(const Options& options) {
  arbitrage::LaunchOptions launch;
  launch.program = std::filesystem::read_symlink("/proc/self/exe").string();
  launch.texts = options.texts;
  launch.state =
      options.state.empty() ? std::filesystem::temp_directory_path().string() : options.state;
  launch.tasks = options.tasks;
  launch.tasks_per_second = options.pace;
  return arbitrage::launch(launch);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"A small AI marketplace in five instrumented processes"};
  app.add_option("role", options.role, "all, or the role of one process")
      ->check(CLI::IsMember({"all", "chat-model", "rag-service", "marketplace-scanner",
                             "payment-webhook", "arena", "task-runner"}));
  app.add_option("--texts", options.texts, "folder of the text collection")
      ->check(CLI::ExistingDirectory);
  app.add_option("--state", options.state, "folder for the payment ledger");
  app.add_option("--report-fd", options.report_fd, "file descriptor that is told the port");
  app.add_option("--tasks", options.tasks, "end after this many tasks; 0: never");
  app.add_option("--pace", options.pace, "tasks per second")->check(CLI::Range(0.01, 1000.0));
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.role == "all") return run_all(options);
    return options.role == "task-runner" ? run_runner(options) : run_service(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "arbitrage %s: %s\n", options.role.c_str(), error.what());
    return 1;
  }
}
