#include "server/receive/http_span_endpoint.h"

#include "codec/decompress.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace binnacle {
namespace {

/// Senders retry 429, 502, 503 and 504 and drop the batch on everything else (OTLP specification,
/// "OTLP/HTTP Response"; Jaeger's and Zipkin's clients do not retry at all).
int status_of(const Error& error) {
  if (error.code == ErrorCode::kOutOfRange) return 413;
  return http_status_of(error.code);
}

/// The body with its content encoding undone.
Result<std::string> plain_body(HttpRequest& request, const ReceiveLimits& limits) {
  const std::string_view name = request.headers.get("Content-Encoding");
  const std::optional<codec::Compression> compression = codec::compression_from_name(name);
  // The caller has refused unknown names.
  if (compression == codec::Compression::kNone || !compression) return std::move(request.body);
  Result<std::string> plain =
      codec::decompress(*compression, request.body, {.max_bytes = limits.decompressed_bytes});
  if (!plain) {
    Error error = plain.error().in(fmt::format("{} body", name));
    // Not a lack of resources that passes: the same body will be too large again.
    if (error.code == ErrorCode::kResourceExhausted) error.code = ErrorCode::kOutOfRange;
    return std::unexpected(std::move(error));
  }
  request.body = {};
  return plain;
}

}  // namespace

HttpResponse refuse(const HttpSpanProtocol& protocol, int status, const Error& error) {
  HttpResponse response = protocol.refused(status, error);
  response.status = status;
  if (error.retryable()) {
    response.header("Retry-After", retry_after_seconds(error.retry_after_ns));
  }
  return response;
}

Error unsupported_content_type(std::string_view got, std::string_view supported) {
  return {ErrorCode::kInvalidArgument, fmt::format("content-type '{}' is not supported; send {}",
                                                   got.substr(0, 128), supported)};
}

void receive_spans(SpanIngest& ingest, const ReceiveLimits& limits,
                   const HttpSpanProtocol& protocol, HttpRequest&& request,
                   HttpResponder responder) {
  const std::string_view encoding = request.headers.get("Content-Encoding");
  if (!codec::compression_from_name(encoding)) {
    return responder.send(refuse(
        protocol, 415,
        {ErrorCode::kInvalidArgument,
         fmt::format("content-encoding '{}' is not supported; send identity, gzip, deflate or zstd",
                     encoding.substr(0, 128))}));
  }
  Result<IngestTicket> ticket = ingest.admit(protocol.source, request.body.size());
  if (!ticket) return responder.send(refuse(protocol, 429, ticket.error()));
  std::uint64_t plain_bytes = 0;
  Result<DecodedSpans> decoded = [&]() -> Result<DecodedSpans> {
    Result<std::string> body = plain_body(request, limits);
    if (!body) return std::unexpected(body.error());
    plain_bytes = body->size();
    return protocol.decode(*std::move(body), request.headers);
  }();
  if (!decoded) {
    ingest.count_malformed(protocol.source);
    return responder.send(refuse(protocol, status_of(decoded.error()), decoded.error()));
  }
  ingest.append({.tenant = std::move(request.tenant)}, *std::move(ticket),
                {.batch = std::move(decoded->batch),
                 .rejected = decoded->rejected,
                 .rejected_reason = std::move(decoded->first_reason),
                 .decoded_bytes = plain_bytes},
                [&protocol, responder = std::move(responder)](Result<IngestOutcome> done) mutable {
                  responder.send(done ? protocol.accepted(*done)
                                      : refuse(protocol, status_of(done.error()), done.error()));
                });
}

}  // namespace binnacle
