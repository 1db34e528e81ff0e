#pragma once

#include "ingest/span_ingest.h"
#include "io/net/http_router.h"
#include "server/receive/receive_limits.h"

// OpenTelemetry's own protocol, OTLP 1.x (opentelemetry.io/docs/specs/otlp): HTTP on 4318 with
// protobuf and JSON, gRPC on 4317 (otlp_grpc_receiver.h). Created by `app`; must outlive the
// servers whose routes it adds. Immutable: any thread.
//
//   OtlpHttpReceiver otlp(ingest, limits);
//   otlp.add_routes(router);
//
// POST /v1/traces: 200 with ExportTraceServiceResponse in the request's content type once the spans
// are durable; errors carry google.rpc.Status in the same content type. POST /v1/metrics and
// /v1/logs are refused with 501 and a remedy.

namespace binnacle {

class OtlpHttpReceiver {
 public:
  OtlpHttpReceiver(SpanIngest& ingest, const ReceiveLimits& limits)
      : ingest_(ingest), limits_(limits) {}
  void add_routes(HttpRouter& router);

 private:
  void receive_traces(HttpRequest&& request, HttpResponder responder) const;

  SpanIngest& ingest_;
  const ReceiveLimits limits_;
};

/// Why a signal that has no store yet is refused, and what to set instead: "metrics", "METRICS".
[[nodiscard]] Error signal_not_stored(std::string_view signal, std::string_view variable);

}  // namespace binnacle
