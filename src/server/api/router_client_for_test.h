#pragma once

#include "io/net/http_router.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

// Asks the routes of a router as HttpServer would, without sockets. For tests only.

namespace binnacle::testing {

struct RoutedAnswer {
  int status = 0;
  std::string body;
  HttpHeaders headers;
};

/// The whole body, whatever form it has.
inline std::string body_of(HttpResponse& response) {
  if (auto* text = std::get_if<std::string>(&response.body)) return std::move(*text);
  if (auto* text = std::get_if<std::string_view>(&response.body)) return std::string(*text);
  std::string out;
  auto& source = std::get<HttpBodySource>(response.body);
  for (std::string chunk;; chunk.clear()) {
    const auto more = source(chunk);
    EXPECT_TRUE(more);
    if (!more || !*more) return out;
    out += chunk;
  }
}

/// 404 with an empty body when no route fits.
inline RoutedAnswer ask(const HttpRouter& router, HttpMethod method, std::string target,
                        std::string body = {}) {
  HttpRequest request;
  request.method = method;
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) {
    auto query = parse_query(std::string_view(target).substr(mark + 1));
    if (!query) return {.status = 400, .body = query.error().message, .headers = {}};
    request.query = std::move(*query);
  }
  request.target = std::move(target);
  request.body = std::move(body);
  auto match = router.match(method, request.path);
  if (!match || match->route == nullptr) return {.status = 404, .body = {}, .headers = {}};
  request.path_parameters = std::move(match->parameters);
  HttpResponse response;
  match->route->handler(std::move(request),
                        HttpResponder([&](HttpResponse&& r) { response = std::move(r); }));
  const int status = response.status;
  std::string text = body_of(response);
  return {.status = status, .body = std::move(text), .headers = std::move(response.headers)};
}

}  // namespace binnacle::testing
