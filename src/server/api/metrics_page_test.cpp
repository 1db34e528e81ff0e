#include "server/api/metrics_page.h"

#include <gtest/gtest.h>

#include <chrono>

namespace binnacle {
namespace {

TEST(MetricsPage, OneHeaderPerNameAndItsSeriesTogether) {
  Counter a, b, c;
  Gauge g;
  a.add(3);
  b.add(4);
  g.set(-5);
  std::string out;
  render_descriptors({{"x_total", "Help of x.", "kind=\"a\"", &a, nullptr},
                      {"g", "With \\ and\nline.", "", nullptr, &g},
                      {"x_total", "Help of x.", "kind=\"b\"", &b, nullptr},
                      {"y_total", "Y.", "", &c, nullptr}},
                     out);
  EXPECT_EQ(out,
            "# HELP x_total Help of x.\n"
            "# TYPE x_total counter\n"
            "x_total{kind=\"a\"} 3\n"
            "x_total{kind=\"b\"} 4\n"
            "# HELP g With \\\\ and\\nline.\n"
            "# TYPE g gauge\n"
            "g -5\n"
            "# HELP y_total Y.\n"
            "# TYPE y_total counter\n"
            "y_total 0\n");
}

TEST(MetricsPage, BuildInfoEscapesItsLabels) {
  const std::string page = MetricsPage("1.2\"3", "abc\\").render();
  EXPECT_NE(page.find("binnacle_build_info{version=\"1.2\\\"3\",revision=\"abc\\\\\"} 1\n"),
            std::string::npos);
}

TEST(MetricsPage, ProcessFiguresAreThisProcess) {
  const ProcessStats stats = read_process_stats();
  EXPECT_GE(stats.cpu_seconds, 0);
  EXPECT_GT(stats.resident_bytes, 1 << 20);
  EXPECT_GE(stats.virtual_bytes, stats.resident_bytes);
  EXPECT_GE(stats.open_fds, 3);
  EXPECT_GE(stats.threads, 1);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(stats.start_unix_seconds, now, 600);
}

TEST(MetricsPage, UnknownFiguresAreLeftOut) {
  std::string out;
  render_process({}, out);
  EXPECT_EQ(out, "");
}

TEST(MetricsPage, AnswersTheScrape) {
  Counter c;
  MetricsPage page("1", "r");
  page.add({{"c_total", "C.", "", &c, nullptr}});
  HttpRouter router;
  page.add_routes(router);
  const auto match = router.match(HttpMethod::kGet, "/metrics");
  ASSERT_TRUE(match);
  ASSERT_NE(match->route, nullptr);
  c.add(7);
  HttpResponse answer;
  match->route->handler({}, HttpResponder([&](HttpResponse&& r) { answer = std::move(r); }));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(std::get<std::string>(answer.body).find("\nc_total 7\n"), std::string::npos);
}

}  // namespace
}  // namespace binnacle
