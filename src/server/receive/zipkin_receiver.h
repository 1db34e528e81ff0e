#pragma once

#include "ingest/span_ingest.h"
#include "io/net/http_router.h"
#include "server/receive/receive_limits.h"

// Zipkin's collector endpoint, on 9411: POST /api/v2/spans with a JSON list of v2 spans
// (zipkin.io/zipkin-api). 202 once the spans are durable; broken bodies 400, other content types
// 415. Created by `app`; must outlive the server whose routes it adds. Immutable: any thread.

namespace binnacle {

class ZipkinReceiver {
 public:
  ZipkinReceiver(SpanIngest& ingest, const ReceiveLimits& limits)
      : ingest_(ingest), limits_(limits) {}
  void add_routes(HttpRouter& router);

 private:
  SpanIngest& ingest_;
  const ReceiveLimits limits_;
};

}  // namespace binnacle
