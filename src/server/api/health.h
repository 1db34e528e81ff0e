#pragma once

#include "base/error.h"
#include "io/net/http_router.h"

#include <functional>

// Liveness and readiness for supervisors, load balancers and `binnacle healthcheck`.

namespace binnacle {

/// Adds GET /healthz (200 while the process answers at all) and GET /ready (200, or 503 with the
/// reason while `ready` fails). `ready` is called per request, on I/O threads: it must not block.
void add_health_routes(HttpRouter& router, std::function<Status()> ready);

}  // namespace binnacle
