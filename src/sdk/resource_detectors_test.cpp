#include "sdk/resource_detectors.h"

#include "sdk/resource.h"
#include "sdk/tick_clock.h"

#include <binnacle/config.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <variant>
#include <vector>

// Made-up machines: directories that look like their /proc and /etc.

namespace binnacle::sdk {
namespace {

constexpr char kId[] = "3dfd2e2b1c1f4d3ba0e1f5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f70";

class FakeMachine {
 public:
  FakeMachine() {
    char pattern[] = "/tmp/binnacle-machine-XXXXXX";
    root_ = mkdtemp(pattern);
  }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine() { std::filesystem::remove_all(root_); }

  FakeMachine& file(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
    return *this;
  }
  FakeMachine& variable(const std::string& name, const std::string& value) {
    variables_[name] = value;
    return *this;
  }
  std::string root() const { return root_; }

  DetectionInput input() const {
    DetectionInput input;
    input.root = root_;
    input.get = [this](const char* name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found != variables_.end() ? std::optional(found->second) : std::nullopt;
    };
    input.host_name = "db-7";
    input.machine = "x86_64";
    return input;
  }
  /// Text of one attribute; "none" if it is not found.
  std::string found(const std::vector<std::string>& detectors, const std::string& key) const {
    for (const Attribute& attribute : detect_resource(detectors, input())) {
      if (attribute.key != key) continue;
      const auto* text = std::get_if<std::string>(&attribute.value);
      return text != nullptr ? *text : "not text";
    }
    return "none";
  }

