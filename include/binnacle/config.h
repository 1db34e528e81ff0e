#pragma once

#include <binnacle/apm.h>
#include <binnacle/sampling.h>
#include <binnacle/views.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Settings of the SDK, for those who do not want them from the environment. Include it beside
// apm.h, which stays light without it. Plain values.
//
//   binnacle::Config config = binnacle::Config::from_environment();
//   config.service_name = "bidder";
//   config.exporters.push_back(binnacle::ExporterConfig()
//                                  .with_kind(binnacle::ExporterKind::kZipkin)
//                                  .with_endpoint("http://zipkin:9411/api/v2/spans"));
//   binnacle::init_observability(config);
//
// Which environment variable sets what stands beside each field; all of them, with defaults and
// precedence, are in .env.example and docs/reference/environment.md.

namespace binnacle {
inline namespace v1 {

// <binnacle/extension.h>
class IdGenerator;
class Sampler;
class SpanExporter;
class SpanProcessor;

/// Compression of request bodies. kAuto: gzip, but none to this machine (loopback addresses), where
/// it only costs.
enum class Compression : std::uint8_t { kAuto, kNone, kGzip };

/// How OTLP is carried.
enum class Protocol : std::uint8_t { kHttpProtobuf, kHttpJson, kGrpc };

/// Where telemetry goes, and so in which format.
enum class ExporterKind : std::uint8_t {
  kOtlp,     ///< any OpenTelemetry receiver; vendors' too, with their headers
  kJaeger,   ///< Jaeger's thrift over HTTP; traces only
  kZipkin,   ///< Zipkin v2 JSON; traces only
  kDatadog,  ///< a Datadog agent, msgpack v0.4; traces only
  kConsole,  ///< text for people, on stderr or stdout
  kFile,     ///< OTLP JSON, a request per line, in rotated files
};

/// Certificates, as files in PEM form. Empty: the system's authorities, no client certificate.
struct TlsConfig {
  std::string ca_file = {};           ///< authorities that may sign the receiver's certificate
  std::string certificate_file = {};  ///< the client's own certificate (mutual TLS)
  std::string key_file = {};          ///< and its key
};

/// One destination. Every destination has its own queue and patience: a slow or dead one does not
/// hold up the others.
struct ExporterConfig {
  ExporterKind kind = ExporterKind::kOtlp;
  /// What is sent there. Kinds that only know traces are never given anything else.
  bool takes_traces = true;
  bool takes_metrics = true;
  bool takes_logs = true;

  /// Base URL of the receiver. OTLP over HTTP appends /v1/traces, /v1/metrics or /v1/logs, Jaeger
  /// /api/traces, Datadog /v0.4/traces, each unless it stands there already. Zipkin: the whole URL.
  /// Console: "stderr" or "stdout". Empty: the kind's default on this machine.
  std::string endpoint;
  /// True: OTLP/HTTP requests go to `endpoint` as it stands. If it takes traces, then these alone.
  bool is_exact_url = false;
  /// Sent with every request. They often hold secrets and are never shown.
  std::vector<std::pair<std::string, std::string>> headers;
  Protocol protocol = Protocol::kHttpProtobuf;
  Compression compression = Compression::kAuto;
  TlsConfig tls;
  /// One request, from connecting to the answer.
  std::int64_t timeout_ms = 10'000;

  /// kFile: where to write; rotated as path.1, path.2 and so on. ("binnacle.jsonl")
  std::string path;
  /// kFile: a file is rotated before it grows past this.
  std::size_t file_limit_bytes = std::size_t{64} << 20U;
  /// kFile: rotated files kept beside the current one.
  std::size_t file_count = 4;

  ExporterConfig& with_kind(ExporterKind value) {
    kind = value;
    return *this;
  }
  ExporterConfig& with_endpoint(std::string url) {
    endpoint = std::move(url);
    return *this;
  }
  ExporterConfig& with_header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  ExporterConfig& with_protocol(Protocol value) {
    protocol = value;
    return *this;
  }
  ExporterConfig& with_compression(Compression value) {
    compression = value;
    return *this;
  }
};

/// Whether sums and histograms are told since the start, or since the last report. kLowMemory:
/// counters and histograms as deltas, up-down counters and observable counters since the start.
enum class Temporality : std::uint8_t { kCumulative, kDelta, kLowMemory };

/// How histograms without bounds of their own are kept.
enum class HistogramAggregation : std::uint8_t { kExplicitBuckets, kExponential };

/// Which measurements may become exemplars.
enum class ExemplarFilter : std::uint8_t { kTraceBased, kAlwaysOn, kAlwaysOff };

struct MetricsConfig {
  /// Time between exports: OTEL_METRIC_EXPORT_INTERVAL.
  std::int64_t interval_ms = 60'000;
  /// How long one export may take, its repetitions included; then what it held is dropped, or
  /// spooled: OTEL_METRIC_EXPORT_TIMEOUT. ExporterConfig::timeout_ms limits each request.
  std::int64_t timeout_ms = 30'000;
  /// OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE.
  Temporality temporality = Temporality::kCumulative;
  /// OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION.
  HistogramAggregation histogram_aggregation = HistogramAggregation::kExplicitBuckets;
  /// OTEL_METRICS_EXEMPLAR_FILTER.
  ExemplarFilter exemplar_filter = ExemplarFilter::kTraceBased;
  /// What instruments look like when they are exported (views.h).
  std::vector<View> views;
  /// The cells that threads record into, all together; beyond it they share cells, under a lock.
  std::size_t cell_limit_bytes = std::size_t{4} << 20U;
  /// Tell about the SDK itself, otel.sdk.* (docs/reference/instruments.md), where metrics are
  /// exported or served: APM_SELF_OBSERVABILITY. Costs recording nothing.
  bool describes_sdk = true;
  /// Export that even where the service has recorded no metrics of its own. Else whoever only has
  /// spans in mind would need a receiver for metrics: APM_SELF_OBSERVABILITY=true.
  bool describes_sdk_alone = false;
};

/// The page that Prometheus scrapes.
struct PrometheusConfig {
  /// APM_BACKEND or OTEL_METRICS_EXPORTER names prometheus, or no exporter takes metrics.
  bool is_enabled = false;
  std::string host = "127.0.0.1";  ///< OTEL_EXPORTER_PROMETHEUS_HOST, else PROMETHEUS_HOST
  std::uint16_t port = 8001;       ///< OTEL_EXPORTER_PROMETHEUS_PORT, else PROMETHEUS_PORT
  std::string path = "/metrics";   ///< PROMETHEUS_METRICS_PATH
  /// Where a process whose port was taken says which one it has, for file_sd:
  /// PROMETHEUS_TARGET_DIR. Empty: $XDG_RUNTIME_DIR/binnacle/targets, else /tmp/binnacle-<user
  /// id>/targets.
  std::string target_directory;
};

struct LogsConfig {
  /// Longest wait before log records are sent while they come; the first one after a pause goes at
  /// once: OTEL_BLRP_SCHEDULE_DELAY.
  std::int64_t schedule_delay_ms = 1'000;
  /// Records per request: OTEL_BLRP_MAX_EXPORT_BATCH_SIZE.
  std::size_t max_export_batch_records = 512;
  /// Records are dropped while this many slots are in use: OTEL_BLRP_MAX_QUEUE_SIZE if set. They
  /// share Config::max_spans with spans, and leave a quarter of it to these in any case.
  std::size_t max_records = 15'360;
  /// OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT, else OTEL_ATTRIBUTE_COUNT_LIMIT.
  std::uint32_t attribute_count_limit = 128;
  /// OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT, else OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT.
  std::uint32_t attribute_value_length_limit = UINT32_MAX;
};

/// Where undelivered batches survive a dead collector and a restart.
struct SpoolConfig {
  std::string directory;                              ///< APM_SPOOL_DIR; empty: no spool
  std::size_t limit_bytes = std::size_t{256} << 20U;  ///< APM_SPOOL_LIMIT_BYTES
};

/// What the SDK itself says on stderr: OTEL_LOG_LEVEL.
enum class DiagnosticLevel : std::uint8_t { kNone, kWarning };

struct Config {
  /// False: everything is a no-op. APM_ENABLED (true), OTEL_SDK_DISABLED, APM_BACKEND=none.
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
  RemoteSamplerConfig remote_sampler;
  /// SamplerKind::kRateLimited, all threads together:
  /// OTEL_TRACES_SAMPLER=[parentbased_]rate_limited with OTEL_TRACES_SAMPLER_ARG.
  double traces_per_second = 100.0;
  /// What a span with a parent does if is_parent_based; the default is what its parent did.
  ParentSamplers parent_samplers;
  /// Asked before `sampler`, for traces that start here (all spans, if not is_parent_based).
  std::vector<SamplingRule> sampling_rules;
  /// Record unsampled spans too and export those of traces that fail.
  KeepErrorsConfig keep_errors;
  /// Writes the probability of a sampled trace into tracestate (`ot=th:...`), so that receivers can
  /// count what was not sampled. One small allocation per new trace.
  bool writes_sampling_threshold = false;

  /// The user's own code; see extension.h. Null or empty: none. A sampler replaces all of the
  /// above but keep_errors.
  std::shared_ptr<Sampler> user_sampler;
  std::shared_ptr<IdGenerator> id_generator;
  std::vector<std::shared_ptr<SpanProcessor>> span_processors;
  /// Destinations beside `exporters`; they count among kMaxExporters.
  std::vector<std::shared_ptr<SpanExporter>> span_exporters;
  /// How long a span exporter may take over a batch.
  std::int64_t span_exporter_timeout_ms = 30'000;

  /// What to find out about host, process, container and k8s for the resource:
  /// OTEL_RESOURCE_DETECTORS, a comma list of these, or all, or none.
  std::vector<std::string> resource_detectors = {"host", "process", "container", "k8s"};
  /// Also the command line (process.command_args), which may hold secrets:
  /// APM_CAPTURE_COMMAND_ARGS.
  bool captures_command_args = false;

  /// Headers to write and to read, in this order: OTEL_PROPAGATORS (tracecontext, baggage, b3,
  /// b3multi, jaeger, datadog, none, and names of register_propagator()). Holds even where
  /// is_enabled is false.
  std::vector<PropagatorKind> propagators = {PropagatorKind::kTraceContext,
                                             PropagatorKind::kBaggage};
  /// Formats of your own. Each takes the place of one kCustom in `propagators`; those for which
  /// there is none run after all others.
  std::vector<std::shared_ptr<const TextMapPropagator>> custom_propagators;

  /// Where everything is sent: APM_BACKEND, OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and
  /// OTEL_LOGS_EXPORTER with the variables of each kind. At most kMaxExporters. If none takes
  /// traces, no spans are recorded; their contexts travel on all the same.
  std::vector<ExporterConfig> exporters = {ExporterConfig().with_endpoint("http://localhost:4318")};
  /// A request is retried for this long, then its contents are dropped, or spooled.
  std::int64_t retry_limit_ms = 60'000;
  SpoolConfig spool;

  MetricsConfig metrics;
  PrometheusConfig prometheus;
  LogsConfig logs;

  /// Longest wait before ended spans are sent: OTEL_BSP_SCHEDULE_DELAY.
  std::int64_t schedule_delay_ms = 5'000;
  /// Spans per request: OTEL_BSP_MAX_EXPORT_BATCH_SIZE.
  std::size_t max_export_batch_spans = 512;
  /// Spans open or waiting to be encoded: OTEL_BSP_MAX_QUEUE_SIZE if set. A span takes a 512-byte
  /// slot, more if it is large. 20480 slots are 10 MiB: with queue and buffers 8 threads stay under
  /// 16 MB.
  std::size_t max_spans = 20'480;
  /// Encoded spans, metrics and logs waiting to be sent (while a receiver is away); every exporter
  /// has an equal share.
  std::size_t queue_limit_bytes = std::size_t{4} << 20U;
  /// Attribute values and events over 4 KB, all together, until they are sent.
  std::size_t large_value_limit_bytes = std::size_t{2} << 20U;

  /// OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, else OTEL_ATTRIBUTE_COUNT_LIMIT.
  std::uint32_t attribute_count_limit = 128;
  /// Longer strings are cut: OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, else
  /// OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT. In bytes, at a whole UTF-8 character.
  std::uint32_t attribute_value_length_limit = UINT32_MAX;
  /// OTEL_SPAN_EVENT_COUNT_LIMIT, OTEL_SPAN_LINK_COUNT_LIMIT.
  std::uint32_t event_count_limit = 128;
  std::uint32_t link_count_limit = 128;
  /// OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT, OTEL_LINK_ATTRIBUTE_COUNT_LIMIT.
  std::uint32_t event_attribute_count_limit = 128;
  std::uint32_t link_attribute_count_limit = 128;

  /// Whether the scopes record content: prompts and answers, queries, tool arguments, URLs, amounts
  /// (content.h). APM_CAPTURE_CONTENT, else OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT.
  bool captures_content = false;
  /// Key of the hash that stands for content which is not captured; any text. Empty: a random one
  /// of this process. APM_CONTENT_HASH_KEY.
  std::string content_hash_key;
  /// Whether the scopes write OpenInference's attributes (Phoenix, Arize) beside OpenTelemetry's:
  /// APM_OPENINFERENCE.
  bool uses_openinference = false;

  /// At exit without shutdown(): how long to flush.
  std::int64_t exit_flush_ms = 1'000;
  DiagnosticLevel diagnostics = DiagnosticLevel::kWarning;

  /// Reads the variables named above. What cannot be understood is warned of on stderr and its
  /// default holds.
  static Config from_environment();
};

/// More exporters than this are left out, with a warning.
inline constexpr std::size_t kMaxExporters = kMaxDestinations;

/// Gives a format of your own a name for OTEL_PROPAGATORS; call it before init_observability().
/// False if the name is taken by a built-in one or is no token, the propagator null, or memory out.
/// A name given again is given to the new one. Thread-safe.
bool register_propagator(std::string_view name,
                         std::shared_ptr<const TextMapPropagator> propagator) noexcept;

}  // namespace v1
}  // namespace binnacle
