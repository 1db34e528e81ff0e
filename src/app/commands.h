#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

// The verbs of the binary, apart from how their words are parsed (main.cpp). Each returns the
// process' exit status: 0 good, 1 what was asked for is bad or failed, 2 wrong usage. They print to
// stdout (results) and stderr (what happened).

namespace binnacle::app {

constexpr int kExitGood = 0;
constexpr int kExitBad = 1;
constexpr int kExitUsage = 2;

struct ServeOptions {
  std::string config_file;                   ///< empty: binnacle.yml if it is there
  std::map<std::string, std::string> flags;  ///< settings by key
  bool print_config = false;
  std::string ready_file;  ///< told the addresses as JSON once all are served
};
int serve(const ServeOptions& options);

struct ImportOptions {
  std::vector<std::string> files;
  std::string to;                 ///< "http://127.0.0.1:4318"
  std::uint64_t batch_spans = 0;  ///< spans per request
  std::int64_t timeout_ns = 0;    ///< of one request
  bool quiet = false;
};
int import_files(const ImportOptions& options);

struct GenerateOptions {
  std::string to;
  std::string output;  ///< instead of sending: OTLP JSON lines into this file, "-" stdout
  std::uint64_t traces = 0;
  std::uint32_t spans_per_trace = 1;
  double traces_per_second = 0;  ///< 0: as fast as they are taken
  double error_rate = 0;
  std::uint64_t seed = 1;
  std::int64_t span_age_ns = 0;  ///< traces are spread over this time before now
};
int generate_traces(const GenerateOptions& options);

int healthcheck(const std::string& url, std::int64_t timeout_ns);

int check_config(const std::vector<std::string>& files);

struct QueryTracesOptions {
  std::string from;  ///< "http://127.0.0.1:16686"
  std::string trace_id;
  std::string service;
  std::string operation;
  std::vector<std::string> tags;
  std::string min_duration;
  std::string max_duration;
  std::string lookback;
  std::uint32_t limit = 20;
  bool json = false;
};
int query_traces(const QueryTracesOptions& options);

int print_version(bool json);

/// The version that the build was given, "0.1.0".
[[nodiscard]] std::string version();

}  // namespace binnacle::app
