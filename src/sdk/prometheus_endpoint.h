#pragma once

#include "sdk/metrics/metric_reader.h"
#include "sdk/scrape/scrape_server.h"
#include "sdk/scrape/target_file.h"

#include <binnacle/config.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The page that Prometheus scrapes from this process: a reader of all metrics, the server that
// shows them, and the file that says where it is if it could not be where one would look. Made by
// lifecycle.cpp for a run of the SDK, which it outlives never. Thread-confined, but for the
// collecting, which happens on the server's thread.

namespace binnacle::sdk {

class PrometheusEndpoint {
 public:
  /// Serves `config.prometheus`; `resource` is the encoded Resource. Null, after one warning, if it
  /// cannot: everything else of the SDK works without it.
  static std::unique_ptr<PrometheusEndpoint> start(const Config& config, std::string_view resource);

  /// host:port that answers.
  std::string address() const { return server_->address(); }
  /// In a forked child: lets go of what is the parent's. Never destroy it afterwards.
  void abandon_in_child() noexcept { server_->abandon_in_child(); }

 private:
  explicit PrometheusEndpoint(std::string_view resource);

  MetricReader reader_{TemporalityPreference::kCumulative};
  std::vector<Label> resource_;
  TargetFile target_file_;
  std::unique_ptr<ScrapeServer> server_;  // last: its thread uses what is above
};

}  // namespace binnacle::sdk
