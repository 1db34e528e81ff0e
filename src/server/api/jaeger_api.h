#pragma once

#include "base/clock.h"
#include "io/net/http_router.h"
#include "query/trace/trace_query.h"

// Jaeger's query APIs over HTTP, as jaeger-ui, Grafana and scripts call them: version 1
// (/api/traces, /api/services, ...; what Jaeger served up to 2.19, and Grafana still asks for) and
// version 3 (/api/v3/..., OTLP JSON). Every request that those two make is written down in
// docs/reference/jaeger_api.md and replayed by tests/interop.
//
//   JaegerApi jaeger(trace_query, clock);
//   jaeger.add_routes(router);
//
// Stateless but for what it refers to: any thread. Handlers run on worker threads.

namespace binnacle {

class JaegerApi {
 public:
  /// Both must outlive the routers' servers, as must the object.
  JaegerApi(TraceQuery& query, const Clock& clock) : query_(query), clock_(clock) {}

  void add_routes(HttpRouter& router);

 private:
  using Handler = HttpResponse (JaegerApi::*)(const HttpRequest&);

  void add(HttpRouter& router, HttpMethod method, std::string_view pattern, Handler handler);
  void add_v1(HttpRouter& router);
  void add_v3(HttpRouter& router);

  HttpResponse services(const HttpRequest& request);
  HttpResponse service_operations(const HttpRequest& request);
  HttpResponse operations(const HttpRequest& request);
  HttpResponse search(const HttpRequest& request);
  HttpResponse search_by_ids(const HttpRequest& request, const std::vector<TraceId>& ids);
  HttpResponse trace(const HttpRequest& request);
  HttpResponse dependencies(const HttpRequest& request);
  HttpResponse archive(const HttpRequest& request);
  HttpResponse transform(const HttpRequest& request);
  HttpResponse metrics(const HttpRequest& request);

  HttpResponse services_v3(const HttpRequest& request);
  HttpResponse operations_v3(const HttpRequest& request);
  HttpResponse search_v3(const HttpRequest& request);
  HttpResponse trace_v3(const HttpRequest& request);
  HttpResponse summaries_v3(const HttpRequest& request);

  TraceQuery& query_;
  const Clock& clock_;
};

}  // namespace binnacle
