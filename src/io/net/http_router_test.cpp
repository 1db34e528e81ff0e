#include "io/net/http_router.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

HttpHandler nothing() {
  return [](HttpRequest&&, HttpResponder) {};
}

/// The pattern found and its parameters as "pattern name=value ...", or "404", "405 GET".
std::string route(const HttpRouter& router, HttpMethod method, std::string_view path) {
  const Result<HttpRouteMatch> match = router.match(method, path);
  if (!match) return "400";
  if (match->route == nullptr) {
    std::string out = match->allowed.empty() ? "404" : "405";
    for (const HttpMethod allowed : match->allowed) out += " " + std::string(to_string(allowed));
    return out;
  }
  std::string out = match->route->pattern;
  for (const auto& [name, value] : match->parameters.entries()) out += " " + name + "=" + value;
  return out;
}

class HttpRouterTest : public ::testing::Test {
 protected:
  HttpRouterTest() {
    for (const char* pattern :
         {"/", "/api/traces", "/api/traces/{id}", "/api/traces/{id}/spans/{span}",
          "/api/traces/archive", "/api/services/{service}/operations", "/{path...}",
          "/assets/{file...}"}) {
      router_.add(HttpMethod::kGet, pattern, nothing());
    }
    router_.add(HttpMethod::kPost, "/api/traces", nothing());
    router_.add(HttpMethod::kPost, "/v1/traces", nothing());
  }
  [[nodiscard]] std::string get(std::string_view path) const {
    return route(router_, HttpMethod::kGet, path);
  }
  HttpRouter router_;
};

TEST_F(HttpRouterTest, LiteralsBeatParametersAndParametersBeatTheRest) {
  EXPECT_EQ(get("/"), "/");
  EXPECT_EQ(get("/api/traces"), "/api/traces");
  EXPECT_EQ(get("/api/traces/archive"), "/api/traces/archive");
  EXPECT_EQ(get("/api/traces/a1"), "/api/traces/{id} id=a1");
  EXPECT_EQ(get("/api/traces/a1/spans/b2"), "/api/traces/{id}/spans/{span} id=a1 span=b2");
  EXPECT_EQ(get("/api/traces/archive/spans/b2"),
            "/api/traces/{id}/spans/{span} id=archive span=b2");
  EXPECT_EQ(get("/search"), "/{path...} path=search");
  EXPECT_EQ(get("/assets/js/a.js"), "/assets/{file...} file=js/a.js");
  EXPECT_EQ(get("/assets"), "/assets/{file...} file=");
}

TEST_F(HttpRouterTest, SegmentsAreSplitBeforeTheyAreUnescaped) {
  EXPECT_EQ(get("/api/services/a%2Fb%20c+d/operations"),
            "/api/services/{service}/operations service=a/b c+d");
  EXPECT_EQ(get("/api/services/a%2/operations"), "400");
}

TEST_F(HttpRouterTest, EmptySegmentsAreNoParameters) {
  EXPECT_EQ(get("/api/traces/"), "/{path...} path=api/traces/");
  EXPECT_EQ(get("/api/services//operations"), "/{path...} path=api/services//operations");
}

TEST_F(HttpRouterTest, HeadIsAnsweredByGetAndOtherMethodsAreNamed) {
  EXPECT_EQ(route(router_, HttpMethod::kHead, "/api/traces"), "/api/traces");
  EXPECT_EQ(route(router_, HttpMethod::kPost, "/v1/traces"), "/v1/traces");
  EXPECT_EQ(route(router_, HttpMethod::kDelete, "/v1/traces"), "405 POST GET");
}

TEST_F(HttpRouterTest, AllowedMethodsAreNamedOnce) {
  EXPECT_EQ(route(router_, HttpMethod::kDelete, "/api/traces"), "405 GET POST");
}

TEST(HttpRouterEmpty, FindsNothing) {
  const HttpRouter router;
  EXPECT_EQ(route(router, HttpMethod::kGet, "/"), "404");
}

TEST_F(HttpRouterTest, AbsurdlyDeepPathsMatchNothing) {
  std::string path;
  for (int i = 0; i < 100; ++i) path += "/a";
  EXPECT_EQ(get(path), "404");
  EXPECT_EQ(get("no-slash"), "404");
  EXPECT_EQ(get(""), "404");
}

}  // namespace
}  // namespace binnacle
