#include "server/api/metrics_page.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <iterator>
#include <unordered_map>

namespace binnacle {
namespace {

// What stands in /proc/self/stat after the command's ")": field 3 of proc(5) is index 0 here.
constexpr std::size_t kUserTicks = 11;
constexpr std::size_t kSystemTicks = 12;
constexpr std::size_t kThreads = 17;
constexpr std::size_t kStartTicks = 19;
constexpr std::size_t kVirtualBytes = 20;
constexpr std::size_t kResidentPages = 21;

// A file of /proc; empty when it cannot be read. These have no meaningful size: read to the end.
std::string read_proc(const char* path) {
  std::string out;
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  char buffer[4096];
  ssize_t n = 0;
  while ((n = ::read(fd, buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<size_t>(n));
  ::close(fd);
  return out;
}

double number_in(std::string_view text) {
  std::int64_t n = -1;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return static_cast<double>(n);
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(" \n");
    if (end != 0) out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

// When the kernel booted: the "btime" line of /proc/stat.
double boot_unix_seconds() {
  const std::string stat = read_proc("/proc/stat");
  const std::size_t at = stat.find("\nbtime ");
  return at == std::string::npos ? -1 : number_in(std::string_view(stat).substr(at + 7));
}

std::int64_t count_open_fds() {
  DIR* dir = ::opendir("/proc/self/fd");
  if (dir == nullptr) return -1;
  std::int64_t n = 0;
  while (::readdir(dir) != nullptr) ++n;
  ::closedir(dir);
  return n - 3;  // ".", ".." and the directory's own
}

// HELP text escapes backslash and line feed.
void append_help(std::string_view help, std::string& out) {
  for (const char c : help) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
}

void append_header(std::string_view name, std::string_view help, std::string_view type,
                   std::string& out) {
  fmt::format_to(std::back_inserter(out), "# HELP {} ", name);
  append_help(help, out);
  fmt::format_to(std::back_inserter(out), "\n# TYPE {} {}\n", name, type);
}

void append_series(const Descriptor& d, std::string& out) {
  out += d.name;
  if (!d.labels.empty()) fmt::format_to(std::back_inserter(out), "{{{}}}", d.labels);
  if (d.counter != nullptr) {
    fmt::format_to(std::back_inserter(out), " {}\n", d.counter->value());
  } else {
    fmt::format_to(std::back_inserter(out), " {}\n", d.gauge->value());
  }
}

// Label values escape backslash, quote and line feed.
std::string label_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats out;
  const std::string stat = read_proc("/proc/self/stat");
  const std::size_t command_end = stat.rfind(')');
  if (command_end != std::string::npos) {
    const auto fields = words(std::string_view(stat).substr(command_end + 1));
    if (fields.size() > kResidentPages) {
      const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
      out.cpu_seconds = (number_in(fields[kUserTicks]) + number_in(fields[kSystemTicks])) / ticks;
      out.threads = static_cast<std::int64_t>(number_in(fields[kThreads]));
      out.virtual_bytes = static_cast<std::int64_t>(number_in(fields[kVirtualBytes]));
      out.resident_bytes =
          static_cast<std::int64_t>(number_in(fields[kResidentPages])) * ::sysconf(_SC_PAGESIZE);
      const double boot = boot_unix_seconds();
      if (boot > 0) out.start_unix_seconds = boot + number_in(fields[kStartTicks]) / ticks;
    }
  }
  out.open_fds = count_open_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    out.max_fds = static_cast<std::int64_t>(limit.rlim_cur);
  }
  return out;
}

void render_process(const ProcessStats& stats, std::string& out) {
  const auto put = [&out](std::string_view name, std::string_view type, std::string_view help,
                          auto value) {
    if (value < 0) return;
    append_header(name, help, type, out);
    fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
  };
  put("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
      stats.cpu_seconds);
  put("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
      stats.resident_bytes);
  put("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
      stats.virtual_bytes);
  put("process_open_fds", "gauge", "Number of open file descriptors.", stats.open_fds);
  put("process_max_fds", "gauge", "Maximum number of open file descriptors.", stats.max_fds);
  put("process_threads", "gauge", "Number of operating system threads.", stats.threads);
  put("process_start_time_seconds", "gauge",
      "Start time of the process since unix epoch in seconds.", stats.start_unix_seconds);
}

void render_descriptors(const std::vector<Descriptor>& descriptors, std::string& out) {
  std::vector<std::vector<const Descriptor*>> families;
  std::unordered_map<std::string_view, std::size_t> numbers;
  for (const Descriptor& d : descriptors) {
    const auto [it, added] = numbers.try_emplace(d.name, families.size());
    if (added) families.emplace_back();
    families[it->second].push_back(&d);
  }
  for (const auto& family : families) {
    const Descriptor& first = *family.front();
    append_header(first.name, first.help, first.counter != nullptr ? "counter" : "gauge", out);
    for (const Descriptor* d : family) append_series(*d, out);
  }
}

MetricsPage::MetricsPage(std::string_view version, std::string_view revision) {
  append_header("binnacle_build_info", "Version of this server; always 1.", "gauge", build_info_);
  fmt::format_to(std::back_inserter(build_info_),
                 "binnacle_build_info{{version=\"{}\",revision=\"{}\"}} 1\n", label_value(version),
                 label_value(revision));
}

void MetricsPage::add(const std::vector<Descriptor>& descriptors) {
  descriptors_.insert(descriptors_.end(), descriptors.begin(), descriptors.end());
}

std::string MetricsPage::render() const {
  std::string out = build_info_;
  render_descriptors(descriptors_, out);
  render_process(read_process_stats(), out);
  return out;
}

void MetricsPage::add_routes(HttpRouter& router) const {
  router.add(HttpMethod::kGet, "/metrics",
             [this](HttpRequest&&, HttpResponder responder) {
               responder.send(HttpResponse::with_type(
                   200, "text/plain; version=0.0.4; charset=utf-8", render()));
             },
             {.run = HttpRun::kWorker});
}

}  // namespace binnacle
