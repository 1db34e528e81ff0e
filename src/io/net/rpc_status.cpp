#include "io/net/rpc_status.h"

#include "base/clock.h"
#include "codec/varint.h"

#include <cstdint>
#include <string_view>

namespace binnacle {
namespace {

constexpr std::string_view kRetryInfoType = "type.googleapis.com/google.rpc.RetryInfo";

void put_varint(std::string& out, std::uint64_t v) {
  char bytes[codec::kMaxVarintBytes];
  out.append(bytes, static_cast<std::size_t>(codec::write_varint(bytes, v) - bytes));
}

/// A varint field; zero is the default and left out, as protobuf does.
void put_number(std::string& out, unsigned field, std::uint64_t v) {
  if (v == 0) return;
  put_varint(out, field << 3);
  put_varint(out, v);
}

void put_bytes(std::string& out, unsigned field, std::string_view bytes) {
  put_varint(out, (field << 3) | 2U);
  put_varint(out, bytes.size());
  out.append(bytes);
}

bool has_retry_info(const Error& error) { return error.retryable() && error.retry_after_ns > 0; }

}  // namespace

std::string encode_rpc_status(const Error& error) {
  std::string status;
  put_number(status, 1, static_cast<std::uint64_t>(error.code));
  if (!error.message.empty()) put_bytes(status, 2, error.message);
  if (has_retry_info(error)) {
    std::string delay;
    put_number(delay, 1, static_cast<std::uint64_t>(error.retry_after_ns / kNanosPerSecond));
    put_number(delay, 2, static_cast<std::uint64_t>(error.retry_after_ns % kNanosPerSecond));
    std::string retry_info;
    put_bytes(retry_info, 1, delay);
    std::string any;
    put_bytes(any, 1, kRetryInfoType);
    put_bytes(any, 2, retry_info);
    put_bytes(status, 3, any);
  }
  return status;
}

}  // namespace binnacle
