#include "server/receive/otlp_answers.h"

#include "codec/json_writer.h"
#include "codec/varint.h"

#include <string_view>

namespace binnacle {
namespace {

void put_varint(std::string& out, std::uint64_t v) {
  char bytes[codec::kMaxVarintBytes];
  out.append(bytes, static_cast<std::size_t>(codec::write_varint(bytes, v) - bytes));
}

void put_bytes(std::string& out, char tag, std::string_view bytes) {
  out.push_back(tag);
  put_varint(out, bytes.size());
  out.append(bytes);
}

// Tags: (field << 3) | wire type.
constexpr char kPartialSuccess = 0x0A;  // ExportTraceServiceResponse.partial_success = 1, message
constexpr char kRejectedSpans = 0x08;   // ExportTracePartialSuccess.rejected_spans = 1, int64
constexpr char kErrorMessage = 0x12;    // ExportTracePartialSuccess.error_message = 2, string

}  // namespace

std::string encode_export_response(const IngestOutcome& outcome) {
  std::string response;
  if (outcome.rejected == 0) return response;
  std::string partial;
  partial.push_back(kRejectedSpans);
  put_varint(partial, outcome.rejected);
  put_bytes(partial, kErrorMessage, outcome.rejected_reason);
  put_bytes(response, kPartialSuccess, partial);
  return response;
}

std::string encode_export_response_json(const IngestOutcome& outcome) {
  std::string out;
  codec::JsonWriter writer(out);
  writer.begin_object();
  if (outcome.rejected > 0) {
    writer.plain_key("partialSuccess").begin_object();
    writer.plain_key("rejectedSpans").quoted_integer(outcome.rejected);
    writer.plain_key("errorMessage").string(outcome.rejected_reason);
    writer.end_object();
  }
  writer.end_object();
  return out;
}

}  // namespace binnacle
