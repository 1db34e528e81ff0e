#include "sdk/resource_detectors.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace binnacle::sdk {

namespace {

/// All that is read of a file: mountinfo of a busy host is some 10 KB.
constexpr std::size_t kFileLimitBytes = 256U << 10U;
constexpr std::size_t kContainerIdDigits = 64;

std::string read_file(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while (text.size() < kFileLimitBytes && (got = read(fd, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  return text;
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

std::string_view next_piece(std::string_view& rest, char separator) noexcept {
  const std::size_t end = rest.find(separator);
  const std::string_view piece = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return piece;
}

bool is_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_container_id(std::string_view text) noexcept {
  if (text.size() == kContainerIdDigits) return is_hex(text);
  // Amazon ECS: 32 hexadecimal digits, a dash, and a number.
  constexpr std::size_t kTaskDigits = 32;
  return text.size() > kTaskDigits + 1 && text[kTaskDigits] == '-' &&
         is_hex(text.substr(0, kTaskDigits)) &&
         text.find_first_not_of("0123456789", kTaskDigits + 1) == std::string_view::npos;
}

class Findings {
 public:
  void add(const char* key, std::string_view value) {
    if (!value.empty()) found_.push_back({key, std::string(value)});
  }
  void add_value(const char* key, AttributeData value) {
    found_.push_back({key, std::move(value)});
  }
  std::vector<Attribute> take() { return std::move(found_); }

 private:
  std::vector<Attribute> found_;
};

/// OpenTelemetry's names of processor architectures.
std::string_view arch_of(std::string_view machine) noexcept {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i386", "x86"},     {"i686", "x86"},
      {"armv7l", "arm32"}, {"armv6l", "arm32"},  {"ppc64le", "ppc64"}};
  for (const auto& [from, to] : kNames) {
    if (machine == from) return to;
  }
  return machine;
}

/// A value of /etc/os-release, without its quotes.
std::string_view os_release_value(std::string_view text, std::string_view key) noexcept {
  while (!text.empty()) {
    const std::string_view line = trim(next_piece(text, '\n'));
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != '=') continue;
    std::string_view value = line.substr(key.size() + 1);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return {};
}

void detect_host(const DetectionInput& input, Findings& out) {
  out.add("host.name", input.host_name);
  std::string id = read_file(input.root + "/etc/machine-id");
  if (trim(id).empty()) id = read_file(input.root + "/var/lib/dbus/machine-id");
  out.add("host.id", trim(id));
  out.add("host.arch", arch_of(input.machine));
  out.add("os.type", "linux");
  std::string release = read_file(input.root + "/etc/os-release");
  if (release.empty()) release = read_file(input.root + "/usr/lib/os-release");
  out.add("os.name", os_release_value(release, "NAME"));
  out.add("os.version", os_release_value(release, "VERSION_ID"));
  out.add("os.description", os_release_value(release, "PRETTY_NAME"));
}

void detect_process(const DetectionInput& input, Findings& out) {
  out.add_value("process.pid", AttributeData(std::int64_t{getpid()}));
  std::array<char, 4096> path{};
  const ssize_t size = readlink((input.root + "/proc/self/exe").c_str(), path.data(), path.size());
  if (size > 0) {
    const std::string_view whole(path.data(), static_cast<std::size_t>(size));
    out.add("process.executable.name", whole.substr(whole.rfind('/') + 1));
    out.add("process.executable.path", whole);
  }
#if defined(__clang__)
  out.add("process.runtime.name", "clang");
#else
  out.add("process.runtime.name", "gcc");
#endif
  out.add("process.runtime.version", __VERSION__);
  if (!input.wants_command_args) return;
  const std::string text = read_file(input.root + "/proc/self/cmdline");
  std::string_view rest = text;
  std::vector<std::string> args;
  while (!rest.empty()) args.emplace_back(next_piece(rest, '\0'));
  if (!args.empty()) out.add_value("process.command_args", AttributeData(std::move(args)));
}

void detect_container(const DetectionInput& input, Findings& out) {
  std::string id = container_id_of_cgroup(read_file(input.root + "/proc/self/cgroup"));
  if (id.empty()) id = container_id_of_mountinfo(read_file(input.root + "/proc/self/mountinfo"));
  out.add("container.id", id);
}

/// The first of some variables that is set.
std::string first_of(const DetectionInput& input, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    auto value = input.get(name);
    if (value && !value->empty()) return *value;
  }
  return {};
}

void detect_kubernetes(const DetectionInput& input, Findings& out) {
  const std::string account =
      read_file(input.root + "/var/run/secrets/kubernetes.io/serviceaccount/namespace");
  if (account.empty() && !input.get("KUBERNETES_SERVICE_HOST")) return;
  std::string name_space = first_of(input, {"K8S_NAMESPACE_NAME", "POD_NAMESPACE"});
  if (name_space.empty()) name_space = trim(account);
  out.add("k8s.namespace.name", name_space);
  // A pod's host name is its name, unless the pod says otherwise.
  out.add("k8s.pod.name", first_of(input, {"K8S_POD_NAME", "POD_NAME", "HOSTNAME"}));
  std::string uid = first_of(input, {"K8S_POD_UID", "POD_UID"});
  if (uid.empty()) uid = pod_uid_of_cgroup(read_file(input.root + "/proc/self/cgroup"));
  out.add("k8s.pod.uid", uid);
  out.add("k8s.node.name", first_of(input, {"K8S_NODE_NAME", "NODE_NAME"}));
  out.add("k8s.container.name", first_of(input, {"K8S_CONTAINER_NAME", "CONTAINER_NAME"}));
  out.add("k8s.deployment.name", first_of(input, {"K8S_DEPLOYMENT_NAME"}));
  out.add("k8s.cluster.name", first_of(input, {"K8S_CLUSTER_NAME"}));
}

using Detector = void (*)(const DetectionInput&, Findings&);
constexpr std::pair<std::string_view, Detector> kDetectors[] = {{"host", detect_host},
                                                                {"process", detect_process},
                                                                {"container", detect_container},
                                                                {"k8s", detect_kubernetes}};

}  // namespace

// A line of /proc/self/cgroup is "<id>:<controllers>:<path>"; the path's last part names the
// container as "<id>", "docker-<id>.scope", "cri-containerd-<id>.scope" or "crio-<id>".
std::string container_id_of_cgroup(std::string_view cgroup) {
  while (!cgroup.empty()) {
    const std::string_view line = trim(next_piece(cgroup, '\n'));
    std::string_view last = line.substr(line.rfind('/') + 1);
    last = last.substr(last.rfind(':') + 1);
    constexpr std::string_view kScope = ".scope";
    if (last.ends_with(kScope)) last.remove_suffix(kScope.size());
    if (is_container_id(last)) return std::string(last);
    last = last.substr(last.rfind('-') + 1);
    if (is_container_id(last)) return std::string(last);
  }
  return {};
}

// The fourth field of a line is the mounted directory's path on the host. Engines mount files of
// the container's own directory: ".../docker/containers/<id>/hostname" (Docker),
// ".../overlay-containers/<id>/userdata/hostname" (Podman, CRI-O).
std::string container_id_of_mountinfo(std::string_view mountinfo) {
  while (!mountinfo.empty()) {
    std::string_view fields = next_piece(mountinfo, '\n');
    for (int skipped = 0; skipped < 3; ++skipped) next_piece(fields, ' ');
    const std::string_view path = next_piece(fields, ' ');
    constexpr std::string_view kParent = "containers/";
    for (std::size_t at = path.find(kParent); at != std::string_view::npos;
         at = path.find(kParent, at + 1)) {
      std::string_view rest = path.substr(at + kParent.size());
      const std::string_view id = next_piece(rest, '/');
      if (is_container_id(id)) return std::string(id);
    }
  }
  return {};
}

// ".../kubepods/burstable/pod<uid>/..." or, by systemd, "...kubepods-burstable-pod<uid>.slice/...",
// where the uid's dashes are underscores.
std::string pod_uid_of_cgroup(std::string_view cgroup) {
  constexpr std::size_t kUidLength = 36;
  for (std::size_t at = cgroup.find("pod"); at != std::string_view::npos;
       at = cgroup.find("pod", at + 1)) {
    std::string uid(cgroup.substr(at + 3, kUidLength));
    std::replace(uid.begin(), uid.end(), '_', '-');
    if (uid.size() == kUidLength && uid[8] == '-' && uid[13] == '-' && uid[18] == '-' &&
        uid[23] == '-' && uid.find_first_not_of("0123456789abcdef-") == std::string::npos) {
      return uid;
    }
  }
  return {};
}

DetectionInput this_machine(bool wants_command_args) {
  DetectionInput input;
  input.get = [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return value;
  };
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0) input.host_name = name.data();
  utsname system{};
  if (uname(&system) == 0) input.machine = system.machine;
  input.wants_command_args = wants_command_args;
  return input;
}

bool is_detector(std::string_view name) noexcept {
  return std::any_of(std::begin(kDetectors), std::end(kDetectors),
                     [&](const auto& detector) { return detector.first == name; });
}

std::vector<Attribute> detect_resource(const std::vector<std::string>& detectors,
                                       const DetectionInput& input) {
  Findings findings;
  for (const std::string& name : detectors) {
    for (const auto& [known, detect] : kDetectors) {
      if (known == name) detect(input, findings);
    }
  }
  return findings.take();
}

}  // namespace binnacle::sdk
