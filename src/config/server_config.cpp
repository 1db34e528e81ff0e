#include "config/server_config.h"

#include "config/document.h"
#include "config/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace binnacle::config {
namespace {

using Apply = Status (*)(ServerConfig&, std::string_view text, Origin origin);

struct Setting {
  SettingInfo info;
  Apply apply = nullptr;
};

template <typename T>
Status keep(Result<T> parsed, T& out) {
  if (!parsed) return std::unexpected(parsed.error());
  out = *parsed;
  return {};
}

template <std::uint64_t ServerConfig::* Member>
Status bytes(ServerConfig& config, std::string_view text, Origin) {
  return keep(parse_bytes(text), config.*Member);
}

template <std::int64_t ServerConfig::* Member>
Status duration(ServerConfig& config, std::string_view text, Origin) {
  return keep(parse_duration_ns(text), config.*Member);
}

template <std::uint64_t ServerConfig::* Member, std::uint64_t kMax>
Status count(ServerConfig& config, std::string_view text, Origin) {
  return keep(parse_unsigned(text, 1, kMax), config.*Member);
}

template <bool ServerConfig::* Member>
Status flag(ServerConfig& config, std::string_view text, Origin) {
  return keep(parse_bool(text), config.*Member);
}

template <std::string ServerConfig::* Member>
Status nonempty(ServerConfig& config, std::string_view text, Origin) {
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "must not be empty");
  config.*Member = text;
  return {};
}

template <std::vector<std::string> ServerConfig::* Member>
Status list(ServerConfig& config, std::string_view text, Origin) {
  auto& out = config.*Member;
  out.clear();
  while (!text.empty()) {
    const auto comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return {};
}

template <Port ServerConfig::* Member>
Status port(ServerConfig& config, std::string_view text, Origin origin) {
  const auto number = parse_unsigned(text, 0, 65535);
  if (!number) return std::unexpected(number.error());
  config.*Member = Port{static_cast<std::uint16_t>(*number), origin != Origin::kDefault};
  return {};
}

Status log_level(ServerConfig& config, std::string_view text, Origin) {
  for (const std::string_view level : {"debug", "info", "warn", "error"}) {
    if (text == level) {
      config.log_level = text;
      return {};
    }
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" is no level; one of debug, info, warn, error", text));
}

using C = ServerConfig;

// Numbers: the request limit is four times the OpenTelemetry Collector's HTTP default of 20 MiB's
// typical batch; 64 MiB decompressed holds about 160,000 spans of 400 bytes. Bytes in flight allow
// four such requests. Retention and disk limit are what a laptop tolerates unasked.
constexpr std::array kSettings = {
    Setting{{"data_dir", "binnacle-data", "where everything is stored"}, nonempty<&C::data_dir>},
    Setting{{"listen.address", "127.0.0.1", "address that every port is bound to"},
            nonempty<&C::listen_address>},
    Setting{{"listen.allowed_hosts", "", "further Host header names accepted on loopback"},
            list<&C::allowed_hosts>},
    Setting{{"listen.cors_origins", "", "browser origins that may send spans to OTLP/HTTP"},
            list<&C::cors_origins>},
    Setting{{"listen.insecure", "false", "allow addresses beyond loopback without authentication"},
            flag<&C::insecure>},
    Setting{{"ports.otlp_grpc", "4317", "OTLP over gRPC"}, port<&C::otlp_grpc>},
    Setting{{"ports.otlp_http", "4318", "OTLP over HTTP"}, port<&C::otlp_http>},
    Setting{{"ports.jaeger_thrift_http", "14268", "Jaeger thrift over HTTP"},
            port<&C::jaeger_thrift_http>},
    Setting{{"ports.zipkin", "9411", "Zipkin v2 JSON"}, port<&C::zipkin>},
    Setting{{"ports.datadog", "8126", "what a Datadog agent takes: traces, v0.3 to v0.5"},
            port<&C::datadog>},
    Setting{{"ports.jaeger_query", "16686", "Jaeger query API and the UI"}, port<&C::jaeger_query>},
    Setting{{"ports.prometheus", "9090", "own metrics at /metrics"}, port<&C::prometheus>},
    Setting{{"ports.ui", "3000", "the UI"}, port<&C::ui>},
    Setting{{"traces.retention", "7d", "spans are kept this long after arrival; 0 for ever"},
            duration<&C::trace_retention_ns>},
    Setting{{"traces.disk_limit", "50GiB", "oldest spans go when they take more; 0 no limit"},
            bytes<&C::trace_disk_limit_bytes>},
    Setting{{"storage.disk_reserve", "512MiB", "free space kept so that deletion stays possible"},
            bytes<&C::disk_reserve_bytes>},
    Setting{{"storage.cache", "256MiB", "memory for blocks read from disk"},
            bytes<&C::cache_bytes>},
    Setting{{"limits.request", "32MiB", "largest request body as sent"},
            bytes<&C::request_limit_bytes>},
    Setting{{"limits.decompressed", "64MiB", "largest request body after decompression"},
            bytes<&C::decompressed_limit_bytes>},
    Setting{{"limits.inflight", "256MiB", "all request bodies being taken in at one time"},
            bytes<&C::inflight_limit_bytes>},
    Setting{{"limits.connections", "1024", "open connections, all HTTP ports together"},
            count<&C::connection_limit, 1'000'000>},
    Setting{{"query.memory", "512MiB", "memory one query may use"}, bytes<&C::query_memory_bytes>},
    Setting{{"query.timeout", "30s", "longest time one query may take"},
            duration<&C::query_timeout_ns>},
    Setting{{"query.max_traces", "1500", "largest limit parameter of a trace search"},
            count<&C::query_trace_limit, 100'000>},
    Setting{{"query.max_spans", "400000", "spans in one answer; more are left out with a warning"},
            count<&C::query_span_limit, 100'000'000>},
    Setting{{"query.max_names", "10000", "services, or operations of one kind, in one list"},
            count<&C::query_name_limit, 10'000'000>},
    Setting{{"log.level", "info", "debug, info, warn or error"}, log_level},
};

constexpr auto kInfos = [] {
  std::array<SettingInfo, kSettings.size()> infos;
  for (std::size_t i = 0; i < kSettings.size(); ++i) infos[i] = kSettings[i].info;
  return infos;
}();

// Variables of the test scripts that share the prefix and are no settings.
constexpr std::array<std::string_view, 2> kNotSettings = {"BINNACLE_BIN", "BINNACLE_SHARED"};

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const Setting& s : kSettings) keys.emplace_back(s.info.key);
  return keys;
}

