#pragma once

#include "sdk/batch_exporter.h"
#include "sdk/http_post.h"

#include <memory>
#include <string>

// OTLP over gRPC without a gRPC library: a unary call is one HTTP/2 POST of a length-prefixed
// message, answered by another and by trailers with the status. Over http:// HTTP/2 is spoken at
// once (h2c with prior knowledge), over https:// it is agreed on with TLS (ALPN). Thread-confined
// (the export thread). Source: gRPC's PROTOCOL-HTTP2.md; OTLP specification, "OTLP/gRPC".

namespace binnacle::sdk {

struct GrpcExporterOptions {
  std::string endpoint;  ///< scheme and authority; a path is ignored
  bool uses_gzip = false;
  HttpPostOptions post;
};

/// Null if libcurl cannot be set up or was built without HTTP/2.
std::unique_ptr<BatchExporter> make_grpc_exporter(HttpClient& client, GrpcExporterOptions options);

}  // namespace binnacle::sdk
