#include "ingest/ingest_probe.h"

#include <fmt/format.h>

namespace binnacle {

std::string_view to_string(SpanSource source) noexcept {
  switch (source) {
    case SpanSource::kOtlpGrpc:
      return "otlp_grpc";
    case SpanSource::kOtlpHttp:
      return "otlp_http";
    case SpanSource::kJaegerThriftHttp:
      return "jaeger_thrift_http";
    case SpanSource::kZipkinHttp:
      return "zipkin_http";
    case SpanSource::kDatadogHttp:
      return "datadog_http";
  }
  return "unknown";
}

void IngestProbe::describe(std::vector<Descriptor>& out) const {
  constexpr std::string_view kRejected = "binnacle_ingest_spans_rejected_total";
  constexpr std::string_view kRejectedHelp = "Spans not stored, by reason.";
  constexpr std::string_view kRefused = "binnacle_ingest_requests_rejected_total";
  constexpr std::string_view kRefusedHelp = "Requests of which nothing was looked at, by reason.";
  for (std::size_t i = 0; i < kSpanSourceCount; ++i) {
    const PerSource& s = sources[i];
    const std::string receiver =
        fmt::format("receiver=\"{}\"", to_string(static_cast<SpanSource>(i)));
    const auto because = [&](std::string_view reason) {
      return fmt::format("{},reason=\"{}\"", receiver, reason);
    };
    out.insert(
        out.end(),
        {{"binnacle_ingest_requests_total", "Span requests received.", receiver, &s.requests},
         {"binnacle_ingest_request_bytes_total", "Bytes of span requests, decompressed.", receiver,
          &s.request_bytes},
         {"binnacle_ingest_spans_received_total", "Spans received.", receiver, &s.spans_received},
         {"binnacle_ingest_spans_accepted_total", "Spans stored and acknowledged.", receiver,
          &s.spans_accepted},
         {kRejected, kRejectedHelp, because("malformed"), &s.rejected_malformed},
         {kRejected, kRejectedHelp, because("over_limit"), &s.rejected_over_limit},
         {kRejected, kRejectedHelp, because("overload"), &s.rejected_overload},
         {kRejected, kRejectedHelp, because("store_failed"), &s.rejected_failed},
         {kRefused, kRefusedHelp, because("malformed"), &s.requests_malformed},
         {kRefused, kRefusedHelp, because("overload"), &s.requests_refused}});
  }
  out.insert(out.end(),
             {{"binnacle_ingest_attributes_dropped_total", "Attributes over a limit.", "",
               &attributes_dropped},
              {"binnacle_ingest_values_truncated_total", "Texts cut to the length limit.", "",
               &values_truncated},
              {"binnacle_ingest_events_dropped_total", "Events over a limit.", "", &events_dropped},
              {"binnacle_ingest_links_dropped_total", "Links over a limit.", "", &links_dropped},
              {"binnacle_ingest_requests_in_flight", "Requests admitted and not yet answered.", "",
               nullptr, &requests_in_flight},
              {"binnacle_ingest_in_flight_bytes", "Memory of admitted requests.", "", nullptr,
               &bytes_in_flight}});
}

}  // namespace binnacle
