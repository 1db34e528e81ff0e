#pragma once

#include "base/error.h"

#include <string>

// google.rpc.Status (google/rpc/status.proto), the form in which OTLP and gRPC tell errors in
// detail. Pure functions, any thread.

namespace binnacle {

/// As protobuf: code and message and, for retryable errors, a google.rpc.RetryInfo detail
/// (google/rpc/error_details.proto) with retry_after_ns. Goes into grpc-status-details-bin and into
/// the body of OTLP/HTTP errors.
[[nodiscard]] std::string encode_rpc_status(const Error& error);

}  // namespace binnacle
