#include "sdk/collector_answer.h"

#include "sdk/percent_encoding.h"
#include "sdk/text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace binnacle::sdk {

namespace {

constexpr std::size_t kExcerptBytes = 200;
constexpr std::int64_t kLongestRetryAfterMs = 3'600'000;

/// Reads the protobuf fields of an answer; tolerant, because a collector may say anything.
class AnswerReader {
 public:
  explicit AnswerReader(std::string_view bytes) noexcept : bytes_(bytes) {}

  /// Next field; false at the end or at the first byte that makes no sense.
  bool next(std::uint32_t& field, std::uint64_t& number, std::string_view& text) noexcept {
    std::uint64_t tag = 0;
    if (bytes_.empty() || !varint(tag)) return false;
    field = static_cast<std::uint32_t>(tag >> 3U);
    number = 0;
    text = {};
    switch (tag & 7U) {
      case 0:
        return varint(number);
      case 1:
        return skip(8);
      case 2:
        if (!varint(number) || number > bytes_.size()) return false;
        text = bytes_.substr(0, static_cast<std::size_t>(number));
        return skip(static_cast<std::size_t>(number));
      case 5:
        return skip(4);
      default:
        return false;
    }
  }

 private:
  bool varint(std::uint64_t& value) noexcept {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool skip(std::size_t size) noexcept {
    if (size > bytes_.size()) return false;
    bytes_.remove_prefix(size);
    return true;
  }

  std::string_view bytes_;
};

std::string rejection(std::string_view message) {
  return "collector rejected some: " + excerpt(message, kExcerptBytes);
}

/// ExportTraceServiceResponse.partial_success (1): rejected_spans (1), error_message (2); the
/// responses for metrics and logs have the same numbers.
void read_partial_success(std::string_view body, ExportResult& result) {
  std::uint32_t field = 0;
  std::uint64_t number = 0;
  std::string_view text;
  AnswerReader answer(body);
  while (answer.next(field, number, text)) {
    if (field != 1 || text.empty()) continue;
    AnswerReader partial(text);
    while (partial.next(field, number, text)) {
      if (field == 1) result.rejected_items = number;
      if (field == 2) result.message = rejection(text);
    }
  }
}

/// The same in JSON: {"partialSuccess":{"rejectedSpans":"2","errorMessage":"..."}}, whose number
/// may be quoted. Looks for the two keys and no further.
void read_json_partial_success(std::string_view body, ExportResult& result) {
  const auto value_after = [&](std::string_view key) {
    const std::size_t at = body.find(key);
    const std::size_t colon = at == body.npos ? body.npos : body.find(':', at + key.size());
    const std::size_t value = body.find_first_not_of(" \t\r\n:\"", colon);
    return value == body.npos ? std::string_view() : body.substr(value);
  };
  const std::string_view number = value_after("\"rejected");
  std::from_chars(number.data(), number.data() + number.size(), result.rejected_items);
  if (result.rejected_items == 0) return;
  const std::string_view message = value_after("\"errorMessage\"");
  result.message = rejection(message.substr(0, message.find('"')));
}

/// What a refusal says: google.rpc.Status.message (2) where the body is one, else the body.
std::string_view refusal_text(std::string_view body, AnswerFormat format) {
  if (format != AnswerFormat::kOtlpProtobuf) return body;
  std::uint32_t field = 0;
  std::uint64_t number = 0;
  std::string_view text;
  AnswerReader status(body);
  while (status.next(field, number, text)) {
    if (field == 2 && !text.empty()) return text;
    if (field != 1) break;  // the code; anything else is no Status
  }
  return body;
}

std::int64_t capped_ms(std::int64_t milliseconds) noexcept {
  return std::clamp<std::int64_t>(milliseconds, 0, kLongestRetryAfterMs);
}

/// Base64, padded or not, as gRPC's binary headers are; nullopt if it is none.
std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (const char c : text) {
    std::uint32_t digit = 0;
    if (c >= 'A' && c <= 'Z') {
      digit = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '/') {
      digit = c == '+' ? 62 : 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6U | digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xFFU);
    }
  }
  return bytes;
}

