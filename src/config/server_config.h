#pragma once

#include "base/error.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The server's settings: one immutable, validated struct made once at start from four layers,
// later ones winning: defaults < binnacle.yml < BINNACLE_* environment < command-line flags.
// A value that exists here is valid; nothing downstream checks again.

namespace binnacle::config {

/// One port of the server. 0 lets the kernel choose. `explicitly_set` decides what a taken port
/// means: an error if it was asked for by name, else a warning.
struct Port {
  std::uint16_t number = 0;
  bool explicitly_set = false;
};

struct ServerConfig {
  std::string data_dir;
  std::string listen_address;
  std::vector<std::string> allowed_hosts;  ///< further Host names accepted on loopback listeners
  std::vector<std::string> cors_origins;   ///< browser origins that may send spans
  bool insecure = false;

  Port otlp_grpc;
  Port otlp_http;
  Port jaeger_thrift_http;
  Port zipkin;
  Port datadog;
  Port jaeger_query;
  Port prometheus;
  Port ui;

  std::int64_t trace_retention_ns = 0;       ///< from arrival; 0 keeps for ever
  std::uint64_t trace_disk_limit_bytes = 0;  ///< 0: none
  std::uint64_t disk_reserve_bytes = 0;
  std::uint64_t cache_bytes = 0;

  std::uint64_t request_limit_bytes = 0;       ///< body as sent
  std::uint64_t decompressed_limit_bytes = 0;  ///< body after decompression
  std::uint64_t inflight_limit_bytes = 0;      ///< all requests being ingested
  std::uint64_t connection_limit = 0;          ///< all HTTP ports together
  std::uint64_t query_memory_bytes = 0;        ///< per query
  std::int64_t query_timeout_ns = 0;
  std::uint64_t query_trace_limit = 0;  ///< largest `limit` of a search
  std::uint64_t query_span_limit = 0;   ///< spans in one answer
  std::uint64_t query_name_limit = 0;   ///< services or operations in one list

  std::string log_level;
};

/// Where a value came from, for messages and `--print-config`.
enum class Origin : std::uint8_t { kDefault, kFile, kEnvironment, kFlag };

/// One setting as users see it. `key` is its path in binnacle.yml and the flag's name; the
/// environment variable is BINNACLE_ and the key in capitals with '.' as '_'.
struct SettingInfo {
  std::string_view key;
  std::string_view default_text;
  std::string_view help;
  bool secret = false;
};

/// All settings in the order they are documented.
[[nodiscard]] std::span<const SettingInfo> all_settings();
/// BINNACLE_PORTS_OTLP_GRPC for "ports.otlp_grpc".
[[nodiscard]] std::string environment_name(std::string_view key);

/// What the layers say, before they are merged. Texts by key.
struct Sources {
  std::string file_name;                           ///< for messages; empty: no file
  std::string file_text;                           ///< YAML
  std::map<std::string, std::string> environment;  ///< the process' variables (all of them)
  std::map<std::string, std::string> flags;        ///< by key
};

struct EffectiveSetting {
  SettingInfo info;
  std::string text;
  Origin origin = Origin::kDefault;
};

struct Loaded {
  ServerConfig config;
  std::vector<EffectiveSetting> settings;  ///< pairs with all_settings()
};

/// Merges and validates. All errors at once, one per line, each naming its place (file:line:column,
/// variable or flag), the value and the remedy; an unknown key names the nearest known one.
[[nodiscard]] Result<Loaded> load(const Sources& sources);

/// The effective settings as YAML with a comment saying where each came from; secrets masked.
[[nodiscard]] std::string to_yaml(const Loaded& loaded);

}  // namespace binnacle::config
