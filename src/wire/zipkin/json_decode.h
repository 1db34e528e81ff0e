#pragma once

#include "base/error.h"
#include "wire/decoded_spans.h"

#include <string>

// Zipkin v2 JSON to SpanBatch (https://zipkin.io/zipkin-api/zipkin2-api.yaml): a list of spans as
// POST /api/v2/spans takes it, or a list of such lists as GET /api/v2/traces answers. Translated as
// OpenTelemetry's "SDK exporters: Zipkin" page says, read backwards. Pure function; any thread.
//
//   Result<DecodedSpans> spans = zipkin::decode_json(body);
//
// - localEndpoint.serviceName is the resource's service.name; tags that OpenTelemetry's Zipkin
//   exporter copied from the resource (service.*, telemetry.sdk.*, k8s.* ...) go back there;
//   otel.scope.* become the scope.
// - remoteEndpoint: peer.service, network.peer.address, network.peer.port; localEndpoint's address:
//   network.local.address, network.local.port.
// - The tag `error` or otel.status_code is the status. Annotations are events.
// - Times are microseconds, also with a fraction. A span without a timestamp takes its earliest
//   annotation's, else its parent's, else the earliest of its trace in this request, and carries
//   otel.zipkin.absentField.startTime = true.
// - A shared span (server side under the client's id) carries zipkin.shared = true.
// - A span without valid trace id or id is left out and counted; JSON that is no list of spans is
// an
//   error naming element, field and byte offset.

namespace binnacle::zipkin {

[[nodiscard]] Result<DecodedSpans> decode_json(std::string body);

}  // namespace binnacle::zipkin
