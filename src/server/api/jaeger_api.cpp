#include "server/api/jaeger_api.h"

#include "server/api/jaeger_answers.h"
#include "server/api/jaeger_search.h"
#include "server/api/jaeger_text.h"
#include "server/api/jaeger_traces.h"
#include "wire/otlp/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

namespace binnacle {
namespace {

constexpr std::uint64_t kDefaultDependencyLookbackMs = 24ULL * 3'600 * 1'000;

QueryCaller caller_of(const HttpRequest& request) {
  return {.tenant = request.tenant, .cancel = request.cancel};
}

// Any value but the empty one and "false" is a yes, as in Jaeger.
bool wants_pretty(const HttpRequest& request) {
  const auto value = request.query.get("prettyPrint");
  return value && !value->empty() && *value != "false";
}

// A non-negative number of milliseconds; `fallback` when absent or empty.
Result<std::uint64_t> millis(const QueryParameters& query, std::string_view name,
                             std::uint64_t fallback) {
  const auto text = query.get(name);
  if (!text || text->empty()) return fallback;
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), ms);
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max() / kNanosPerMilli;
  if (error != std::errc{} || end != text->data() + text->size() || ms < 0 || ms > kLargest) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("unable to parse param '{}': \"{}\" is not a whole number of "
                            "milliseconds",
                            name, text->substr(0, 64)));
  }
  return static_cast<std::uint64_t>(ms);
}

std::string strings_answer(const std::vector<std::string>& names, const Warnings& warnings) {
  std::string body = "{\"data\":";
  codec::JsonWriter json(body);
  json.begin_array();
  for (const std::string& name : names) json.string(name);
  json.end_array();
  append_envelope_end(names.size(), {}, warnings, body);
  return body;
}

// Traces in the order their first spans stand in the batch.
Result<TraceSet> traces_of(SpanBatch&& batch) {
  std::vector<TraceId> ids;
  std::unordered_set<TraceId> seen;
  for (const TraceId id : batch.trace_ids) {
    if (seen.insert(id).second) ids.push_back(id);
  }
  TraceAssembly assembly(ids, std::numeric_limits<std::uint64_t>::max(), nullptr);
  if (auto added = assembly.add(std::move(batch)); !added) return std::unexpected(added.error());
  TraceSet out;
  if (auto done = assembly.finish(out); !done) return std::unexpected(done.error());
  return out;
}

}  // namespace

void JaegerApi::add(HttpRouter& router, HttpMethod method, std::string_view pattern,
                    Handler handler) {
  router.add(method, pattern,
             [this, handler](HttpRequest&& request, HttpResponder responder) {
               responder.send((this->*handler)(request));
             },
             {.run = HttpRun::kWorker});
}

void JaegerApi::add_routes(HttpRouter& router) {
  add_v1(router);
  add_v3(router);
}

void JaegerApi::add_v1(HttpRouter& router) {
  add(router, HttpMethod::kGet, "/api/services", &JaegerApi::services);
  add(router, HttpMethod::kGet, "/api/services/{service}/operations",
      &JaegerApi::service_operations);
  add(router, HttpMethod::kGet, "/api/operations", &JaegerApi::operations);
  add(router, HttpMethod::kGet, "/api/traces", &JaegerApi::search);
  add(router, HttpMethod::kGet, "/api/traces/{traceID}", &JaegerApi::trace);
  add(router, HttpMethod::kGet, "/api/dependencies", &JaegerApi::dependencies);
  add(router, HttpMethod::kPost, "/api/archive/{traceID}", &JaegerApi::archive);
  add(router, HttpMethod::kPost, "/api/transform", &JaegerApi::transform);
  add(router, HttpMethod::kGet, "/api/metrics/{kind}", &JaegerApi::metrics);
}

HttpResponse JaegerApi::services(const HttpRequest& request) {
  const auto services = query_.services(caller_of(request));
  if (!services) return jaeger_failure(services.error());
  return jaeger_answer(strings_answer(services->names, services->warnings), wants_pretty(request));
}

// The old form: names of all kinds, each once; null instead of an empty list, as Jaeger answers.
HttpResponse JaegerApi::service_operations(const HttpRequest& request) {
  const auto found = query_.operations(caller_of(request), request.path_parameter("service"), {});
  if (!found) return jaeger_failure(found.error());
  std::vector<std::string> names;
  for (const Operation& operation : found->operations) {
    if (names.empty() || names.back() != operation.name) names.push_back(operation.name);
  }
  if (names.empty()) {
    std::string body = "{\"data\":null";
    append_envelope_end(0, {}, found->warnings, body);
    return jaeger_answer(std::move(body), wants_pretty(request));
  }
  return jaeger_answer(strings_answer(names, found->warnings), wants_pretty(request));
}

