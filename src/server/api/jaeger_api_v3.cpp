#include "base/check.h"
#include "query/trace/trace_summary.h"
#include "server/api/jaeger_answers.h"
#include "server/api/jaeger_api.h"
#include "server/api/jaeger_search.h"
#include "server/api/jaeger_text.h"
#include "wire/otlp/encode.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

// Version 3 of Jaeger's API (jaeger-idl, proto/api_v3/query_service.proto, through its HTTP
// gateway): the /api/v3 routes of jaeger_api.h.

namespace binnacle {
namespace {

QueryCaller caller_of(const HttpRequest& request) {
  return {.tenant = request.tenant, .cancel = request.cancel};
}

// The elements of `resourceSpans` in an OTLP JSON message, without the message around them.
std::string_view resource_spans(std::string_view message) {
  constexpr std::string_view kBefore = "{\"resourceSpans\":[";
  constexpr std::string_view kAfter = "]}";
  BINNACLE_CHECK(message.starts_with(kBefore) && message.ends_with(kAfter),
                 "the OTLP encoder writes a TracesData message");
  message.remove_prefix(kBefore.size());
  message.remove_suffix(kAfter.size());
  return message;
}

// {"result":{"resourceSpans":[...]}} with the spans of all traces, trace after trace; 404 without
// any.
HttpResponse otlp_answer(TraceSet&& set) {
  if (set.traces.empty()) {
    return jaeger_failure_v3({.code = ErrorCode::kNotFound, .message = "No traces found"});
  }
  std::string body = "{\"result\":{\"resourceSpans\":[";
  for (Trace& trace : set.traces) {
    if (&trace != set.traces.data()) body.push_back(',');
    body += resource_spans(otlp::encode_json(trace.spans));
    trace.spans = SpanBatch();
  }
  body += "]}}";
  return HttpResponse::json(200, std::move(body));
}

}  // namespace

void JaegerApi::add_v3(HttpRouter& router) {
  add(router, HttpMethod::kGet, "/api/v3/services", &JaegerApi::services_v3);
  add(router, HttpMethod::kGet, "/api/v3/operations", &JaegerApi::operations_v3);
  add(router, HttpMethod::kGet, "/api/v3/traces", &JaegerApi::search_v3);
  add(router, HttpMethod::kGet, "/api/v3/traces/{traceID}", &JaegerApi::trace_v3);
  add(router, HttpMethod::kGet, "/api/v3/trace-summaries", &JaegerApi::summaries_v3);
}

HttpResponse JaegerApi::services_v3(const HttpRequest& request) {
  const auto services = query_.services(caller_of(request));
  if (!services) return jaeger_failure_v3(services.error());
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().plain_key("services").begin_array();
  for (const std::string& name : services->names) json.string(name);
  json.end_array().end_object();
  return HttpResponse::json(200, std::move(body));
}

HttpResponse JaegerApi::operations_v3(const HttpRequest& request) {
  const auto service = request.query.get("service").value_or("");
  auto kind_text = request.query.get("spanKind").value_or("");
  if (kind_text.empty()) kind_text = request.query.get("span_kind").value_or("");
  const auto kind = parse_span_kind(kind_text);
  if (!kind && !kind_text.empty()) {
    return jaeger_failure_v3({.code = ErrorCode::kInvalidArgument,
                              .message = fmt::format("malformed parameter spanKind: \"{}\" is none "
                                                     "of server, client, producer, consumer, "
                                                     "internal",
                                                     kind_text.substr(0, 64))});
  }
  const auto found = query_.operations(caller_of(request), service, kind);
  if (!found) return jaeger_failure_v3(found.error());
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().plain_key("operations").begin_array();
  for (const Operation& operation : found->operations) {
    const auto name = jaeger_kind_name(operation.kind);
    json.begin_object().plain_key("name").string(operation.name);
    // The mapping has no name for an unspecified kind; Jaeger calls it internal.
    json.plain_key("spanKind").plain_string(name.empty() ? "internal" : name).end_object();
  }
  json.end_array().end_object();
  return HttpResponse::json(200, std::move(body));
}

HttpResponse JaegerApi::search_v3(const HttpRequest& request) {
  const SearchRules rules{.now_unix_ns = static_cast<std::uint64_t>(clock_.unix_now_ns()),
                          .traces_limit = query_.limits().traces_limit};
  const auto search = parse_search_v3(request.query, rules);
  if (!search) return jaeger_failure_v3(search.error());
  auto found = query_.find(caller_of(request), to_trace_search(*search));
  if (!found) return jaeger_failure_v3(found.error());
  return otlp_answer(std::move(*found));
}

HttpResponse JaegerApi::trace_v3(const HttpRequest& request) {
  const auto id = parse_jaeger_trace_id(request.path_parameter("traceID"));
  if (!id) return jaeger_failure_v3(id.error().in("malformed parameter trace_id"));
  if (auto ok = check_trace_hints_v3(request.query); !ok) return jaeger_failure_v3(ok.error());
  auto found = query_.read(caller_of(request), {&*id, 1});
  if (!found) return jaeger_failure_v3(found.error());
  return otlp_answer(std::move(*found));
}

HttpResponse JaegerApi::summaries_v3(const HttpRequest& request) {
  const SearchRules rules{.now_unix_ns = static_cast<std::uint64_t>(clock_.unix_now_ns()),
                          .traces_limit = query_.limits().traces_limit};
  const auto search = parse_search_v3(request.query, rules);
  if (!search) return jaeger_failure_v3(search.error());
  const auto found = query_.find(caller_of(request), to_trace_search(*search));
  if (!found) return jaeger_failure_v3(found.error());
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().plain_key("summaries").begin_array();
  for (const Trace& trace : found->traces)
    append_summary_v3(summarize(trace.id, trace.spans), json);
  json.end_array().end_object();
  return HttpResponse::json(200, std::move(body));
}

}  // namespace binnacle
