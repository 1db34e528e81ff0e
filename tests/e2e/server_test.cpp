#include "codec/json_document.h"
#include "io/net/http_client.h"
#include "tests/e2e/server_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

// The binary as its users meet it: started, fed, asked, killed and started again.

namespace binnacle::e2e {
namespace {

using codec::JsonDocument;
using codec::JsonValue;

Result<JsonDocument> get(const std::string& origin, const std::string& target) {
  HttpClient client(origin, {});
  HttpClientRequest request;
  request.target = target;
  auto answer = client.send(request);
  if (!answer) return std::unexpected(answer.error());
  return JsonDocument::parse(std::move(answer->body));
}

int post_spans(const std::string& origin, const std::string& json) {
  HttpClient client(origin, {});
  HttpClientRequest request;
  request.method = HttpMethod::kPost;
  request.target = "/v1/traces";
  request.headers.add("content-type", "application/json");
  request.body = json;
  const auto answer = client.send(request);
  return answer ? answer->status : 0;
}

std::string one_span(const std::string& trace_id, const std::string& name) {
  return R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"checkout"}}]},)"
         R"("scopeSpans":[{"spans":[{"traceId":")" +
         trace_id + R"(","spanId":"00000000000000aa","name":")" + name +
         R"(","kind":2,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000005000000"}]}]}]})";
}

// Spans that the API returns for one trace.
std::size_t spans_of(const ServerProcess& server, const std::string& trace_id) {
  const auto document = get(server.url("jaeger_query"), "/api/traces/" + trace_id);
  if (!document) return 0;
  std::size_t spans = 0;
  for (const JsonValue trace : document->root().find("data").elements()) {
    spans += trace.find("spans").size();
  }
  return spans;
}

std::string program_output(const ProgramResult& result) { return "output: " + result.output; }

TEST(Server, ASpanIsFoundAndSurvivesAKill) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  const std::string id = "0123456789abcdef0123456789abcdef";
  ASSERT_EQ(post_spans(server.url("otlp_http"), one_span(id, "GET /cart")), 200);
  EXPECT_EQ(spans_of(server, id), 1U);
  server.kill();
  ASSERT_TRUE(server.start());
  EXPECT_EQ(spans_of(server, id), 1U);
  const auto services = get(server.url("ui"), "/api/services");
  ASSERT_TRUE(services);
  ASSERT_EQ(services->root().find("data").size(), 1U);
  EXPECT_EQ((*services->root().find("data").elements().begin()).string(), "checkout");
  EXPECT_EQ(server.stop(), 0);
}

TEST(Server, EveryPortAnswers) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  for (const char* port : {"otlp_http", "jaeger_thrift_http", "zipkin", "datadog", "jaeger_query",
                           "prometheus", "ui"}) {
    const ProgramResult health = run_program(binnacle_program(), {"healthcheck", server.url(port)});
    EXPECT_EQ(health.exit_status, 0) << port << program_output(health);
  }
  EXPECT_FALSE(server.url("otlp_grpc").empty());
  HttpClient metrics(server.url("prometheus"), {});
  HttpClientRequest request;
  request.target = "/metrics";
  const auto page = metrics.send(request);
  ASSERT_TRUE(page);
  EXPECT_NE(page->body.find("binnacle_ingest_spans_accepted_total"), std::string::npos);
  HttpClient ui(server.url("ui"), {});
  request.target = "/search";
  const auto html = ui.send(request);
  ASSERT_TRUE(html);
  EXPECT_EQ(html->status, 200);
  EXPECT_NE(html->headers.get("content-type").find("text/html"), std::string_view::npos);
}

