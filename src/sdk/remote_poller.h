#pragma once

#include "sdk/http_client.h"
#include "sdk/pipeline.h"
#include "sdk/remote_strategy.h"

#include <binnacle/config.h>

#include <memory>

// Asks Jaeger's sampling endpoint, now and then, how to sample: GET <endpoint>?service=<name>.
// While there is no good answer the last strategy holds. One warning until the next good answer.
// Thread-confined (the export thread).

namespace binnacle::sdk {

/// `cell` and `runtime` outlive it.
std::unique_ptr<ExportJob> make_remote_poller(HttpClient& client, RemoteStrategyCell& cell,
                                              Runtime& runtime, const Config& config);

}  // namespace binnacle::sdk
