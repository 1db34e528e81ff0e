#pragma once

#include <binnacle/span.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Settings of the samplers beyond a ratio; parts of Config (config.h, which includes this). What
// each decides and costs is in docs/reference/sampling.md. Plain values.
//
//   config.sampling_rules = {
//       binnacle::SamplingRule().with_name("GET /health*").with_ratio(0),
//       binnacle::SamplingRule().with_route("/api/bids/*").with_rate(50)};
//   config.keep_errors.is_enabled = true;

namespace binnacle {
inline namespace v1 {

/// Who decides whether a new trace is recorded.
enum class SamplerKind : std::uint8_t {
  kAlwaysOn,
  kAlwaysOff,
  kTraceIdRatio,  ///< Config::sample_ratio
  kRateLimited,   ///< Config::traces_per_second
  kJaegerRemote,  ///< Config::remote_sampler
};

/// For whom a trace that starts here is recorded. All conditions that are set must hold; the first
/// rule that matches decides, and Config::sampler if none does. At most kMaxSamplingRules.
struct SamplingRule {
  /// Span name; `*` stands for any text, `?` for one character. Empty: any name.
  std::string name;
  std::optional<SpanKind> kind;
  /// Attributes given at the start, compared as text ("true", "42", "0.5").
  std::vector<std::pair<std::string, std::string>> attributes;
  /// Pattern, as for the name, of the attribute http.route given at the start, or, if there is
  /// none, of url.path or http.target. Empty: any, or none.
  std::string route;

  /// The share of matching traces that is recorded.
  double ratio = 1.0;
  /// Of these, at most so many a second; 0: no limit.
  double traces_per_second = 0.0;

  SamplingRule& with_name(std::string pattern) {
    name = std::move(pattern);
    return *this;
  }
  SamplingRule& with_kind(SpanKind value) {
    kind = value;
    return *this;
  }
  SamplingRule& with_attribute(std::string key, std::string value) {
    attributes.emplace_back(std::move(key), std::move(value));
    return *this;
  }
  SamplingRule& with_route(std::string pattern) {
    route = std::move(pattern);
    return *this;
  }
  SamplingRule& with_ratio(double share) {
    ratio = share;
    return *this;
  }
  SamplingRule& with_rate(double per_second) {
    traces_per_second = per_second;
    return *this;
  }
};

/// Rules beyond this are left out, with a warning.
inline constexpr std::size_t kMaxSamplingRules = 64;

/// OpenTelemetry's ParentBased: what a span with a parent does, by where the parent is and whether
/// it is sampled. kTraceIdRatio uses Config::sample_ratio, kRateLimited Config::traces_per_second.
struct ParentSamplers {
  SamplerKind remote_sampled = SamplerKind::kAlwaysOn;
  SamplerKind remote_not_sampled = SamplerKind::kAlwaysOff;
  SamplerKind local_sampled = SamplerKind::kAlwaysOn;
  SamplerKind local_not_sampled = SamplerKind::kAlwaysOff;
};

/// Jaeger's remote sampling: OTEL_TRACES_SAMPLER=jaeger_remote or parentbased_jaeger_remote, and
/// OTEL_TRACES_SAMPLER_ARG=endpoint=URL,pollingIntervalMs=N,initialSamplingRate=R.
struct RemoteSamplerConfig {
  /// Asked as <endpoint>?service=<service name>.
  std::string endpoint = "http://localhost:5778/sampling";
  std::int64_t polling_interval_ms = 60'000;
  double initial_ratio = 0.001;  ///< until the first answer
};

/// Late decision: spans that are not sampled are recorded all the same, and exported if their trace
/// turns out to have failed in this process.
struct KeepErrorsConfig {
  bool is_enabled = false;  ///< APM_KEEP_ERRORS
  /// Spans that wait for their local root to end, together; beyond it the oldest are dropped.
  std::size_t limit_bytes = std::size_t{4} << 20U;
};

}  // namespace v1
}  // namespace binnacle
