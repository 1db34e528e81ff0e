#include "codec/json_document.h"
#include "io/net/http_client.h"
#include "tests/e2e/server_process.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

// OpenTelemetry's JavaScript SDK sends to the real binary through each of its exporters
// (tests/interop/senders); what arrives is read back through Jaeger's API.

namespace binnacle::e2e {
namespace {

using codec::JsonDocument;
using codec::JsonValue;

constexpr std::array kExporters = {
    "otlp_json", "otlp_json_gzip", "otlp_protobuf", "otlp_protobuf_gzip",
    "otlp_grpc", "otlp_grpc_gzip", "zipkin",        "jaeger_thrift"};

/// What send.mjs printed: trace ids by exporter.
std::map<std::string, std::string> traces_by_exporter(const std::string& output) {
  std::map<std::string, std::string> out;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.find(' ');
    if (blank != std::string::npos) out[line.substr(0, blank)] = line.substr(blank + 1);
  }
  return out;
}

/// The tag's value as text, whatever its type; "" if there is none.
std::string tag_of(JsonValue span, std::string_view key) {
  for (const JsonValue tag : span.find("tags").elements()) {
    if (tag.find("key").string() != key) continue;
    const JsonValue value = tag.find("value");
    if (value.is_bool()) return value.boolean() ? "true" : "false";
    return std::string(value.number_text());
  }
  return "";
}

void expect_root(JsonValue span) {
  EXPECT_EQ(span.find("references").size(), 0U);
  EXPECT_EQ(tag_of(span, "span.kind"), "server");
  EXPECT_EQ(tag_of(span, "http.route"), "/cart");
  EXPECT_EQ(tag_of(span, "cart.items"), "3");
  EXPECT_EQ(tag_of(span, "cart.total"), "12.5");
  EXPECT_EQ(tag_of(span, "cart.empty"), "false");
  EXPECT_EQ(tag_of(span, "customer.name"), "Zoë ☂ 漢字");
}

void expect_child(JsonValue span) {
  EXPECT_EQ(span.find("references").size(), 1U);
  EXPECT_EQ(tag_of(span, "span.kind"), "client");
  EXPECT_EQ(tag_of(span, "error"), "true");
  EXPECT_EQ(tag_of(span, "otel.status_description"), "declined");
  EXPECT_EQ(span.find("logs").size(), 2U) << "an event and an exception";
}

void expect_trace(HttpClient& client, const std::string& exporter, const std::string& id) {
  HttpClientRequest request;
  request.target = "/api/traces/" + id;
  auto answer = client.send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  const auto document = JsonDocument::parse(std::move(answer->body));
  ASSERT_TRUE(document);
  ASSERT_EQ(document->root().find("data").size(), 1U);
  const JsonValue trace = *document->root().find("data").elements().begin();
  ASSERT_EQ(trace.find("spans").size(), 2U);
  for (const codec::JsonMember process : trace.find("processes").members()) {
    EXPECT_EQ(process.value.find("serviceName").string(), "js-" + exporter);
  }
  for (const JsonValue span : trace.find("spans").elements()) {
    if (span.find("operationName").string() == "charge") {
      expect_child(span);
    } else {
      EXPECT_EQ(span.find("operationName").string(), "GET /cart");
      expect_root(span);
    }
  }
}

TEST(JsSenders, EveryExporterArrivesWhole) {
  const std::string senders = std::string(BINNACLE_SOURCE_DIR) + "/tests/interop/senders";
  ASSERT_TRUE(std::filesystem::exists(senders + "/node_modules"))
      << "install the senders first: (cd tests/interop/senders && npm ci)";
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  ASSERT_TRUE(server.start());
  std::vector<std::string> words = {"node", senders + "/send.mjs"};
  for (const char* port : {"otlp_http", "otlp_grpc", "zipkin", "jaeger_thrift_http"}) {
    words.push_back(std::string(port) + "=" + server.url(port));
  }
  const ProgramResult sent = run_program("/usr/bin/env", words);
  EXPECT_EQ(sent.exit_status, 0) << sent.output;
  const std::map<std::string, std::string> traces = traces_by_exporter(sent.output);
  HttpClient client(server.url("jaeger_query"), {});
  for (const std::string exporter : kExporters) {
    SCOPED_TRACE(exporter);
    const auto id = traces.find(exporter);
    ASSERT_NE(id, traces.end()) << sent.output;
    expect_trace(client, exporter, id->second);
  }
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace binnacle::e2e
