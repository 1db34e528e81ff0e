#pragma once

#include "sdk/batch_exporter.h"

#include <cstdint>
#include <string_view>

// What a collector's answer means for the batch. Pure functions over bytes that may be anything.
// Source: OTLP specification 1.x, "OTLP/gRPC" and "OTLP/HTTP"; gRPC's PROTOCOL-HTTP2.

namespace binnacle::sdk {

/// What is to be found in a body of a successful answer.
enum class AnswerFormat : std::uint8_t { kOtlpProtobuf, kOtlpJson, kNothing };

/// An HTTP answer. `retry_after_s` as the Retry-After header said, 0 if absent.
ExportResult judge_answer(long status, std::int64_t retry_after_s, std::string_view body,
                          AnswerFormat format = AnswerFormat::kOtlpProtobuf);

/// A gRPC answer.
struct GrpcAnswer {
  long http_status = 200;
  std::string_view content_type;
  std::string_view status;   ///< grpc-status, header or trailer
  std::string_view message;  ///< grpc-message, percent-encoded
  std::string_view details;  ///< grpc-status-details-bin, base64
  std::string_view body;     ///< length-prefixed messages
};
ExportResult judge_grpc_answer(const GrpcAnswer& answer);

}  // namespace binnacle::sdk
