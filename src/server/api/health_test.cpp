#include "server/api/health.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

HttpResponse get(const HttpRouter& router, std::string_view path) {
  HttpResponse out;
  const auto match = router.match(HttpMethod::kGet, path);
  EXPECT_TRUE(match && match->route != nullptr) << path;
  match->route->handler({}, HttpResponder([&](HttpResponse&& r) { out = std::move(r); }));
  return out;
}

TEST(Health, ReadyFollowsWhatItIsTold) {
  Status state = fail(ErrorCode::kUnavailable, "replaying the log: 40%");
  HttpRouter router;
  add_health_routes(router, [&] { return state; });
  EXPECT_EQ(get(router, "/healthz").status, 200);
  const HttpResponse starting = get(router, "/ready");
  EXPECT_EQ(starting.status, 503);
  EXPECT_EQ(std::get<std::string>(starting.body), "replaying the log: 40%\n");
  EXPECT_EQ(starting.headers.get("Retry-After"), "1");
  state = {};
  EXPECT_EQ(get(router, "/ready").status, 200);
}

}  // namespace
}  // namespace binnacle
