#pragma once

#include <binnacle/apm.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Settings of the SDK, for those who do not want them from the environment. Include it beside
// apm.h, which stays light without it. A plain value.
//
//   binnacle::Config config = binnacle::Config::from_environment();
//   config.service_name = "bidder";
//   binnacle::init_observability(config);

namespace binnacle {
inline namespace v1 {

/// Who decides whether a new trace is recorded.
enum class SamplerKind : std::uint8_t { kAlwaysOn, kAlwaysOff, kTraceIdRatio };

/// Compression of request bodies. kAuto: gzip, but none to this machine (loopback addresses), where
/// it only costs.
enum class Compression : std::uint8_t { kAuto, kNone, kGzip };

struct Config {
  /// False: everything is a no-op. APM_ENABLED (true), OTEL_SDK_DISABLED, APM_BACKEND=none,
  /// OTEL_TRACES_EXPORTER=none.
  bool is_enabled = true;

  /// OTEL_SERVICE_NAME, else service.name of OTEL_RESOURCE_ATTRIBUTES, else APM_SERVICE_NAME.
  std::string service_name = "arbitrage-ai";
  /// service.version of OTEL_RESOURCE_ATTRIBUTES, else APM_VERSION.
  std::string service_version = "0.1.0";
  /// deployment.environment.name of OTEL_RESOURCE_ATTRIBUTES, else APM_ENVIRONMENT.
  std::string environment = "development";
  /// Further attributes of the resource: OTEL_RESOURCE_ATTRIBUTES.
  std::vector<std::pair<std::string, std::string>> resource_attributes;

  /// The sampler of traces that start here: OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, else
  /// TRACE_SAMPLE_RATE; if none is set 1.0 in development, test and local, 0.1 elsewhere.
  SamplerKind sampler = SamplerKind::kAlwaysOn;
  double sample_ratio = 1.0;
  /// True: a span with a parent does as its parent did (the parentbased_* samplers).
  bool is_parent_based = true;

  /// URL of the OTLP/HTTP receiver of traces: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it is, else
  /// OTEL_EXPORTER_OTLP_ENDPOINT or OTLP_ENDPOINT with /v1/traces appended.
  std::string endpoint = "http://localhost:4318/v1/traces";
  /// OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_TRACES_HEADERS.
  std::vector<std::pair<std::string, std::string>> headers;
  /// OTEL_EXPORTER_OTLP_COMPRESSION, OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: gzip or none.
  Compression compression = Compression::kAuto;
  /// One request, from connecting to the answer: OTEL_EXPORTER_OTLP_TIMEOUT, ..._TRACES_TIMEOUT.
  std::int64_t export_timeout_ms = 10'000;
  /// A request is retried for this long, then its spans are dropped.
  std::int64_t retry_limit_ms = 60'000;

  /// Longest wait before ended spans are sent: OTEL_BSP_SCHEDULE_DELAY.
  std::int64_t schedule_delay_ms = 5'000;
  /// Spans per request: OTEL_BSP_MAX_EXPORT_BATCH_SIZE.
  std::size_t max_export_batch_spans = 512;
  /// Spans open or waiting to be encoded: OTEL_BSP_MAX_QUEUE_SIZE if set. A span takes a 512-byte
  /// slot, more if it is large. 20480 slots are 10 MiB: with queue and buffers 8 threads stay under
  /// 16 MB.
  std::size_t max_spans = 20'480;
  /// Encoded spans waiting to be sent (while the collector is away).
  std::size_t queue_limit_bytes = 4u << 20;
  /// Attribute values and events over 4 KB, all together, until they are sent.
  std::size_t large_value_limit_bytes = 2u << 20;

  /// OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, OTEL_SPAN_EVENT_COUNT_LIMIT, OTEL_SPAN_LINK_COUNT_LIMIT.
  std::uint32_t attribute_count_limit = 128;
  std::uint32_t event_count_limit = 128;
  std::uint32_t link_count_limit = 128;

  /// At exit without shutdown(): how long to flush.
  std::int64_t exit_flush_ms = 1'000;

  /// Reads the variables named above, and OTEL_EXPORTER_OTLP_PROTOCOL (http/protobuf is what there
  /// is). What cannot be understood is warned of on stderr and its default holds.
  static Config from_environment();
};

}  // namespace v1
}  // namespace binnacle
