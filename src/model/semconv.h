#pragma once

#include <string_view>

// Semantic-convention keys that our own code reads or writes (OpenTelemetry semantic
// conventions 1.37 unless said otherwise). Only keys with a use stand here.

namespace binnacle::semconv {

constexpr std::string_view kServiceName = "service.name";
constexpr std::string_view kServiceVersion = "service.version";
constexpr std::string_view kServiceInstanceId = "service.instance.id";
constexpr std::string_view kHostName = "host.name";
constexpr std::string_view kPeerService = "peer.service";

// How other formats' notions are written as OpenTelemetry attributes (OpenTelemetry specification,
// "SDK exporters" compatibility pages for Jaeger and Zipkin, read backwards).
constexpr std::string_view kOpenTracingRefType = "opentracing.ref_type";
constexpr std::string_view kRefTypeFollowsFrom = "follows_from";
constexpr std::string_view kRefTypeChildOf = "child_of";
constexpr std::string_view kNetworkPeerAddress = "network.peer.address";
constexpr std::string_view kNetworkPeerPort = "network.peer.port";

constexpr std::string_view kExceptionEvent = "exception";
constexpr std::string_view kExceptionType = "exception.type";
constexpr std::string_view kExceptionMessage = "exception.message";
constexpr std::string_view kExceptionStacktrace = "exception.stacktrace";

}  // namespace binnacle::semconv
