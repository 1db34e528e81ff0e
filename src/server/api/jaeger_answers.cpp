#include "server/api/jaeger_answers.h"

#include "server/api/jaeger_text.h"
#include "server/api/json_indent.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace binnacle {
namespace {

void append_error(const JaegerError& error, codec::JsonWriter& json) {
  json.begin_object();
  if (error.code != 0) json.plain_key("code").integer(error.code);
  json.plain_key("msg").string(error.message);
  if (error.trace_id.valid()) {
    json.plain_key("traceID").plain_string(jaeger_trace_id(error.trace_id));
  }
  json.end_object();
}

HttpResponse with_retry(HttpResponse response, const Error& error) {
  if (error.retryable()) {
    response.header("Retry-After", retry_after_seconds(error.retry_after_ns));
  }
  return response;
}

}  // namespace

void append_envelope_end(std::size_t total, const std::vector<JaegerError>& errors,
                         const Warnings& warnings, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 ",\"total\":{},\"limit\":0,\"offset\":0,\"errors\":", total);
  codec::JsonWriter json(out);
  if (errors.empty()) {
    json.null();
  } else {
    json.begin_array();
    for (const JaegerError& error : errors) append_error(error, json);
    json.end_array();
  }
  if (!warnings.empty()) {
    json.plain_key("warnings").begin_array();
    for (const CompletenessWarning& warning : warnings) json.string(warning.message);
    json.end_array();
  }
  out.push_back('}');
}

HttpResponse jaeger_failure(int status, std::string_view message) {
  std::string body = "{\"data\":null";
  append_envelope_end(0, {{.code = status, .message = std::string(message), .trace_id = {}}}, {},
                      body);
  return HttpResponse::json(status, std::move(body));
}

HttpResponse jaeger_failure(const Error& error) {
  return with_retry(jaeger_failure(http_status_of(error.code), error.message), error);
}

HttpResponse jaeger_failure_v3(const Error& error) {
  const int status = http_status_of(error.code);
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().plain_key("error").begin_object();
  json.plain_key("httpCode").integer(status);
  json.plain_key("message").string(error.message);
  json.end_object().end_object();
  return with_retry(HttpResponse::json(status, std::move(body)), error);
}

HttpResponse jaeger_answer(std::string body, bool pretty) {
  if (!pretty) return HttpResponse::json(200, std::move(body));
  std::string indented;
  indented.reserve(body.size() * 2);
  JsonIndenter().feed(body, indented);
  return HttpResponse::json(200, std::move(indented));
}

void append_summary_v3(const TraceSummary& summary, codec::JsonWriter& json) {
  const auto count = [&json](std::string_view key, std::uint64_t n) {
    if (n > 0) json.plain_key(key).integer(n);
  };
  const auto text = [&json](std::string_view key, std::string_view value) {
    if (!value.empty()) json.plain_key(key).string(value);
  };
  json.begin_object().plain_key("traceId").plain_string(to_hex(summary.id));
  text("rootServiceName", summary.root_service);
  text("rootOperationName", summary.root_name);
  json.plain_key("minStartTimeUnixNano").quoted_integer(summary.start_unix_ns);
  json.plain_key("maxEndTimeUnixNano").quoted_integer(summary.end_unix_ns);
  count("spanCount", summary.spans);
  count("errorSpanCount", summary.errors);
  count("orphanSpanCount", summary.orphans);
  json.plain_key("services").begin_array();
  for (const ServiceSummary& service : summary.services) {
    json.begin_object().plain_key("name").string(service.name);
    count("spanCount", service.spans);
    count("errorSpanCount", service.errors);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace binnacle