// A body as dd-trace sent it, through the whole server.
TEST(Server, ADatadogTraceIsFoundByJaegersApi) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  std::ifstream file("tests/golden/receive/dd_trace.msgpack", std::ios::binary);
  HttpClient client(server.url("datadog"), {});
  HttpClientRequest request;
  request.method = HttpMethod::kPut;
  request.target = "/v0.4/traces";
  request.headers.add("content-type", "application/msgpack");
  const std::string body(std::istreambuf_iterator<char>(file), {});
  request.body = body;
  const auto answer = client.send(request);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->body.find("rate_by_service"), std::string::npos);
  EXPECT_EQ(spans_of(server, "6b0498f20000000015d512876b839866"), 2U);
  const auto info = get(server.url("datadog"), "/info");
  ASSERT_TRUE(info);
  EXPECT_GE(info->root().find("endpoints").size(), 3U);
}

TEST(Server, MetricsAndLogsAreRefusedAndNotLost) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  HttpClient client(server.url("otlp_http"), {});
  for (const char* path : {"/v1/metrics", "/v1/logs"}) {
    HttpClientRequest request;
    request.method = HttpMethod::kPost;
    request.target = path;
    request.headers.add("content-type", "application/json");
    request.body = "{}";
    const auto answer = client.send(request);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 501) << path;
  }
}

TEST(Server, ASecondOneOnTheSameDataIsRefused) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  const ProgramResult second = run_program(
      binnacle_program(), {"serve", "--ephemeral-ports", "--data_dir", server.data_folder()});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_NE(second.output.find("LOCK"), std::string::npos) << second.output;
}

TEST(Server, ATakenPortThatWasAskedForIsAnError) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  const std::string url = server.url("zipkin");
  const std::string port = url.substr(url.rfind(':') + 1);
  const ProgramResult second =
      run_program(binnacle_program(), {"serve", "--ephemeral-ports", "--ports.zipkin", port,
                                       "--data_dir", folder.path() + "/other"});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_NE(second.output.find(port), std::string::npos) << second.output;
  EXPECT_NE(second.output.find("ports.zipkin"), std::string::npos) << second.output;
}

TEST(Server, AnAddressBeyondLoopbackIsRefused) {
  const TemporaryFolder folder;
  const ProgramResult result =
      run_program(binnacle_program(), {"serve", "--ephemeral-ports", "--listen.address", "0.0.0.0",
                                       "--data_dir", folder.path() + "/data"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_NE(result.output.find("--insecure"), std::string::npos) << result.output;
}

TEST(Commands, WrongWordsAreUsageErrorsAndNameTheRemedy) {
  EXPECT_EQ(run_program(binnacle_program(), {}).exit_status, 2);
  EXPECT_EQ(run_program(binnacle_program(), {"serv"}).exit_status, 2);
  EXPECT_EQ(run_program(binnacle_program(), {"import"}).exit_status, 2);
  EXPECT_EQ(run_program(binnacle_program(), {"--help"}).exit_status, 0);
  const ProgramResult version = run_program(binnacle_program(), {"version"});
  EXPECT_EQ(version.exit_status, 0);
  EXPECT_TRUE(version.output.starts_with("binnacle ")) << version.output;
}

TEST(Commands, CheckConfigNamesThePlace) {
  const TemporaryFolder folder;
  const std::string good = folder.path() + "/good.yml";
  const std::string bad = folder.path() + "/bad.yml";
  std::ofstream(good) << "ports:\n  ui: 3001\n";
  std::ofstream(bad) << "ports:\n  iu: 3001\n";
  EXPECT_EQ(run_program(binnacle_program(), {"check", "config", good}).exit_status, 0);
  const ProgramResult result = run_program(binnacle_program(), {"check", "config", good, bad});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_NE(result.output.find("bad.yml:2:3: unknown setting \"ports.iu\""), std::string::npos)
      << result.output;
}

TEST(Commands, GeneratedTracesArriveAndAreListed) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  const ProgramResult generated =
      run_program(binnacle_program(),
                  {"generate", "traces", "--traces", "40", "--to", server.url("otlp_http")});
  ASSERT_EQ(generated.exit_status, 0) << generated.output;
  const ProgramResult listed =
      run_program(binnacle_program(), {"query", "traces", "--from", server.url("jaeger_query"),
                                       "--service", "task-runner", "--limit", "100"});
  EXPECT_EQ(listed.exit_status, 0);
  EXPECT_EQ(std::ranges::count(listed.output, '\n'), 40) << listed.output;
}

TEST(Commands, GeneratedFilesImportWithTheSameCount) {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/spans.jsonl";
  ASSERT_EQ(
      run_program(binnacle_program(), {"generate", "traces", "--traces", "30", "--output", file})
          .exit_status,
      0);
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  const ProgramResult imported =
      run_program(binnacle_program(),
                  {"import", file, folder.path() + "/absent", "--to", server.url("otlp_http")});
  EXPECT_EQ(imported.exit_status, 1) << "the absent file is a problem";
  EXPECT_NE(imported.output.find("absent: cannot be opened"), std::string::npos) << imported.output;
  const ProgramResult listed =
      run_program(binnacle_program(),
                  {"query", "traces", "--from", server.url("jaeger_query"), "--limit", "100"});
  EXPECT_EQ(std::ranges::count(listed.output, '\n'), 30) << listed.output;
}

TEST(Demo, OneTaskIsOneTraceThroughFiveServices) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  const ProgramResult demo =
      run_program(ARBITRAGE_PROGRAM, {"--tasks", "2", "--pace", "20", "--state", folder.path()},
                  {{"OTEL_EXPORTER_OTLP_ENDPOINT", server.url("otlp_http")},
                   {"OTEL_BSP_SCHEDULE_DELAY", "50"}});
  ASSERT_EQ(demo.exit_status, 0) << demo.output;
  const auto found =
      get(server.url("jaeger_query"), "/api/traces?service=task-runner&lookback=1h&limit=5");
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->root().find("data").size(), 2U);
  for (const JsonValue trace : found->root().find("data").elements()) {
    std::set<std::string> services;
    for (const codec::JsonMember process : trace.find("processes").members()) {
      services.insert(std::string(process.value.find("serviceName").string()));
    }
    EXPECT_EQ(services, (std::set<std::string>{"arena", "marketplace-scanner", "payment-webhook",
                                               "rag-service", "task-runner"}));
    std::size_t roots = 0;
    for (const JsonValue span : trace.find("spans").elements()) {
      roots += span.find("references").size() == 0 ? 1 : 0;
    }
    EXPECT_EQ(roots, 1U);
  }
}