/// google.rpc.RetryInfo.retry_delay in a google.rpc.Status; nullopt if there is none.
/// Status: details (3) of Any: type_url (1), value (2). RetryInfo: retry_delay (1) of Duration:
/// seconds (1), nanos (2).
std::optional<std::int64_t> read_retry_info(std::string_view details) {
  const std::optional<std::string> bytes = decode_base64(details);
  if (!bytes) return std::nullopt;
  std::uint32_t field = 0;
  std::uint64_t number = 0;
  std::string_view text;
  AnswerReader status(*bytes);
  while (status.next(field, number, text)) {
    if (field != 3) continue;
    std::string_view type;
    std::string_view value;
    AnswerReader any(text);
    while (any.next(field, number, text)) {
      if (field == 1) type = text;
      if (field == 2) value = text;
    }
    if (!type.ends_with("google.rpc.RetryInfo")) continue;
    std::uint64_t seconds = 0;
    std::uint64_t nanos = 0;
    AnswerReader info(value);
    while (info.next(field, number, text)) {
      if (field != 1) continue;
      AnswerReader delay(text);
      while (delay.next(field, number, text)) {
        if (field == 1) seconds = number;
        if (field == 2) nanos = number;
      }
    }
    constexpr std::uint64_t kMostSeconds = kLongestRetryAfterMs / 1000;
    return capped_ms(
        static_cast<std::int64_t>(std::min(seconds, kMostSeconds) * 1000 +
                                  std::min<std::uint64_t>(nanos, 999'999'999) / 1'000'000));
  }
  return std::nullopt;
}

/// OTLP specification, "Failures" under OTLP/gRPC. 8 is RESOURCE_EXHAUSTED: a quota, unless the
/// collector says when to come back.
bool is_retryable_grpc(int status, bool has_retry_info) noexcept {
  switch (status) {
    case 1:   // CANCELLED
    case 4:   // DEADLINE_EXCEEDED
    case 10:  // ABORTED
    case 11:  // OUT_OF_RANGE
    case 14:  // UNAVAILABLE
    case 15:  // DATA_LOSS
      return true;
    case 8:
      return has_retry_info;
    default:
      return false;
  }
}

/// The first of the length-prefixed messages, if it is whole and not compressed.
std::string_view first_message(std::string_view body) noexcept {
  constexpr std::size_t kPrefix = 5;
  if (body.size() < kPrefix || body[0] != '\0') return {};
  std::size_t size = 0;
  for (std::size_t i = 1; i < kPrefix; ++i) {
    size = size << 8U | static_cast<unsigned char>(body[i]);
  }
  return size > body.size() - kPrefix ? std::string_view() : body.substr(kPrefix, size);
}

}  // namespace

ExportResult judge_answer(long status, std::int64_t retry_after_s, std::string_view body,
                          AnswerFormat format) {
  ExportResult result;
  if (status >= 200 && status < 300) {
    if (format == AnswerFormat::kOtlpProtobuf) read_partial_success(body, result);
    if (format == AnswerFormat::kOtlpJson) read_json_partial_success(body, result);
    return result;
  }
  // OTLP specification, "Failures" under OTLP/HTTP: exactly these are retryable.
  const bool is_retryable = status == 429 || status == 502 || status == 503 || status == 504;
  result.outcome = is_retryable ? ExportOutcome::kRetry : ExportOutcome::kRefused;
  result.is_unsupported = status == 404 || status == 405 || status == 501;
  if (is_retryable) {
    result.retry_after_ms = capped_ms(std::min(retry_after_s, kLongestRetryAfterMs / 1000) * 1000);
  }
  result.message = "collector answered " + std::to_string(status) + ": " +
                   excerpt(refusal_text(body, format), kExcerptBytes);
  return result;
}

ExportResult judge_grpc_answer(const GrpcAnswer& answer) {
  ExportResult result;
  if (answer.http_status != 200) {  // a proxy; gRPC itself always says 200
    return judge_answer(answer.http_status, 0, answer.body, AnswerFormat::kNothing);
  }
  if (!answer.content_type.starts_with("application/grpc")) {
    result.outcome = ExportOutcome::kRefused;
    result.message = "the answer is not gRPC but " + excerpt(answer.content_type, kExcerptBytes) +
                     ": is this a gRPC port?";
    return result;
  }
  int status = 0;
  const char* end = answer.status.data() + answer.status.size();
  const auto [stop, failed] = std::from_chars(answer.status.data(), end, status);
  if (answer.status.empty() || failed != std::errc{} || stop != end) {
    result.outcome = ExportOutcome::kRetry;  // cut off; nobody knows what became of the batch
    result.message = "the gRPC answer has no status";
    return result;
  }
  if (status == 0) {
    read_partial_success(first_message(answer.body), result);
    return result;
  }
  const std::optional<std::int64_t> retry_ms = read_retry_info(answer.details);
  const bool is_retryable = is_retryable_grpc(status, retry_ms.has_value());
  result.outcome = is_retryable ? ExportOutcome::kRetry : ExportOutcome::kRefused;
  constexpr int kUnimplemented = 12;
  result.is_unsupported = status == kUnimplemented;
  if (is_retryable) result.retry_after_ms = retry_ms.value_or(0);
  result.message = "collector answered gRPC status " + std::to_string(status) + ": " +
                   excerpt(percent_decode(answer.message), kExcerptBytes);
  return result;
}

}  // namespace binnacle::sdk
