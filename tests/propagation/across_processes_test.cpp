#include "sdk/http_server_for_test.h"
#include "sdk/recording_for_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The examples for libcurl and Beast as processes of their own, sending what they record to a
// collector here: one trace per request, across client and server, whatever the headers' format.

namespace binnacle::sdk {
namespace {

/// A program started by the shell, with its standard output.
class Program {
 public:
  explicit Program(const std::string& command) : pipe_(popen(command.c_str(), "r")) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { finish(); }

  std::string line() {
    char buffer[256] = {};
    if (pipe_ == nullptr || fgets(buffer, sizeof buffer, pipe_) == nullptr) return {};
    const std::string text(buffer);
    return text.substr(0, text.find('\n'));
  }
  /// Waits for its end; 0 if it was content.
  int finish() {
    if (pipe_ == nullptr) return -1;
    const int status = pclose(pipe_);
    pipe_ = nullptr;
    return status;
  }

 private:
  FILE* pipe_;
};

/// The four spans of one trace, each the parent of the next.
constexpr const char* kChain[] = {"look a bid up", "GET", "GET /bids/{id}", "find bid"};

class AcrossProcesses : public testing::TestWithParam<const char*> {
 protected:
  std::string start(const std::string& service, const std::string& program) {
    return "OTEL_PROPAGATORS=" + std::string(GetParam()) + " OTEL_SERVICE_NAME=" + service +
           " OTEL_TRACES_EXPORTER=otlp OTEL_METRICS_EXPORTER=otlp APM_SELF_OBSERVABILITY=false"
           " OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT=" +
           collector_.base_url() + " " + program;
  }
  /// What was received, by trace id and name.
  std::map<std::string, std::map<std::string, ReadSpan>> traces() {
    std::map<std::string, std::map<std::string, ReadSpan>> traces;
    bool is_good = true;
    for (const Request& request : collector_.requests()) {
      if (!request.head.starts_with("POST /v1/traces ")) continue;
      for (ReadSpan& span : read_request(request.body, is_good)) {
        traces[span.trace_id][span.name] = std::move(span);
      }
    }
    EXPECT_TRUE(is_good);
    return traces;
  }

  /// How many requests with metrics hold all of these names and labels.
  int count_metrics(std::initializer_list<std::string_view> texts) {
    const std::vector<Request> all = collector_.requests();
    return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const Request& request) {
      return request.head.starts_with("POST /v1/metrics ") &&
             std::all_of(texts.begin(), texts.end(), [&](std::string_view text) {
               return request.body.find(text) != std::string::npos;
             });
    }));
  }

  HttpServerForTest collector_;
};

TEST_P(AcrossProcesses, ClientAndServerAreOneTrace) {
  Program server(start("server", BEAST_SERVER " 3"));
  const std::string port = server.line();
  ASSERT_FALSE(port.empty());
  Program with_curl(start("client", CURL_CLIENT " http://127.0.0.1:" + port + "/bids/17?key=1"));
  EXPECT_EQ(with_curl.line(), "{\"bid\":17}");
  EXPECT_EQ(with_curl.finish(), 0);
  Program with_beast(start("client", BEAST_CLIENT " 127.0.0.1 " + port + " /bids/17"));
  EXPECT_EQ(with_beast.line(), "200 {\"bid\":17}");
  EXPECT_EQ(with_beast.finish(), 0);
  Program missing(start("client", CURL_CLIENT " http://127.0.0.1:" + port + "/bids/18"));
  EXPECT_EQ(missing.line(), "no such bid");
  EXPECT_EQ(missing.finish(), 0);
  EXPECT_EQ(server.finish(), 0);

  const auto received = traces();
  ASSERT_EQ(received.size(), 3U);
  int found = 0;
  for (const auto& [trace_id, spans] : received) {
    ASSERT_EQ(spans.size(), std::size(kChain));
    std::string parent;
    for (const char* name : kChain) {
      ASSERT_EQ(spans.count(name), 1U) << name;
      EXPECT_EQ(spans.at(name).parent_span_id, parent) << name;
      parent = spans.at(name).span_id;
    }
    const ReadSpan& client = spans.at("GET");
    const ReadSpan& service = spans.at("GET /bids/{id}");
    EXPECT_EQ(client.kind, 3U);
    EXPECT_EQ(service.kind, 2U);
    for (const ReadSpan* span : {&client, &service}) {
      EXPECT_EQ(span->attribute("http.request.method"), "s:GET");
      EXPECT_EQ(span->attribute("server.address"), "s:127.0.0.1");
      EXPECT_EQ(span->attribute("server.port"), "i:" + port);
    }
    EXPECT_EQ(service.attribute("http.route"), "s:/bids/{id}");
    const std::string status = client.attribute("http.response.status_code");
    EXPECT_EQ(service.attribute("http.response.status_code"), status);
    EXPECT_EQ(service.status, 0U);  // what the client got wrong is not the server's error
    EXPECT_EQ(client.status, status == "i:404" ? 2U : 0U);
    EXPECT_EQ(client.attribute("error.type"), status == "i:404" ? "s:404" : "none");
    // Paths are content, which is not captured; what stands for them is.
    EXPECT_EQ(client.attribute("url.full"), "none");
    EXPECT_NE(client.attribute("content.url.hash"), "none");
    EXPECT_EQ(service.attribute("url.path"), "none");
    EXPECT_NE(service.attribute("content.path.hash"), "none");
    EXPECT_EQ(client.attribute("url.scheme"), "s:http");
    if (status == "i:200") ++found;
  }
  EXPECT_EQ(found, 2);
  EXPECT_EQ(count_metrics({"http.client.request.duration", "127.0.0.1", "GET"}), 3);
  EXPECT_EQ(count_metrics({"http.request.duration", "http.request.total", "/bids/{id}"}), 1);
}

INSTANTIATE_TEST_SUITE_P(Formats, AcrossProcesses,
                         testing::Values("tracecontext,baggage", "b3", "b3multi", "jaeger",
                                         "datadog", "datadog,b3,jaeger,tracecontext"));

TEST(CurlExampleTest, ARefusedConnectionIsAnErrorOfTheClientSpan) {
  HttpServerForTest collector;
  Program client(
      "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf OTEL_TRACES_EXPORTER=otlp "
      "OTEL_METRICS_EXPORTER=none "
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" +
      collector.url() + " " CURL_CLIENT " http://127.0.0.1:1/ 2>&1");
  EXPECT_NE(client.line(), "");
  EXPECT_NE(client.finish(), 0);
  bool is_good = true;
  for (const Request& request : collector.requests()) {
    for (const ReadSpan& span : read_request(request.body, is_good)) {
      if (span.kind != 3) continue;
      EXPECT_EQ(span.attribute("error.type"), "s:connection_error");
      EXPECT_EQ(span.status, 2U);
      return;
    }
  }
  ADD_FAILURE() << "no client span";
}

}  // namespace
}  // namespace binnacle::sdk