// A file of another project's traces and how many spans and traces it holds.
struct Corpus {
  const char* file;
  const char* count;
};

class TraceCorpus : public testing::TestWithParam<Corpus> {};

TEST_P(TraceCorpus, ImportsWithTheRightCount) {
  const char* shared = std::getenv("BINNACLE_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "BINNACLE_SHARED names the folder with corpus/";
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  const ProgramResult result =
      run_program(binnacle_program(), {"import", std::string(shared) + "/corpus/" + GetParam().file,
                                       "--to", server.url("otlp_http")});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_TRUE(result.output.starts_with(std::string(GetParam().count) + " spans imported"))
      << result.output;
  HttpClient metrics(server.url("prometheus"), {});
  HttpClientRequest request;
  request.target = "/metrics";
  const auto page = metrics.send(request);
  ASSERT_TRUE(page);
  EXPECT_NE(page->body.find(std::string("binnacle_span_store_appended_spans_total ") +
                            GetParam().count + "\n"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Files, TraceCorpus,
    testing::Values(Corpus{"traces/nezha/tt/2023-01-29_08_53.otlp.jsonl", "2853"},
                    Corpus{"traces/zipkin-lens/smartthings-mobile-web-install.json", "1041"},
                    Corpus{"traces/zipkin-lens/smartthings-oauth-authorization.json", "175"},
                    Corpus{"llm/agentevals/helm.json", "96"},
                    Corpus{"llm/agentevals/helm_3.json", "125"},
                    Corpus{"llm/agentevals/tempo_export_with_batches.json", "86"},
                    Corpus{"llm/jaeger-ui-genai/genaiTestTrace.json", "57"},
                    Corpus{"traces/kiali/responseTrace.json", "8"}));

}  // namespace
}  // namespace binnacle::e2e
