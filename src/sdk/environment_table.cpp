#include "sdk/environment_table.h"

#include <algorithm>
#include <array>

namespace binnacle::sdk {

namespace {

using enum VariableGroup;

constexpr std::string_view kTitles[kVariableGroupCount] = {
    "The service", "Sampling and propagation", "Backends", "Vendors", "OTLP",
    "Prometheus",  "Console, file, spool",     "Batching", "Limits",  "Metrics",
    "Content"};

// The meaning is one line without a pipe, since it becomes a table cell.
constexpr auto kVariables = std::to_array<Variable>({
    {kService, "APM_ENABLED", "true", "false switches the SDK off"},
    {kService, "OTEL_SDK_DISABLED", "false", "true switches the SDK off"},
    {kService, "APM_SERVICE_NAME", "arbitrage-ai", "the service's name"},
    {kService, "OTEL_SERVICE_NAME", "", "the service's name"},
    {kService, "APM_VERSION", "0.1.0", "the service's version"},
    {kService, "APM_ENVIRONMENT", "development", "deployment environment"},
    {kService, "OTEL_RESOURCE_ATTRIBUTES", "",
     "key=value,... of the resource; values percent-encoded"},
    {kService, "OTEL_RESOURCE_DETECTORS", "all", "of host, process, container, k8s; or all, none"},
    {kService, "APM_CAPTURE_COMMAND_ARGS", "false",
     "true puts the process's command line into the resource"},
    {kService, "OTEL_LOG_LEVEL", "info", "none, error or fatal silence the SDK's own warnings"},

    {kSampling, "TRACE_SAMPLE_RATE", "",
     "share of traces recorded, 0 to 1; unset: 1.0 in development, test and local, else 0.1"},
    {kSampling, "OTEL_TRACES_SAMPLER", "",
     "[parentbased_]always_on, always_off, traceidratio, rate_limited or jaeger_remote"},
    {kSampling, "OTEL_TRACES_SAMPLER_ARG", "",
     "the ratio (1.0), traces per second, or "
     "endpoint=URL,pollingIntervalMs=N,initialSamplingRate=R"},
    {kSampling, "APM_KEEP_ERRORS", "false",
     "true records unsampled spans too, and exports those of failed traces"},
    {kSampling, "OTEL_PROPAGATORS", "tracecontext,baggage",
     "of tracecontext, baggage, b3, b3multi, jaeger, datadog; or none"},

    {kBackends, "APM_BACKEND", "jaeger",
     "of jaeger, otlp, datadog, honeycomb, zipkin, prometheus, console, file; or none"},
    {kBackends, "OTEL_TRACES_EXPORTER", "",
     "for traces: of otlp, jaeger, zipkin, datadog, honeycomb, console, file; or none"},
    {kBackends, "OTEL_METRICS_EXPORTER", "",
     "for metrics: of otlp, prometheus, datadog, honeycomb, console, file; or none"},
    {kBackends, "OTEL_LOGS_EXPORTER", "",
     "for logs: of otlp, datadog, honeycomb, console, file; or none"},

    {kVendors, "JAEGER_ENDPOINT", "http://localhost:14268",
     "Jaeger's collector, thrift over HTTP; /api/traces is appended"},
    {kVendors, "OTEL_EXPORTER_JAEGER_ENDPOINT", "", "the same"},
    {kVendors, "OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://localhost:9411/api/v2/spans",
     "Zipkin's whole URL"},
    {kVendors, "OTEL_EXPORTER_ZIPKIN_TIMEOUT", "10000", "ms for one request to Zipkin"},
    {kVendors, "DATADOG_ENDPOINT", "http://localhost:8126",
     "Datadog's agent, or with a key and https its OTLP intake"},
    {kVendors, "DATADOG_API_KEY", "", "for sending without an agent", true},
    {kVendors, "HONEYCOMB_API_KEY", "", "needed for honeycomb", true},
    {kVendors, "HONEYCOMB_DATASET", "", "dataset, where the account has them"},
    {kVendors, "HONEYCOMB_API_ENDPOINT", "https://api.honeycomb.io", "Honeycomb's OTLP receiver"},

    {kOtlp, "OTLP_ENDPOINT", "http://localhost:4317",
     "the collector; port 4317 means gRPC, others HTTP"},
    {kOtlp, "OTEL_EXPORTER_OTLP_ENDPOINT", "",
     "the collector; HTTP appends /v1/traces and its like"},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "for traces; HTTP: as it stands"},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "", "for metrics; HTTP: as it stands"},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "", "for logs; HTTP: as it stands"},
    {kOtlp, "OTEL_EXPORTER_OTLP_PROTOCOL", "",
     "grpc, http/protobuf or http/json; unset: by the endpoint's port"},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "", "for traces"},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "", "for metrics"},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "", "for logs"},
    {kOtlp, "OTEL_EXPORTER_OTLP_HEADERS", "", "name=value,... sent along; values percent-encoded",
     true},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "", "for traces, instead of these", true},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "", "for metrics, instead of these", true},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_HEADERS", "", "for logs, instead of these", true},
    {kOtlp, "OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "ms for one request"},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "", "for traces"},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "", "for metrics"},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "", "for logs"},
    {kOtlp, "OTEL_EXPORTER_OTLP_COMPRESSION", "",
     "gzip or none; unset: gzip, but none to this machine"},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "", "for traces"},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "", "for metrics"},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "", "for logs"},
    {kOtlp, "OTEL_EXPORTER_OTLP_CERTIFICATE", "",
     "PEM file of authorities that the collector's certificate is checked against"},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "", "for traces"},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "", "for metrics"},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "", "for logs"},
    {kOtlp, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "", "PEM file of the client's certificate"},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "", "for traces"},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "", "for metrics"},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", "", "for logs"},
    {kOtlp, "OTEL_EXPORTER_OTLP_CLIENT_KEY", "", "PEM file of the client certificate's key"},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "", "for traces"},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "", "for metrics"},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "", "for logs"},
    {kOtlp, "OTEL_EXPORTER_OTLP_INSECURE", "true",
     "for endpoints without a scheme: false means https"},
    {kOtlp, "OTEL_EXPORTER_OTLP_TRACES_INSECURE", "", "for traces"},
    {kOtlp, "OTEL_EXPORTER_OTLP_METRICS_INSECURE", "", "for metrics"},
    {kOtlp, "OTEL_EXPORTER_OTLP_LOGS_INSECURE", "", "for logs"},

    {kPrometheus, "PROMETHEUS_HOST", "127.0.0.1", "address that /metrics is served on"},
    {kPrometheus, "OTEL_EXPORTER_PROMETHEUS_HOST", "", "the same"},
    {kPrometheus, "PROMETHEUS_PORT", "8001", "its port; a free one if it is taken"},
    {kPrometheus, "OTEL_EXPORTER_PROMETHEUS_PORT", "", "the same"},
    {kPrometheus, "PROMETHEUS_METRICS_PATH", "/metrics", "its path"},
    {kPrometheus, "PROMETHEUS_TARGET_DIR", "",
     "directory of files for file_sd, one per process whose port was taken; unset: one per user"},

    {kLocal, "APM_CONSOLE_STREAM", "stderr", "where console writes: stderr or stdout"},
    {kLocal, "APM_FILE_PATH", "binnacle.jsonl", "where file writes OTLP JSON lines"},
    {kLocal, "APM_FILE_LIMIT_BYTES", "67108864", "a file is rotated before it grows past this"},
    {kLocal, "APM_FILE_COUNT", "4", "rotated files kept beside the current one"},
    {kLocal, "APM_SPOOL_DIR", "",
     "directory for what cannot be delivered, to be sent later; unset: it is dropped"},
    {kLocal, "APM_SPOOL_LIMIT_BYTES", "268435456", "size of the spool; the oldest is dropped"},

    {kBatching, "OTEL_BSP_SCHEDULE_DELAY", "5000", "ms until ended spans are sent, at most"},
    {kBatching, "OTEL_BSP_MAX_QUEUE_SIZE", "20480", "spans open or waiting to be encoded"},
    {kBatching, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", "spans per request"},
    {kBatching, "OTEL_BSP_EXPORT_TIMEOUT", "",
     "ms for one request with spans, if no OTLP timeout is set"},
    {kBatching, "OTEL_BLRP_SCHEDULE_DELAY", "1000", "ms until log records are sent, at most"},
    {kBatching, "OTEL_BLRP_MAX_QUEUE_SIZE", "15360",
     "log records are dropped while this many slots are in use, of those that spans have too"},
    {kBatching, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "512", "log records per request"},
    {kBatching, "OTEL_BLRP_EXPORT_TIMEOUT", "",
     "ms for one request with log records, if no OTLP timeout is set"},

    {kLimits, "OTEL_ATTRIBUTE_COUNT_LIMIT", "128", "attributes per span or log record"},
    {kLimits, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "",
     "bytes of a text attribute, longer ones are cut; unset: no limit"},
    {kLimits, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "", "attributes per span"},
    {kLimits, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "", "bytes of a span's text attribute"},
    {kLimits, "OTEL_SPAN_EVENT_COUNT_LIMIT", "128", "events per span"},
    {kLimits, "OTEL_SPAN_LINK_COUNT_LIMIT", "128", "links per span"},
    {kLimits, "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "128", "attributes per event"},
    {kLimits, "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "128", "attributes per link"},
    {kLimits, "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "", "attributes per log record"},
    {kLimits, "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "",
     "bytes of a log record's text attribute"},

    {kMetrics, "OTEL_METRIC_EXPORT_INTERVAL", "60000", "ms between exports of metrics"},
    {kMetrics, "OTEL_METRIC_EXPORT_TIMEOUT", "30000", "ms that one export of metrics may take"},
    {kMetrics, "OTEL_METRICS_EXEMPLAR_FILTER", "trace_based",
     "trace_based, always_on or always_off"},
    {kMetrics, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative",
     "cumulative, delta or lowmemory"},
    {kMetrics, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
     "explicit_bucket_histogram",
     "explicit_bucket_histogram or base2_exponential_bucket_histogram"},
    {kMetrics, "APM_SELF_OBSERVABILITY", "",
     "otel.sdk.* about the SDK: false for never, true for always; unset: with other metrics"},

    {kContent, "APM_CAPTURE_CONTENT", "false",
     "true records prompts, answers, queries, tool arguments, URLs and amounts"},
    {kContent, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "",
     "the same; also span_only, span_and_event, event_only, no_content"},
    {kContent, "APM_CONTENT_HASH_KEY", "",
     "key of the hash that stands for content not captured; unset: a random one per process", true},
    {kContent, "APM_OPENINFERENCE", "false",
     "true writes OpenInference attributes (Phoenix, Arize) beside OpenTelemetry's"},
});

}  // namespace

std::span<const Variable> environment_variables() noexcept { return kVariables; }

std::string_view title_of(VariableGroup group) noexcept {
  return kTitles[static_cast<std::size_t>(group)];
}

const Variable* find_variable(std::string_view name) noexcept {
  const auto found = std::find_if(kVariables.begin(), kVariables.end(),
                                  [&](const Variable& known) { return known.name == name; });
  return found == kVariables.end() ? nullptr : &*found;
}

}  // namespace binnacle::sdk
