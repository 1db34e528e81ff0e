#pragma once

#include <binnacle/extension.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the machine says about where a process runs: attributes of the resource, found in a few
// small files and variables, in under a millisecond. Each detector stands by itself and says
// nothing where it finds nothing. Pure but for reading; the root directory and the environment are
// given.
//
//   host       host.name, host.id, host.arch, os.type, os.name, os.version, os.description
//   process    process.pid, process.executable.name and .path, process.runtime.*; and
//              process.command_args only if asked, because arguments hold secrets
//   container  container.id
//   k8s        k8s.namespace.name, k8s.pod.name and .uid, k8s.node.name, k8s.container.name,
//              k8s.deployment.name, k8s.cluster.name
//
// Source: OpenTelemetry semantic conventions 1.x, resource; cgroups(7), proc(5) (mountinfo);
// Kubernetes' downward API.

namespace binnacle::sdk {

struct DetectionInput {
  std::string root;  ///< in front of every path; empty: the real one
  std::function<std::optional<std::string>(const char* name)> get;  ///< environment
  std::string host_name;
  std::string machine;  ///< as uname says: x86_64
  bool wants_command_args = false;
};

/// The real thing.
DetectionInput this_machine(bool wants_command_args);

/// What the named detectors find ("host", "process", "container", "k8s"), in the order of their
/// names; unknown names are passed over (lifecycle warns of them).
std::vector<Attribute> detect_resource(const std::vector<std::string>& detectors,
                                       const DetectionInput& input);
bool is_detector(std::string_view name) noexcept;

/// container.id out of /proc/self/cgroup or, where that says nothing (cgroup v2),
/// /proc/self/mountinfo; empty if there is none. Pure.
std::string container_id_of_cgroup(std::string_view cgroup);
std::string container_id_of_mountinfo(std::string_view mountinfo);
/// The pod's uid out of a cgroup path of Kubernetes; empty if there is none. Pure.
std::string pod_uid_of_cgroup(std::string_view cgroup);

}  // namespace binnacle::sdk
