#include "app/span_sender.h"

#include "codec/gzip_compress.h"
#include "codec/proto_reader.h"
#include "wire/otlp/encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace binnacle::app {
namespace {

// With waits of 0.2 s doubling to 5 s this is about half a minute of a server that is away.
constexpr int kAttempts = 9;
constexpr std::int64_t kFirstWaitNs = 200 * kNanosPerMilli;
constexpr std::int64_t kLongestWaitNs = 5 * kNanosPerSecond;

// OTLP specification, "Failures": what may be sent again as it is.
bool is_retryable(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// Retry-After in seconds; dates are not sent by OTLP servers.
std::int64_t wait_asked_ns(const HttpClientResponse& answer) {
  const std::string_view text = answer.headers.get("retry-after");
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp<std::int64_t>(seconds, 0, 60) * kNanosPerSecond;
}

void wait(std::int64_t ns) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, std::chrono::nanoseconds(ns));
}

HttpClientConfig client_config(std::int64_t request_timeout_ns) {
  HttpClientConfig config;
  config.request_timeout_ns = request_timeout_ns;
  config.user_agent = "binnacle-import";
  return config;
}

std::string without_trailing_slash(std::string origin) {
  while (origin.ends_with('/')) origin.pop_back();
  return origin;
}

// ExportTraceServiceResponse.partial_success; what is not understood counts as full success, as the
// specification asks of clients.
void read_partial_success(std::string_view body, SendCounts& counts) {
  using codec::proto_tag;
  using codec::ProtoWire;
  codec::ProtoFailure failure(body);
  codec::ProtoReader response(body, failure);
  while (response.next()) {
    if (response.tag() != proto_tag(1, ProtoWire::kBytes)) {
      response.skip();
      continue;
    }
    codec::ProtoReader partial = codec::ProtoReader::inside(response);
    while (partial.next()) {
      switch (partial.tag()) {
        case proto_tag(1, ProtoWire::kVarint):
          counts.rejected = partial.varint();
          break;
        case proto_tag(2, ProtoWire::kBytes):
          counts.first_reason = partial.bytes();
          break;
        default:
          partial.skip();
          break;
      }
    }
  }
}

// The message of the google.rpc.Status that OTLP servers answer failures with; else the body's
// text.
std::string failure_text(const HttpClientResponse& answer) {
  if (answer.headers.get("content-type") != "application/x-protobuf") return answer.body;
  codec::ProtoFailure failure(answer.body);
  codec::ProtoReader status(answer.body, failure);
  while (status.next()) {
    if (status.tag() == codec::proto_tag(2, codec::ProtoWire::kBytes)) {
      return std::string(status.bytes());
    }
    status.skip();
  }
  return "no reason given";
}

}  // namespace

SpanSender::SpanSender(const std::string& origin, std::int64_t request_timeout_ns)
    : client_(without_trailing_slash(origin), client_config(request_timeout_ns)),
      origin_(without_trailing_slash(origin)) {}

Result<HttpClientResponse> SpanSender::send_with_retries(const HttpClientRequest& request) {
  std::int64_t wait_ns = kFirstWaitNs;
  for (int attempt = 1;; ++attempt) {
    auto answer = client_.send(request);
    const bool again = answer ? is_retryable(answer->status) : answer.error().retryable();
    if (!again || attempt == kAttempts) return answer;
    wait(std::max(wait_ns, answer ? wait_asked_ns(*answer) : 0));
    wait_ns = std::min(wait_ns * 2, kLongestWaitNs);
  }
}

Result<SendCounts> SpanSender::send(const SpanBatch& batch) {
  auto body = codec::gzip_compress(otlp::encode_protobuf(batch));
  if (!body) return std::unexpected(body.error());
  HttpClientRequest request;
  request.method = HttpMethod::kPost;
  request.target = "/v1/traces";
  request.headers.add("content-type", "application/x-protobuf");
  request.headers.add("content-encoding", "gzip");
  request.body = *body;
  const auto answer = send_with_retries(request);
  if (!answer) return std::unexpected(answer.error());
  sent_bytes_ += body->size();
  if (answer->status != 200) {
    const auto code =
        is_retryable(answer->status) ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument;
    return fail(code, fmt::format("{}/v1/traces answered {}: {}", origin_, answer->status,
                                  failure_text(*answer)));
  }
  SendCounts counts;
  read_partial_success(answer->body, counts);
  counts.rejected = std::min<std::uint64_t>(counts.rejected, batch.size());
  counts.accepted = batch.size() - counts.rejected;
  return counts;
}

}  // namespace binnacle::app
