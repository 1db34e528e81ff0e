#pragma once

#include "ingest/span_ingest.h"
#include "io/net/http_router.h"
#include "server/receive/receive_limits.h"

// What a Datadog agent answers tracers on 8126, as far as traces go (datadog-agent,
// pkg/trace/api). Created by `app`; must outlive the server whose routes it adds. Immutable: any
// thread.
//
// - PUT and POST /v0.3/traces and /v0.4/traces (msgpack or JSON), /v0.5/traces (msgpack): 200 once
//   the spans are durable, with `OK` or sampling rates of 1. Broken bodies 400, other content types
//   415.
// - GET /info: the endpoints there are, which is how tracers find out what not to send.
// - POST /telemetry/proxy/...: what tracers tell about themselves is read and forgotten, 202. They
//   would send it to Datadog's own servers if the agent did not take it.
// - Statistics (/v0.6/stats), remote configuration (/v0.7/config) and everything else that /info
//   does not name is 404, as from an agent in which it is off.

namespace binnacle {

class DatadogReceiver {
 public:
  DatadogReceiver(SpanIngest& ingest, const ReceiveLimits& limits)
      : ingest_(ingest), limits_(limits) {}
  void add_routes(HttpRouter& router);

 private:
  SpanIngest& ingest_;
  const ReceiveLimits limits_;
};

}  // namespace binnacle
