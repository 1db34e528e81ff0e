#pragma once

#include <binnacle/attribute.h>
#include <binnacle/context.h>
#include <binnacle/instruments.h>
#include <binnacle/log.h>
#include <binnacle/metrics.h>
#include <binnacle/propagation.h>
#include <binnacle/scopes.h>
#include <binnacle/span.h>
#include <binnacle/stats.h>

#include <cstdint>

// Binnacle's SDK: the one header to include. C++17, standard library only; everything else is
// inside the library. Nothing here throws, aborts or blocks the caller (except force_flush and
// shutdown, up to their deadline).
//
//   #include <binnacle/apm.h>
//
//   int main() {
//     binnacle::init_observability();   // OTEL_SERVICE_NAME, OTLP_ENDPOINT, TRACE_SAMPLE_RATE, ...
//
//     {
//       auto span = binnacle::start_active_span("scan marketplace");
//       span.set_attribute("marketplace.host", "example.com").set_attribute("offers", 42);
//
//       auto child = binnacle::start_active_span(
//           "fetch page", binnacle::SpanOptions().with_kind(binnacle::SpanKind::kClient));
//       std::map<std::string, std::string> headers;
//       binnacle::add_trace_context_to_headers(headers);   // traceparent of "fetch page"
//       try {
//         fetch(headers);
//       } catch (const std::exception& error) {
//         child.record_exception(error).set_error(error.what());
//       }
//     }
//
//     binnacle::instruments().record_bid("example.com", "won");         // instruments.h
//     binnacle::create_counter("offers.seen").add(42);                  // metrics.h: your own
//     binnacle::emit_log(binnacle::Severity::kInfo, "round is over");   // log.h
//
//     binnacle::shutdown(2000);         // or simply exit: spans are flushed for at most a second
//   }
//
// Other threads: capture a Context and name it as the parent there (context.h), or move the Span
// itself. Configuration in code instead of the environment: <binnacle/config.h>.

namespace binnacle {
inline namespace v1 {

/// Version of this SDK, also sent as telemetry.sdk.version.
inline constexpr char kVersion[] = "0.1.0";

/// Scopes nested deeper than this on one thread do not change the current context.
inline constexpr std::uint32_t kMaxScopeDepth = 128;

struct Config;

/// Starts the SDK from the environment (see config.h for the variables). Idempotent: while the SDK
/// runs, further calls change nothing. True if spans will be recorded. False if it is switched off
/// or could not start: then one line on stderr says why, and everything works as a no-op.
bool init_observability() noexcept;
/// The same with explicit settings; the environment is not read.
bool init_observability(const Config& config) noexcept;
/// The same as init_observability().
inline bool init_apm() noexcept { return init_observability(); }

/// Sends what has ended so far. True once the collectors have accepted all of it; false if the
/// deadline passed or something was lost (sdk_stats() and destination_stats() say what). Metrics or
/// log records for a collector that knows no such thing are no loss: stderr has said so.
bool force_flush(std::int64_t timeout_ms = 5000) noexcept;

/// Stops recording, sends what has ended and stops the export thread. True if all was delivered in
/// time; after the deadline the rest is dropped and counted. Afterwards all calls are no-ops until
/// the next init_observability().
bool shutdown(std::int64_t timeout_ms = 5000) noexcept;

/// True between a successful init_observability() and shutdown().
bool is_enabled() noexcept;

}  // namespace v1
}  // namespace binnacle
