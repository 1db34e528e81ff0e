#include "app/commands.h"
#include "app/server.h"
#include "config/server_config.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// The process around Server: settings, signals, the words at start.

extern char** environ;

namespace binnacle::app {
namespace {

constexpr const char* kDefaultConfigFile = "binnacle.yml";

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) {
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return out;
}

Result<config::Loaded> load_settings(const ServeOptions& options) {
  config::Sources sources;
  sources.environment = environment();
  sources.flags = options.flags;
  const bool is_named = !options.config_file.empty();
  if (is_named || std::filesystem::exists(kDefaultConfigFile)) {
    sources.file_name = is_named ? options.config_file : kDefaultConfigFile;
    std::ifstream in(sources.file_name, std::ios::binary);
    if (!in) return fail(ErrorCode::kNotFound, sources.file_name + ": cannot be read");
    sources.file_text = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return config::load(sources);
}

// Written beside and renamed, so that a reader never sees half of it.
Status write_ready_file(const std::string& path, const Server& server) {
  std::string text = fmt::format("{{\"pid\":{},\"ports\":{{", ::getpid());
  bool is_first = true;
  for (const ServedPort& port : server.ports()) {
    text += fmt::format("{}\"{}\":\"{}\"", is_first ? "" : ",", port.name, port.address);
    is_first = false;
  }
  text += "}}\n";
  const std::string beside = path + ".new";
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out << text;
    if (!out.flush()) return fail(ErrorCode::kUnavailable, "cannot write " + beside);
  }
  std::error_code error;
  std::filesystem::rename(beside, path, error);
  if (error)
    return fail(ErrorCode::kUnavailable, fmt::format("cannot write {}: {}", path, error.message()));
  return {};
}

// Signals are taken by sigwait in the main thread: blocked before any other thread exists.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // Writing to a connection that the client closed is an error, not the end.
  signal(SIGPIPE, SIG_IGN);
  return set;
}

void wait_for_stop(const sigset_t& set) {
  for (;;) {
    int signal = 0;
    sigwait(&set, &signal);
    if (signal != SIGHUP) {
      spdlog::info("stopping ({})", ::strsignal(signal));
      return;
    }
    spdlog::info("settings are read at start only; restart to change them");
  }
}

void announce(const Server& server) {
  for (const std::string& warning : server.warnings()) spdlog::warn("{}", warning);
  for (const ServedPort& port : server.ports()) spdlog::info("{} on {}", port.name, port.address);
  for (const ServedPort& port : server.ports()) {
    if (port.name == "ui") fmt::print("Open http://{}\n", port.address);
  }
  std::fflush(stdout);
}

}  // namespace

int serve(const ServeOptions& options) {
  const auto loaded = load_settings(options);
  if (!loaded) {
    fmt::print(stderr, "{}\n", loaded.error().message);
    return kExitBad;
  }
  if (options.print_config) {
    fmt::print("{}", config::to_yaml(*loaded));
    return kExitGood;
  }
  spdlog::set_default_logger(spdlog::stderr_logger_mt("binnacle"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_level(spdlog::level::from_str(loaded->config.log_level));
  const sigset_t signals = block_signals();
  const SystemClock clock;
  const std::int64_t begin = clock.steady_now_ns();
  auto server = Server::create(loaded->config, clock);
  if (!server) {
    fmt::print(stderr, "cannot start: {}\n", server.error().message);
    return kExitBad;
  }
  (*server)->start();
  spdlog::info("binnacle {} ready in {:.1f} ms, data in {}", version(),
               static_cast<double>(clock.steady_now_ns() - begin) / 1e6, loaded->config.data_dir);
  announce(**server);
  if (!options.ready_file.empty()) {
    if (auto written = write_ready_file(options.ready_file, **server); !written) {
      fmt::print(stderr, "{}\n", written.error().message);
      return kExitBad;
    }
  }
  wait_for_stop(signals);
  (*server)->stop();
  spdlog::info("stopped");
  return kExitGood;
}

}  // namespace binnacle::app
