#include "sdk/collector_answer.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// What a collector may answer to the SDK. The first two bytes are the status and how to read the
// rest: as an HTTP body, or as the parts of a gRPC answer, separated by NUL.

namespace {

using binnacle::sdk::AnswerFormat;
using binnacle::sdk::ExportOutcome;
using binnacle::sdk::ExportResult;
using binnacle::sdk::GrpcAnswer;

std::string_view cut(std::string_view& rest) {
  const std::string_view part = rest.substr(0, rest.find('\0'));
  rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : rest.size());
  return part;
}

void check(const ExportResult& result) {
  if (result.outcome != ExportOutcome::kDelivered && result.message.empty()) std::abort();
  if (result.retry_after_ms < 0 || result.retry_after_ms > 3'600'000) std::abort();
  if (result.outcome == ExportOutcome::kRefused && result.retry_after_ms != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const long status = 100 + (data[0] | (data[1] & 0x3F) << 8) % 500;
  std::string_view rest(reinterpret_cast<const char*>(data + 2), size - 2);
  if ((data[1] & 0xC0) == 0xC0) {
    GrpcAnswer answer;
    answer.http_status = data[0] == 0 ? status : 200;
    answer.content_type = cut(rest);
    answer.status = cut(rest);
    answer.message = cut(rest);
    answer.details = cut(rest);
    answer.body = rest;
    check(binnacle::sdk::judge_grpc_answer(answer));
    return 0;
  }
  const auto format = static_cast<AnswerFormat>(data[1] >> 6U);
  const ExportResult result = binnacle::sdk::judge_answer(status, 0, rest, format);
  check(result);
  const bool is_success = status >= 200 && status < 300;
  if (is_success != (result.outcome == ExportOutcome::kDelivered)) std::abort();
  return 0;
}