HttpResponse JaegerApi::operations(const HttpRequest& request) {
  const auto service = request.query.get("service").value_or("");
  if (service.empty()) return jaeger_failure(400, "parameter 'service' is required");
  const auto kind_text = request.query.get("spanKind").value_or("");
  const auto kind = parse_span_kind(kind_text);
  if (!kind && !kind_text.empty()) {
    return jaeger_failure(400, fmt::format("unable to parse param 'spanKind': \"{}\" is none of "
                                           "server, client, producer, consumer, internal",
                                           kind_text.substr(0, 64)));
  }
  const auto found = query_.operations(caller_of(request), service, kind);
  if (!found) return jaeger_failure(found.error());
  std::string body = "{\"data\":";
  codec::JsonWriter json(body);
  json.begin_array();
  for (const Operation& operation : found->operations) {
    json.begin_object().plain_key("name").string(operation.name);
    json.plain_key("spanKind").plain_string(jaeger_kind_name(operation.kind)).end_object();
  }
  json.end_array();
  append_envelope_end(found->operations.size(), {}, found->warnings, body);
  return jaeger_answer(std::move(body), wants_pretty(request));
}

HttpResponse JaegerApi::search(const HttpRequest& request) {
  const SearchRules rules{.now_unix_ns = static_cast<std::uint64_t>(clock_.unix_now_ns()),
                          .traces_limit = query_.limits().traces_limit};
  const auto search = parse_search_v1(request.query, rules);
  if (!search) return jaeger_failure(search.error());
  if (!search->trace_ids.empty()) return search_by_ids(request, search->trace_ids);
  auto found = query_.find(caller_of(request), to_trace_search(*search));
  if (!found) return jaeger_failure(found.error());
  return jaeger_traces(std::move(*found), {}, wants_pretty(request));
}

// Unknown ids do not fail the rest: each is an element of `errors`.
HttpResponse JaegerApi::search_by_ids(const HttpRequest& request, const std::vector<TraceId>& ids) {
  auto found = query_.read(caller_of(request), ids);
  if (!found) return jaeger_failure(found.error());
  std::vector<JaegerError> errors;
  for (const TraceId id : ids) {
    if (std::ranges::find(found->traces, id, &Trace::id) == found->traces.end()) {
      errors.push_back({.message = "trace not found", .trace_id = id});
    }
  }
  return jaeger_traces(std::move(*found), std::move(errors), wants_pretty(request));
}

HttpResponse JaegerApi::trace(const HttpRequest& request) {
  const auto id = parse_jaeger_trace_id(request.path_parameter("traceID"));
  if (!id) return jaeger_failure(id.error());
  if (auto ok = check_trace_hints_v1(request.query); !ok) return jaeger_failure(ok.error());
  auto found = query_.read(caller_of(request), {&*id, 1});
  if (!found) return jaeger_failure(found.error());
  if (found->traces.empty()) return jaeger_failure(404, "trace not found");
  return jaeger_traces(std::move(*found), {}, wants_pretty(request));
}

HttpResponse JaegerApi::dependencies(const HttpRequest& request) {
  const auto now_ms = static_cast<std::uint64_t>(clock_.unix_now_ns() / kNanosPerMilli);
  const auto end_ms = millis(request.query, "endTs", now_ms);
  if (!end_ms) return jaeger_failure(end_ms.error());
  const auto lookback_ms = millis(request.query, "lookback", kDefaultDependencyLookbackMs);
  if (!lookback_ms) return jaeger_failure(lookback_ms.error());
  constexpr auto kNanos = static_cast<std::uint64_t>(kNanosPerMilli);
  const TimeRange range{.begin_unix_ns = (*end_ms - std::min(*end_ms, *lookback_ms)) * kNanos,
                        .end_unix_ns = *end_ms * kNanos + 1};
  const auto graph = query_.dependencies(caller_of(request), range);
  if (!graph) return jaeger_failure(graph.error());
  const auto only = request.query.get("service").value_or("");
  std::string body = "{\"data\":";
  codec::JsonWriter json(body);
  json.begin_array();
  for (const DependencyLink& link : graph->links) {
    if (!only.empty() && link.parent != only && link.child != only) continue;
    json.begin_object().plain_key("parent").string(link.parent);
    json.plain_key("child").string(link.child);
    json.plain_key("callCount").integer(link.calls).end_object();
  }
  json.end_array();
  append_envelope_end(0, {}, graph->warnings, body);
  return jaeger_answer(std::move(body), wants_pretty(request));
}

HttpResponse JaegerApi::archive(const HttpRequest&) {
  return jaeger_failure(501,
                        "archive span storage was not configured: this server keeps every trace "
                        "for its retention time and has no archive");
}

// OTLP JSON from a file that the user drops on the UI, shown without being stored.
HttpResponse JaegerApi::transform(const HttpRequest& request) {
  auto decoded = otlp::decode_json(request.body);
  if (!decoded) return jaeger_failure(decoded.error().in("cannot unmarshal OTLP"));
  auto traces = traces_of(std::move(decoded->batch));
  if (!traces) return jaeger_failure(traces.error());
  return jaeger_traces(std::move(*traces), {}, wants_pretty(request));
}

HttpResponse JaegerApi::metrics(const HttpRequest&) {
  return jaeger_failure(501,
                        "trace metrics are currently disabled - no metrics backend configured");
}

}  // namespace binnacle
