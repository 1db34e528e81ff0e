#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>

// What OTLP receivers answer (opentelemetry-proto docs/specification.md, "OTLP/HTTP Response").
// ExportTraceServiceResponse; those of metrics and logs have the same numbers, their JSON another
// name. google.rpc.Status as protobuf is io/net's encode_rpc_status. Pure functions.
//
//   body = otlp::encode_response_protobuf({.rejected = spans.rejected, .message = reason});

namespace binnacle::otlp {

/// `rejected` and `message` both empty: full success. A message without rejections is a warning.
struct PartialSuccess {
  std::uint64_t rejected = 0;
  std::string_view message;
};

/// Empty for full success: the empty message.
[[nodiscard]] std::string encode_response_protobuf(const PartialSuccess& result);

/// `{}` for full success, else {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}}.
[[nodiscard]] std::string encode_response_json(const PartialSuccess& result);

/// google.rpc.Status in the protobuf JSON mapping, with a RetryInfo detail if the error says when
/// to retry: what a JSON request that failed is answered with.
[[nodiscard]] std::string encode_status_json(const Error& error);

}  // namespace binnacle::otlp
