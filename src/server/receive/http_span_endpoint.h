#pragma once

#include "base/error.h"
#include "ingest/span_ingest.h"
#include "io/net/http.h"
#include "io/net/http_router.h"
#include "server/receive/receive_limits.h"
#include "wire/decoded_spans.h"

#include <string>

// What every protocol that brings spans over HTTP does: undo the content encoding, decode, hand to
// SpanIngest, and answer when the spans are durable. Protocols differ in their decoder and in how
// their answers look.

namespace binnacle {

/// One content type of one protocol. Static tables of functions; immutable.
struct HttpSpanProtocol {
  SpanSource source = SpanSource::kOtlpHttp;
  /// Some protocols say in headers who sends.
  Result<DecodedSpans> (*decode)(std::string&& body, const HttpHeaders& headers) = nullptr;
  HttpResponse (*accepted)(const IngestOutcome& outcome) = nullptr;
  /// Body and content type of a refusal; status and Retry-After are set by the caller.
  HttpResponse (*refused)(int status, const Error& error) = nullptr;
};

/// The refusal in the protocol's form, with Retry-After where the error says when.
[[nodiscard]] HttpResponse refuse(const HttpSpanProtocol& protocol, int status, const Error& error);

/// 415 naming what is supported.
[[nodiscard]] Error unsupported_content_type(std::string_view got, std::string_view supported);

/// Takes the request through; answers exactly once, possibly later. `ingest` must outlive the
/// server. CPU-bound and without blocking: for HttpRun::kInline routes.
void receive_spans(SpanIngest& ingest, const ReceiveLimits& limits,
                   const HttpSpanProtocol& protocol, HttpRequest&& request,
                   HttpResponder responder);

}  // namespace binnacle