std::string unknown(std::string_view place, std::string_view key,
                    const std::vector<std::string>& known) {
  const std::string near = nearest(key, known);
  return near.empty()
             ? fmt::format("{}: unknown setting \"{}\"", place, key)
             : fmt::format("{}: unknown setting \"{}\"; did you mean \"{}\"?", place, key, near);
}

// The layers over one another, by key: text, origin and where it stands.
struct Chosen {
  std::string text;
  Origin origin = Origin::kDefault;
  std::string place;
};

class Merger {
 public:
  explicit Merger(const Sources& sources) : sources_(sources) {
    for (const Setting& s : kSettings) {
      chosen_[std::string(s.info.key)] =
          Chosen{std::string(s.info.default_text), Origin::kDefault, "default"};
    }
  }

  Result<Loaded> run() {
    merge_file();
    merge_environment();
    for (const auto& [key, text] : sources_.flags)
      choose(key, Chosen{text, Origin::kFlag, "--" + key}, key);
    Loaded loaded;
    for (const Setting& s : kSettings) {
      const Chosen& c = chosen_[std::string(s.info.key)];
      if (auto ok = s.apply(loaded.config, c.text, c.origin); !ok) {
        errors_.push_back(fmt::format("{}: {}: {}", c.place, s.info.key, ok.error().message));
      }
      loaded.settings.push_back(EffectiveSetting{s.info, c.text, c.origin});
    }
    if (!errors_.empty())
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}", fmt::join(errors_, "\n")));
    return loaded;
  }

 private:
  void choose(const std::string& key, Chosen chosen, std::string_view shown) {
    const auto it = chosen_.find(key);
    if (it == chosen_.end()) {
      errors_.push_back(unknown(chosen.place, shown, known_keys()));
      return;
    }
    it->second = std::move(chosen);
  }

  void merge_file() {
    if (sources_.file_name.empty()) return;
    const auto entries = parse_document(sources_.file_text);
    if (!entries) {
      errors_.push_back(fmt::format("{}:{}", sources_.file_name, entries.error().message));
      return;
    }
    for (const Entry& e : *entries) {
      const std::string place = fmt::format("{}:{}:{}", sources_.file_name, e.line, e.column);
      choose(e.key, Chosen{e.text, Origin::kFile, place}, e.key);
    }
  }

  void merge_environment() {
    std::vector<std::string> names;
    std::map<std::string, std::string, std::less<>> key_of;
    for (const Setting& s : kSettings) {
      names.push_back(environment_name(s.info.key));
      key_of[names.back()] = s.info.key;
    }
    for (const auto& [name, text] : sources_.environment) {
      if (!name.starts_with("BINNACLE_") ||
          std::ranges::find(kNotSettings, name) != kNotSettings.end())
        continue;
      const auto it = key_of.find(name);
      if (it == key_of.end()) {
        errors_.push_back(unknown("environment", name, names));
        continue;
      }
      choose(it->second, Chosen{text, Origin::kEnvironment, name}, name);
    }
  }

  const Sources& sources_;
  std::map<std::string, Chosen> chosen_;
  std::vector<std::string> errors_;
};

std::string_view origin_text(Origin origin) {
  switch (origin) {
    case Origin::kDefault:
      return "default";
    case Origin::kFile:
      return "file";
    case Origin::kEnvironment:
      return "environment";
    case Origin::kFlag:
      return "flag";
  }
  return "";
}

}  // namespace

std::span<const SettingInfo> all_settings() { return kInfos; }

std::string environment_name(std::string_view key) {
  std::string name = "BINNACLE_";
  for (const char c : key) {
    name.push_back(c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return name;
}

Result<Loaded> load(const Sources& sources) { return Merger(sources).run(); }

std::string to_yaml(const Loaded& loaded) {
  std::string out;
  std::string section;
  for (const EffectiveSetting& s : loaded.settings) {
    const auto dot = s.info.key.find('.');
    std::string_view name = s.info.key;
    if (dot != std::string_view::npos) {
      if (section != s.info.key.substr(0, dot)) {
        section = s.info.key.substr(0, dot);
        out += fmt::format("{}:\n", section);
      }
      name = s.info.key.substr(dot + 1);
    }
    const bool quote =
        s.text.empty() || s.text.find_first_of(":#{}[],&*?|<>=!%@\\\"'") != std::string::npos;
    const std::string text = s.info.secret && !s.text.empty() ? "\"********\""
                             : quote                          ? fmt::format("\"{}\"", s.text)
                                                              : s.text;
    out += fmt::format("{}{}: {}  # {}; {}\n", dot == std::string_view::npos ? "" : "  ", name,
                       text, origin_text(s.origin), s.info.help);
  }
  return out;
}

}  // namespace binnacle::config
