#include <binnacle/instruments.h>

#include <cstddef>
#include <iterator>
#include <new>

namespace binnacle {
inline namespace v1 {

namespace {

// Chosen by what is measured: answers of a local service or database, of a language model, and work
// that takes minutes.
constexpr double kShort[] = {1,   2.5, 5,   10,   25,   50,   75,   100,
                             250, 500, 750, 1000, 2500, 5000, 7500, 10000};
constexpr double kMedium[] = {50,   100,   250,   500,   1000,  2500,
                              5000, 10000, 20000, 30000, 60000, 120000};
constexpr double kLong[] = {100,   250,   500,    1000,   2500,   5000,   10000,
                            30000, 60000, 120000, 300000, 600000, 1800000};
// OpenTelemetry semantic conventions, gen-ai/gen-ai-metrics.md.
constexpr double kTokens[] = {1,     4,     16,     64,      256,     1024,     4096,
                              16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};
constexpr double kGenAiSeconds[] = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                    1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};

template <std::size_t N>
Histogram histogram(std::string_view name, std::string_view unit, const double (&bounds)[N],
                    std::string_view description) noexcept {
  return create_histogram(
      name,
      InstrumentOptions().with_unit(unit).with_bounds(bounds, N).with_description(description));
}

Counter counter(std::string_view name, std::string_view description) noexcept {
  return create_counter(name, InstrumentOptions().with_description(description));
}

Instruments make_instruments() noexcept {
  Instruments made;
  made.task_execution_time = histogram("task.execution.time", "ms", kLong, "How long tasks took.");
  made.task_completion_total = counter("task.completion.total", "Tasks that ended.");
  made.task_error_total = counter("task.error.total", "Tasks that failed.");
  made.llm_call_duration =
      histogram("llm.call.duration", "ms", kMedium, "How long calls of language models took.");
  made.llm_token_usage =
      histogram("llm.token.usage", "{token}", kTokens, "Tokens per call of a language model.");
  made.marketplace_scan_duration =
      histogram("marketplace.scan.duration", "ms", kLong, "How long marketplace scans took.");
  made.bid_placement_total = counter("bid.placement.total", "Bids placed.");
  made.payment_processing_duration =
      histogram("payment.processing.duration", "ms", kShort, "How long payments took.");
  made.rag_query_duration =
      histogram("rag.query.duration", "ms", kShort, "How long retrievals of documents took.");
  made.arena_competition_duration =
      histogram("arena.competition.duration", "ms", kLong, "How long competitions took.");
  made.http_request_duration =
      histogram("http.request.duration", "ms", kShort, "How long HTTP requests took.");
  made.http_request_total = counter("http.request.total", "HTTP requests.");
  made.gen_ai_client_token_usage = histogram("gen_ai.client.token.usage", "{token}", kTokens,
                                             "Number of input and output tokens used.");
  made.gen_ai_client_operation_duration = histogram("gen_ai.client.operation.duration", "s",
                                                    kGenAiSeconds, "GenAI operation duration.");
  return made;
}

/// Attributes of which some may be missing.
template <std::size_t N>
class OptionalAttributes {
 public:
  void add(std::string_view key, std::string_view value) noexcept {
    if (!value.empty()) new (items_ + size_++ * sizeof(KeyValue)) KeyValue{key, value};
  }
  const KeyValue* data() const noexcept { return reinterpret_cast<const KeyValue*>(items_); }
  std::size_t size() const noexcept { return size_; }

 private:
  alignas(KeyValue) std::byte items_[N * sizeof(KeyValue)];
  std::size_t size_ = 0;
};

}  // namespace

void Instruments::record_task(std::string_view task_type, std::string_view status,
                              double duration_ms) const noexcept {
  task_execution_time.record(duration_ms, {{"task_type", task_type}, {"status", status}});
  task_completion_total.add(1, {{"task_type", task_type}, {"status", status}});
}

void Instruments::record_task_error(std::string_view task_type,
                                    std::string_view error_type) const noexcept {
  task_error_total.add(1, {{"task_type", task_type}, {"error_type", error_type}});
}

void Instruments::record_llm_call(std::string_view model, std::string_view provider,
                                  std::string_view status, double duration_ms) const noexcept {
  llm_call_duration.record(duration_ms,
                           {{"model", model}, {"provider", provider}, {"status", status}});
}

void Instruments::record_tokens(std::string_view model, std::string_view token_type,
                                std::int64_t tokens) const noexcept {
  llm_token_usage.record(static_cast<double>(tokens),
                         {{"model", model}, {"token_type", token_type}});
}

void Instruments::record_marketplace_scan(std::string_view marketplace, std::string_view status,
                                          double duration_ms) const noexcept {
  marketplace_scan_duration.record(duration_ms, {{"marketplace", marketplace}, {"status", status}});
}

void Instruments::record_bid(std::string_view marketplace, std::string_view status) const noexcept {
  bid_placement_total.add(1, {{"marketplace", marketplace}, {"status", status}});
}

void Instruments::record_payment(std::string_view provider, std::string_view status,
                                 double duration_ms) const noexcept {
  payment_processing_duration.record(duration_ms, {{"provider", provider}, {"status", status}});
}

void Instruments::record_rag_query(std::string_view collection, std::string_view status,
                                   double duration_ms) const noexcept {
  rag_query_duration.record(duration_ms, {{"collection", collection}, {"status", status}});
}

void Instruments::record_arena_competition(std::string_view arena, std::string_view status,
                                           double duration_ms) const noexcept {
  arena_competition_duration.record(duration_ms, {{"arena", arena}, {"status", status}});
}

void Instruments::record_http_request(std::string_view method, std::string_view route,
                                      int status_code, double duration_ms) const noexcept {
  const KeyValue labels[] = {{"method", method}, {"route", route}, {"status_code", status_code}};
  http_request_duration.record(duration_ms, labels, std::size(labels));
  http_request_total.add(1, labels, std::size(labels));
}

void Instruments::record_gen_ai_operation(std::string_view operation, std::string_view provider,
                                          std::string_view request_model,
                                          std::string_view response_model,
                                          std::string_view error_type,
                                          double duration_s) const noexcept {
  OptionalAttributes<5> attributes;
  attributes.add("gen_ai.operation.name", operation);
  attributes.add("gen_ai.provider.name", provider);
  attributes.add("gen_ai.request.model", request_model);
  attributes.add("gen_ai.response.model", response_model);
  attributes.add("error.type", error_type);
  gen_ai_client_operation_duration.record(duration_s, attributes.data(), attributes.size());
}

void Instruments::record_gen_ai_tokens(std::string_view operation, std::string_view provider,
                                       std::string_view request_model,
                                       std::string_view response_model, std::string_view token_type,
                                       std::int64_t tokens) const noexcept {
  OptionalAttributes<5> attributes;
  attributes.add("gen_ai.operation.name", operation);
  attributes.add("gen_ai.provider.name", provider);
  attributes.add("gen_ai.token.type", token_type);
  attributes.add("gen_ai.request.model", request_model);
  attributes.add("gen_ai.response.model", response_model);
  gen_ai_client_token_usage.record(static_cast<double>(tokens), attributes.data(),
                                   attributes.size());
}

const Instruments& instruments() noexcept {
  static const Instruments made = make_instruments();
  return made;
}

}  // namespace v1
}  // namespace binnacle
