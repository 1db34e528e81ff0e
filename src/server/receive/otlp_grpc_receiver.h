#pragma once

#include "ingest/span_ingest.h"
#include "io/net/grpc_server.h"

// OTLP over gRPC, on 4317: opentelemetry.proto.collector.trace.v1.TraceService/Export. Created by
// `app`; must outlive the server whose methods it adds. Immutable: any thread.
//
//   OtlpGrpcReceiver otlp(ingest);
//   otlp.add_methods(grpc_server);
//
// Answers once the spans are durable. RESOURCE_EXHAUSTED and UNAVAILABLE carry RetryInfo. The
// services of metrics and logs are UNIMPLEMENTED with a remedy.

namespace binnacle {

class OtlpGrpcReceiver {
 public:
  explicit OtlpGrpcReceiver(SpanIngest& ingest) : ingest_(ingest) {}
  void add_methods(GrpcServer& server);

 private:
  void receive(GrpcRequest&& call, GrpcResponder responder) const;

  SpanIngest& ingest_;
};

}  // namespace binnacle
