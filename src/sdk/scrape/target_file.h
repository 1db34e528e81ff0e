#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Tells a scraper where this process serves its metrics when it is not where one would look: a file
// for Prometheus' file_sd, which Binnacle's server and Prometheus both can watch. One file per
// process, written whole or not at all, removed at shutdown; files that processes which were killed
// left behind are removed by the next one. Thread-confined.
//
//   scrape_configs:
//     - job_name: apm
//       file_sd_configs: [{files: [/run/user/1000/binnacle/targets/*.json]}]

namespace binnacle::sdk {

/// Where target files are by default: $XDG_RUNTIME_DIR/binnacle/targets, else
/// /tmp/binnacle-<user id>/targets.
std::string default_target_directory();

class TargetFile {
 public:
  TargetFile() = default;
  TargetFile(const TargetFile&) = delete;
  TargetFile& operator=(const TargetFile&) = delete;
  /// Removes the file, unless this is a forked child of who wrote it.
  ~TargetFile();

  /// Writes <directory>/<process id>.json, making the directory (for this user alone) if it is not
  /// there. `address` is host:port, `job` the service's name. False, with the reason in `problem`,
  /// if it cannot be, or if the directory belongs to somebody else.
  bool write(const std::string& directory, std::string_view address, std::string_view job,
             std::string& problem);

 private:
  std::string path_;
  std::int64_t writer_ = 0;  // process id
};

}  // namespace binnacle::sdk
