#pragma once

#include "sdk/destination.h"

#include <binnacle/extension.h>

#include <cstdint>
#include <memory>
#include <string>

// A user's SpanExporter as a destination like any other: spans are put into batches by copying, the
// batches wait in the destination's queue, and a reply ends a request as an HTTP answer would.
// Thread-confined (the export thread), but for the replies.

namespace binnacle::sdk {

class Runtime;

struct UserExporterOptions {
  std::string name;                  ///< in destination_stats()
  std::int64_t timeout_ms = 30'000;  ///< no word by then: try again
  std::string resource;              ///< an encoded Resource message
};

/// `runtime` is woken by replies, so that they are seen at once.
DestinationSetup make_user_destination(std::shared_ptr<SpanExporter> exporter, Runtime& runtime,
                                       const UserExporterOptions& options);

}  // namespace binnacle::sdk
