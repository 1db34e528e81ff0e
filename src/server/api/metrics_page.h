#pragma once

#include "base/counter.h"
#include "io/net/http_router.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// The server's own counters as a Prometheus scrape: text exposition format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Filled by `app` before the
// listeners start, shared by all threads from then on.
//
//   MetricsPage page;
//   page.add(store.describe());
//   page.add_routes(router);

namespace binnacle {

/// What the process uses, as every Prometheus client library reports it; -1 where the kernel does
/// not say.
struct ProcessStats {
  double cpu_seconds = -1;
  double start_unix_seconds = -1;
  std::int64_t resident_bytes = -1;
  std::int64_t virtual_bytes = -1;
  std::int64_t open_fds = -1;
  std::int64_t max_fds = -1;
  std::int64_t threads = -1;
};

/// From /proc/self, /proc/stat and getrlimit. About 100 us.
[[nodiscard]] ProcessStats read_process_stats();

/// Exposition text of `descriptors`: one HELP and TYPE per name, in order of first appearance, with
/// all its series after it. O(descriptors).
void render_descriptors(const std::vector<Descriptor>& descriptors, std::string& out);
void render_process(const ProcessStats& stats, std::string& out);

class MetricsPage {
 public:
  /// `version` and `revision` become the labels of binnacle_build_info.
  MetricsPage(std::string_view version, std::string_view revision);

  /// The cells that the descriptors point to must outlive the page.
  void add(const std::vector<Descriptor>& descriptors);
  [[nodiscard]] std::string render() const;
  /// GET /metrics. The page must outlive the router's server.
  void add_routes(HttpRouter& router) const;

 private:
  std::string build_info_;
  std::vector<Descriptor> descriptors_;
};

}  // namespace binnacle
