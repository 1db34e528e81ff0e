// How many spans a second one core decodes from OTLP protobuf and JSON into a SpanBatch, and how
// many it shows as OTLP and Jaeger JSON. The request is what a busy service sends: 1,000 spans with
// 11 attributes each.

#include "base/random.h"
#include "wire/jaeger/decode.h"
#include "wire/jaeger/json_encode.h"
#include "wire/otlp/decode.h"
#include "wire/otlp/encode.h"

#include <benchmark/benchmark.h>
#include <protozero/pbf_writer.hpp>

#include <string>
#include <string_view>

namespace binnacle {
namespace {

constexpr std::size_t kSpans = 1000;

void add_string(protozero::pbf_writer& owner, std::uint32_t field, std::string_view key,
                std::string_view value) {
  protozero::pbf_writer attribute(owner, field);
  attribute.add_string(1, key.data(), key.size());
  protozero::pbf_writer any(attribute, 2);
  any.add_string(1, value.data(), value.size());
}

void add_int(protozero::pbf_writer& owner, std::string_view key, std::int64_t value) {
  protozero::pbf_writer attribute(owner, 9);
  attribute.add_string(1, key.data(), key.size());
  protozero::pbf_writer any(attribute, 2);
  any.add_int64(3, value);
}

void add_attributes(protozero::pbf_writer& span, Random& random) {
  constexpr std::string_view kMethods[] = {"GET", "POST", "PUT"};
  const auto below = [&](std::uint64_t n) { return random.below(n); };
  add_string(span, 9, "http.request.method", kMethods[below(3)]);
  add_string(span, 9, "url.path", "/api/v1/orders/" + std::to_string(below(200)));
  add_int(span, "http.response.status_code", below(20) == 0 ? 500 : 200);
  add_string(span, 9, "user.id", "u" + std::to_string(below(20000)));
  add_string(span, 9, "net.peer.name", "db-" + std::to_string(below(8)));
  add_int(span, "net.peer.port", 5432);
  add_string(span, 9, "db.system", "postgresql");
  add_string(span, 9, "deployment.environment.name", "production");
  add_int(span, "thread.id", static_cast<std::int64_t>(below(64)));
  add_string(span, 9, "code.function", "handle_request");
  add_string(span, 9, "rpc.service", "shop.Order");
}

std::string make_request() {
  constexpr std::string_view kNames[] = {"GET /cart", "POST /order", "SELECT items",
                                         "charge",    "rag.query",   "llm.chat"};
  Random random(1);
  std::string out;
  protozero::pbf_writer request(out);
  protozero::pbf_writer resource_spans(request, 1);
  {
    protozero::pbf_writer resource(resource_spans, 1);
    add_string(resource, 1, "service.name", "checkout");
    add_string(resource, 1, "k8s.pod.name", "checkout-5f7d8-abcde");
  }
  protozero::pbf_writer scope_spans(resource_spans, 2);
  std::uint64_t time_ns = 1'795'460'000'000'000'000;
  std::uint64_t trace[2] = {};
  for (std::size_t i = 0; i < kSpans; ++i) {
    if (i % 10 == 0) trace[0] = random.next(), trace[1] = random.next();
    const std::uint64_t id = random.next();
    protozero::pbf_writer span(scope_spans, 2);
    span.add_bytes(1, reinterpret_cast<const char*>(trace), sizeof trace);
    span.add_bytes(2, reinterpret_cast<const char*>(&id), sizeof id);
    const std::string_view name = kNames[random.below(6)];
    span.add_string(5, name.data(), name.size());
    span.add_enum(6, static_cast<std::int32_t>(random.below(5)) + 1);
    time_ns += random.below(1'000'000);
    span.add_fixed64(7, time_ns);
    span.add_fixed64(8, time_ns + random.below(50'000'000));
    add_attributes(span, random);
  }
  return out;
}

void bm_decode_protobuf(benchmark::State& state) {
  const std::string request = make_request();
  for (auto _ : state) {
    auto spans = otlp::decode_protobuf(request);
    benchmark::DoNotOptimize(spans);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kSpans));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * request.size()));
}
BENCHMARK(bm_decode_protobuf);

template <typename Encode>
void encode(benchmark::State& state, Encode function) {
  const auto spans = otlp::decode_protobuf(make_request());
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string out = function(spans->batch);
    bytes += out.size();
    benchmark::DoNotOptimize(out);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kSpans));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void bm_decode_json(benchmark::State& state) {
  const auto spans = otlp::decode_protobuf(make_request());
  const std::string request = otlp::encode_json(spans->batch);
  for (auto _ : state) {
    auto decoded = otlp::decode_json(request);
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kSpans));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * request.size()));
}
BENCHMARK(bm_decode_json);

void bm_encode_protobuf(benchmark::State& state) { encode(state, otlp::encode_protobuf); }
BENCHMARK(bm_encode_protobuf);

void bm_encode_json(benchmark::State& state) { encode(state, otlp::encode_json); }
BENCHMARK(bm_encode_json);

void bm_encode_jaeger_json(benchmark::State& state) { encode(state, jaeger::encode_traces); }
BENCHMARK(bm_encode_jaeger_json);

void bm_decode_jaeger_json(benchmark::State& state) {
  const auto spans = otlp::decode_protobuf(make_request());
  const std::string text = jaeger::encode_traces(spans->batch);
  for (auto _ : state) {
    auto decoded = jaeger::decode_json(text);
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kSpans));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(bm_decode_jaeger_json);

}  // namespace
}  // namespace binnacle

BENCHMARK_MAIN();
