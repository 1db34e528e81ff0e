#include "server/api/ui_pages.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

class UiPagesTest : public ::testing::Test {
 protected:
  HttpResponse get(std::string path, std::string_view accept_encoding = "") {
    const auto match = router_.match(HttpMethod::kGet, path);
    EXPECT_TRUE(match && match->route != nullptr) << path;
    HttpRequest request;
    request.path = std::move(path);
    if (!accept_encoding.empty()) request.headers.add("Accept-Encoding", accept_encoding);
    HttpResponse out;
    match->route->handler(std::move(request),
                          HttpResponder([&](HttpResponse&& r) { out = std::move(r); }));
    return out;
  }
  static std::string_view body(const HttpResponse& response) {
    if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
    return std::get<std::string_view>(response.body);
  }
  void SetUp() override { add_ui_routes(router_, files_); }

  StaticFiles files_{{{.path = "/index.html",
                       .content_type = "text/html; charset=utf-8",
                       .content = "<html>",
                       .gzipped = "gz-index"},
                      {.path = "/assets/app-1f2e.js",
                       .content_type = "text/javascript; charset=utf-8",
                       .content = "js",
                       .gzipped = {},
                       .immutable = true}}};
  HttpRouter router_;
};

TEST_F(UiPagesTest, RootAndClientRoutesAreTheIndex) {
  for (const char* path : {"/", "/trace/0af7651916cd43dd", "/search", "/a/b%20c"}) {
    const HttpResponse r = get(path);
    EXPECT_EQ(r.status, 200) << path;
    EXPECT_EQ(body(r), "<html>") << path;
    EXPECT_EQ(r.headers.get("Content-Type"), "text/html; charset=utf-8") << path;
    EXPECT_EQ(r.headers.get("Cache-Control").find("immutable"), std::string_view::npos) << path;
  }
}

TEST_F(UiPagesTest, HashedAssetsMayBeKept) {
  const HttpResponse r = get("/assets/app-1f2e.js");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(body(r), "js");
  EXPECT_NE(r.headers.get("Cache-Control").find("immutable"), std::string_view::npos);
}

TEST_F(UiPagesTest, CompressedWhenAccepted) {
  const HttpResponse r = get("/", "gzip, br");
  EXPECT_EQ(body(r), "gz-index");
  EXPECT_EQ(r.headers.get("Content-Encoding"), "gzip");
}

TEST_F(UiPagesTest, MissingFilesAndApiPathsAreNotPages) {
  for (const char* path : {"/assets/gone.js", "/favicon.ico", "/api/nothing", "/api", "/../x.y"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST_F(UiPagesTest, BinaryWithoutUiSaysSo) {
  const StaticFiles none({});
  HttpRouter router;
  add_ui_routes(router, none);
  const auto match = router.match(HttpMethod::kGet, "/");
  ASSERT_TRUE(match && match->route != nullptr);
  HttpRequest request;
  request.path = "/";
  HttpResponse out;
  match->route->handler(std::move(request),
                        HttpResponder([&](HttpResponse&& r) { out = std::move(r); }));
  EXPECT_EQ(out.status, 404);
  EXPECT_EQ(body(out), "this binary was built without the web UI");
}

}  // namespace
}  // namespace binnacle
