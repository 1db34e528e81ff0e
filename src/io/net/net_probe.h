#pragma once

#include "base/counter.h"

#include <vector>

// Counters of io/net. HttpServer and GrpcServer own one each; `app` collects the descriptors.

namespace binnacle {

struct HttpProbe {
  Counter connections_accepted;
  Counter connections_refused;  ///< over connection_limit
  Gauge connections_open;
  Counter requests;
  Counter responses_2xx;
  Counter responses_3xx;
  Counter responses_4xx;
  Counter responses_5xx;
  Gauge requests_in_flight;
  Counter received_bytes;  ///< bodies, as on the wire less chunk framing
  Counter sent_bytes;      ///< headers and bodies
  Counter malformed;       ///< 400 from the parser
  Counter header_too_large;
  Counter body_too_large;
  Counter bodies_over_budget;
  Counter worker_queue_full;
  Counter timeouts;  ///< header, body and write timeouts; idle ones are not errors
  Counter forbidden_hosts;
  Counter clients_gone;  ///< closed while their answer was awaited

  void describe(std::vector<Descriptor>& out) const;
};

struct GrpcProbe {
  Counter calls;
  Counter calls_ok;
  Counter calls_failed;
  Counter unknown_methods;
  Counter over_limit;  ///< refused for calls in flight or their bytes
  Gauge calls_in_flight;
  Counter received_bytes;  ///< message bytes after decompression

  void describe(std::vector<Descriptor>& out) const;
};

}  // namespace binnacle
