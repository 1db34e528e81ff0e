#pragma once

#include "ingest/span_ingest.h"
#include "io/net/http_router.h"
#include "server/receive/receive_limits.h"

// Jaeger's Thrift over HTTP, on 14268: POST /api/traces with a binary Batch (jaeger-idl
// thrift/jaeger.thrift); `?format=jaeger.thrift` may be there or not. 202 once the spans are
// durable; other content types and broken bodies 400, as Jaeger's collector answers. Created by
// `app`; must outlive the server whose routes it adds. Immutable: any thread.

namespace binnacle {

class JaegerThriftReceiver {
 public:
  JaegerThriftReceiver(SpanIngest& ingest, const ReceiveLimits& limits)
      : ingest_(ingest), limits_(limits) {}
  void add_routes(HttpRouter& router);

 private:
  SpanIngest& ingest_;
  const ReceiveLimits limits_;
};

}  // namespace binnacle
