#include "tests/e2e/load.h"

#include "base/ids.h"
#include "base/random.h"
#include "codec/json_document.h"
#include "io/net/http_client.h"

#include <algorithm>
#include <functional>
#include <map>

namespace binnacle::e2e {
namespace {

/// Traces asked for at once; the URL stays below 8 KB.
constexpr std::size_t kAskedAtOnce = 100;

std::string noise(Random& random, std::uint64_t limit) {
  std::string out;
  for (std::uint64_t words = random.below(limit); words > 0; --words) {
    out += to_hex(SpanId{random.next()});
  }
  return out;
}

}  // namespace

std::string trace_of(std::uint64_t number) { return to_hex(TraceId{7, number}); }

std::string request_of(std::uint64_t number, std::uint64_t noise_words) {
  Random random(number);
  std::string body =
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"load"}}]},"scopeSpans":[{"spans":[)";
  for (std::size_t i = 0; i < kSpansPerRequest; ++i) {
    body += i == 0 ? "" : ",";
    body +=
        R"({"traceId":")" + trace_of(number) + R"(","spanId":")" + to_hex(SpanId{i + 1}) +
        R"(","name":"work","startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000000000001","attributes":[{"key":"noise","value":{"stringValue":")" +
        noise(random, noise_words) + R"("}}]})";
  }
  return body + "]}]}]}";
}

std::vector<std::size_t> spans_of(const ServerProcess& server,
                                  const std::vector<std::uint64_t>& numbers) {
  std::map<std::string, std::size_t, std::less<>> found;
  HttpClient client(server.url("jaeger_query"), {});
  for (std::size_t begin = 0; begin < numbers.size(); begin += kAskedAtOnce) {
    const std::size_t end = std::min(numbers.size(), begin + kAskedAtOnce);
    HttpClientRequest request;
    request.target = "/api/traces?";
    for (std::size_t i = begin; i < end; ++i) {
      request.target += "traceID=" + trace_of(numbers[i]) + "&";
    }
    auto answer = client.send(request);
    if (!answer || answer->status != 200) continue;
    const auto document = codec::JsonDocument::parse(std::move(answer->body));
    if (!document) continue;
    for (const codec::JsonValue trace : document->root().find("data").elements()) {
      found[std::string(trace.find("traceID").string())] = trace.find("spans").size();
    }
  }
  std::vector<std::size_t> out;
  for (const std::uint64_t number : numbers) out.push_back(found[trace_of(number)]);
  return out;
}

std::vector<std::uint64_t> missing(const ServerProcess& server,
                                   const std::vector<std::uint64_t>& numbers) {
  const std::vector<std::size_t> spans = spans_of(server, numbers);
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (spans[i] != kSpansPerRequest) out.push_back(numbers[i]);
  }
  return out;
}

}  // namespace binnacle::e2e
