#include "sdk/json_cursor.h"
#include "sdk/remote_strategy.h"
#include "sdk/resource_detectors.h"
#include "sdk/start_policy.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// What a sampling endpoint answers and what a machine's files and headers say, read within bounds:
// a strategy decides or there is a reason why there is none; ids that are found have their form.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace binnacle::sdk;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string error;
  if (const auto strategy = RemoteStrategy::parse(text, error)) {
    RateGrants grants{};
    strategy->decide(text, size, grants, 1'000'000'000);
  } else if (error.empty()) {
    std::abort();
  }
  JsonCursor json(text);
  json.skip();
  const std::string container = container_id_of_cgroup(text);
  if (!container.empty() && text.find(container) == std::string_view::npos) std::abort();
  const std::string mounted = container_id_of_mountinfo(text);
  if (!mounted.empty() && text.find(mounted) == std::string_view::npos) std::abort();
  if (const std::string uid = pod_uid_of_cgroup(text); !uid.empty() && uid.size() != 36) {
    std::abort();
  }
  const std::string list = with_threshold(text, size);
  if (!list.starts_with("ot=th:") || randomness_of({}, text) >> 56U != 0) std::abort();
  return 0;
}
