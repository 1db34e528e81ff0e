#include "wire/otlp/response.h"

#include "base/clock.h"
#include "codec/json_writer.h"
#include "codec/utf8.h"
#include "codec/varint.h"

#include <fmt/format.h>

namespace binnacle::otlp {
namespace {

void append_text(std::string& out, char tag, std::string_view text) {
  out.push_back(tag);
  codec::append_varint(out, text.size());
  out.append(text);
}

}  // namespace

std::string encode_response_protobuf(const PartialSuccess& result) {
  constexpr char kRejectedSpans = 1 << 3;     // varint
  constexpr char kErrorMessage = 2 << 3 | 2;  // bytes
  constexpr char kPartialSuccess = 1 << 3 | 2;
  std::string partial;
  if (result.rejected != 0) {
    partial.push_back(kRejectedSpans);
    codec::append_varint(partial, result.rejected);
  }
  if (!result.message.empty()) {
    append_text(partial, kErrorMessage, codec::repair_utf8(result.message));
  }
  std::string out;
  if (!partial.empty()) append_text(out, kPartialSuccess, partial);
  return out;
}

std::string encode_response_json(const PartialSuccess& result) {
  std::string out;
  codec::JsonWriter w(out);
  w.begin_object();
  if (result.rejected != 0 || !result.message.empty()) {
    w.plain_key("partialSuccess").begin_object();
    w.plain_key("rejectedSpans").quoted_integer(result.rejected);
    w.plain_key("errorMessage").string(result.message).end_object();
  }
  w.end_object();
  return out;
}

std::string encode_status_json(const Error& error) {
  std::string out;
  codec::JsonWriter w(out);
  w.begin_object().plain_key("code").integer(static_cast<int>(error.code));
  w.plain_key("message").string(error.message);
  if (error.retry_after_ns > 0) {
    w.plain_key("details").begin_array().begin_object();
    w.plain_key("@type").plain_string("type.googleapis.com/google.rpc.RetryInfo");
    w.plain_key("retryDelay")
        .plain_string(fmt::format("{}.{:09}s", error.retry_after_ns / kNanosPerSecond,
                                  error.retry_after_ns % kNanosPerSecond));
    w.end_object().end_array();
  }
  w.end_object();
  return out;
}

}  // namespace binnacle::otlp
