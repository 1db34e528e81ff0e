// What does it cost the export thread to write a span in another format than OTLP's protobuf?
// Batches of 512 spans with 5 attributes, as 64 traces of 8; "_everything": with an event, a link
// and an error besides. The time is that of one span, its share of finishing the batch included.

#include "sdk/formats/datadog_encoder.h"
#include "sdk/formats/finished_span_for_test.h"
#include "sdk/formats/jaeger_thrift_encoder.h"
#include "sdk/formats/otlp_json_encoder.h"
#include "sdk/formats/span_reader.h"
#include "sdk/formats/zipkin_json_encoder.h"
#include "sdk/otlp_encoder.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace binnacle::sdk {
namespace {

constexpr std::size_t kBatch = 512;

std::vector<SpanForTest> five_attributes() {
  std::vector<SpanForTest> spans;
  for (std::size_t i = 0; i < kBatch; ++i) {
    SpanForTest span("GET /cart/{id}");
    span.ids(static_cast<std::uint8_t>(i / 8), static_cast<std::uint8_t>(i), 1);
    span.kind(SpanKind::kServer);
    span.attribute("http.request.method", "GET").attribute("http.route", "/cart/{id}");
    span.attribute("http.response.status_code", 200).attribute("cart.value", 12.5);
    span.attribute("user.is_member", true);
    spans.push_back(span);
  }
  return spans;
}

std::vector<SpanForTest> everything() {
  std::vector<SpanForTest> spans = five_attributes();
  for (SpanForTest& span : spans) {
    span.event("exception", 1'800'000'000'000'000'000,
               {{"exception.type", "std::runtime_error"}, {"exception.message", "no such cart"}});
    span.link(context_for_test(1, 2)).status(StatusCode::kError, "no such cart");
  }
  return spans;
}

void encode(benchmark::State& state, SpanEncoder& encoder, const std::vector<SpanForTest>& spans) {
  std::vector<FinishedSpan> finished;
  for (const SpanForTest& span : spans) finished.push_back(span.finished());
  std::size_t bytes = 0;
  for (auto _ : state) {
    for (const FinishedSpan& span : finished) encoder.add(span);
    const EncodedBatch batch = encoder.finish();
    bytes = batch.body().size();
    benchmark::DoNotOptimize(batch.body().data());
  }
  const auto total = static_cast<double>(state.iterations()) * static_cast<double>(kBatch);
  state.counters["per_span"] =
      benchmark::Counter(total, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(kBatch);
}

template <typename Encoder>
void five(benchmark::State& state) {
  Encoder encoder(resource_for_test());
  encode(state, encoder, five_attributes());
}
template <typename Encoder>
void all(benchmark::State& state) {
  Encoder encoder(resource_for_test());
  encode(state, encoder, everything());
}

/// Only looking at everything, as every encoder must.
void read(benchmark::State& state) {
  const std::vector<SpanForTest> spans = five_attributes();
  std::vector<FinishedSpan> finished;
  for (const SpanForTest& span : spans) finished.push_back(span.finished());
  struct Sum {
    std::size_t bytes = 0;
    void on_attribute(const AttributeView& attribute) {
      bytes += attribute.key.size() + attribute.value.text.size();
    }
  } sum;
  for (auto _ : state) {
    for (const FinishedSpan& span : finished) visit_span(span, sum);
    benchmark::DoNotOptimize(sum.bytes);
  }
  const auto total = static_cast<double>(state.iterations()) * static_cast<double>(kBatch);
  state.counters["per_span"] =
      benchmark::Counter(total, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(read);
BENCHMARK(five<OtlpEncoder>)->Name("otlp_protobuf");
BENCHMARK(five<OtlpJsonEncoder>)->Name("otlp_json");
BENCHMARK(five<JaegerThriftEncoder>)->Name("jaeger_thrift");
BENCHMARK(five<ZipkinJsonEncoder>)->Name("zipkin_json");
BENCHMARK(five<DatadogEncoder>)->Name("datadog_msgpack");
BENCHMARK(all<OtlpEncoder>)->Name("otlp_protobuf_everything");
BENCHMARK(all<OtlpJsonEncoder>)->Name("otlp_json_everything");
BENCHMARK(all<JaegerThriftEncoder>)->Name("jaeger_thrift_everything");
BENCHMARK(all<ZipkinJsonEncoder>)->Name("zipkin_json_everything");
BENCHMARK(all<DatadogEncoder>)->Name("datadog_msgpack_everything");

}  // namespace
}  // namespace binnacle::sdk

BENCHMARK_MAIN();