 private:
  std::string root_;
  std::map<std::string, std::string> variables_;
};

TEST(HostDetectorTest, ReadsTheUsualFiles) {
  FakeMachine machine;
  machine.file("/etc/machine-id", "8f0c9d\n")
      .file("/etc/os-release",
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME='Debian'\nVERSION_ID=12\n");
  EXPECT_EQ(machine.found({"host"}, "host.name"), "db-7");
  EXPECT_EQ(machine.found({"host"}, "host.id"), "8f0c9d");
  EXPECT_EQ(machine.found({"host"}, "host.arch"), "amd64");
  EXPECT_EQ(machine.found({"host"}, "os.type"), "linux");
  EXPECT_EQ(machine.found({"host"}, "os.name"), "Debian");
  EXPECT_EQ(machine.found({"host"}, "os.version"), "12");
  EXPECT_EQ(machine.found({"host"}, "os.description"), "Debian GNU/Linux 12 (bookworm)");
}

TEST(HostDetectorTest, FallsBackToDbusAndLeavesOutWhatItDoesNotKnow) {
  FakeMachine machine;
  EXPECT_EQ(machine.found({"host"}, "host.id"), "none");
  EXPECT_EQ(machine.found({"host"}, "os.description"), "none");
  machine.file("/var/lib/dbus/machine-id", "abc");
  EXPECT_EQ(machine.found({"host"}, "host.id"), "abc");
}

TEST(ProcessDetectorTest, TellsArgumentsOnlyWhenAsked) {
  FakeMachine machine;
  machine.file("/proc/self/cmdline", std::string("bidder\0--token=secret\0", 22));
  std::filesystem::create_symlink("/opt/bidder/bin/bidder", machine.root() + "/proc/self/exe");
  EXPECT_EQ(machine.found({"process"}, "process.executable.name"), "bidder");
  EXPECT_EQ(machine.found({"process"}, "process.executable.path"), "/opt/bidder/bin/bidder");
  EXPECT_EQ(machine.found({"process"}, "process.command_args"), "none");
  DetectionInput input = machine.input();
  input.wants_command_args = true;
  const auto all = detect_resource({"process"}, input);
  const auto args = std::find_if(all.begin(), all.end(), [](const Attribute& attribute) {
    return attribute.key == "process.command_args";
  });
  ASSERT_NE(args, all.end());
  EXPECT_EQ(args->value, AttributeData(std::vector<std::string>{"bidder", "--token=secret"}));
  EXPECT_EQ(all[0].value, AttributeData(std::int64_t{getpid()}));
}

TEST(ContainerDetectorTest, FindsTheIdInWhatEnginesWrite) {
  const std::string id = kId;
  for (const std::string& line :
       {"12:memory:/docker/" + id, "0::/system.slice/docker-" + id + ".scope",
        "1:name=systemd:/kubepods/burstable/pod1c2d/" + id,
        "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope",
        "0::/kubepods.slice/x.slice/crio-" + id + ".scope",
        "0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" + id,
        "0::/machine.slice/libpod-" + id + ".scope"}) {
    EXPECT_EQ(container_id_of_cgroup("13:cpuset:/\n" + line + "\n"), id) << line;
  }
  EXPECT_EQ(container_id_of_cgroup("5:cpu:/ecs/task/0123456789abcdef0123456789abcdef-1234567890"),
            "0123456789abcdef0123456789abcdef-1234567890");
  for (const char* line : {"0::/", "0::/user.slice/user-1000.slice/session-3.scope", "", "\n\n",
                           "0::/docker/0123", "::::", "0::/init.scope"}) {
    EXPECT_EQ(container_id_of_cgroup(line), "") << line;
  }
}

TEST(ContainerDetectorTest, LooksAtMountsWhereCgroupsSayNothing) {
  const std::string id = kId;
  FakeMachine machine;
  machine.file("/proc/self/cgroup", "0::/\n")
      .file("/proc/self/mountinfo",
            "611 520 0:58 / /proc rw,nosuid - proc proc rw\n"
            "640 604 254:1 /docker/containers/" +
                id +
                "/resolv.conf /etc/resolv.conf rw - ext4 "
                "/dev/vda1 rw\n");
  EXPECT_EQ(machine.found({"container"}, "container.id"), id);
  EXPECT_EQ(
      container_id_of_mountinfo("983 961 0:56 /containers/overlay-containers/" + id +
                                "/userdata/hostname /etc/hostname rw,nosuid - tmpfs tmpfs rw"),
      id);
  EXPECT_EQ(container_id_of_mountinfo("1 2 3\n640 604 254:1 /docker/containers/ab/x / rw"), "");
}

TEST(KubernetesDetectorTest, IsSilentElsewhere) {
  FakeMachine machine;
  machine.variable("HOSTNAME", "laptop").variable("POD_NAME", "not really");
  EXPECT_TRUE(detect_resource({"k8s"}, machine.input()).empty());
}

TEST(KubernetesDetectorTest, ReadsTheDownwardApiAndTheServiceAccount) {
  FakeMachine machine;
  machine.file("/var/run/secrets/kubernetes.io/serviceaccount/namespace", "bids\n")
      .file("/proc/self/cgroup",
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-"
            "pod0f7e1d2c_1111_2222_3333_444455556666.slice/cri-containerd-x.scope\n")
      .variable("KUBERNETES_SERVICE_HOST", "10.0.0.1")
      .variable("HOSTNAME", "bidder-77d9")
      .variable("K8S_NODE_NAME", "node-3");
  EXPECT_EQ(machine.found({"k8s"}, "k8s.namespace.name"), "bids");
  EXPECT_EQ(machine.found({"k8s"}, "k8s.pod.name"), "bidder-77d9");
  EXPECT_EQ(machine.found({"k8s"}, "k8s.pod.uid"), "0f7e1d2c-1111-2222-3333-444455556666");
  EXPECT_EQ(machine.found({"k8s"}, "k8s.node.name"), "node-3");
  EXPECT_EQ(machine.found({"k8s"}, "k8s.cluster.name"), "none");
  machine.variable("K8S_POD_NAME", "told").variable("K8S_POD_UID", "uid");
  EXPECT_EQ(machine.found({"k8s"}, "k8s.pod.name"), "told");
  EXPECT_EQ(machine.found({"k8s"}, "k8s.pod.uid"), "uid");
}

TEST(ResourceTest, AllDetectorsTogetherTakeUnderAMillisecond) {
  const Config config;
  std::int64_t best_ns = INT64_MAX;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t before_ns = monotonic_ns();
    EXPECT_FALSE(encode_resource(config).empty());
    best_ns = std::min(best_ns, monotonic_ns() - before_ns);
  }
  EXPECT_LT(best_ns, 1'000'000);
}

}  // namespace
}  // namespace binnacle::sdk
