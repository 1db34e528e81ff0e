#include "app/trace_generator.h"

#include "base/clock.h"
#include "model/semconv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace binnacle::app {
namespace {

// How an attribute's value is made.
enum class Make : std::uint8_t { kWord, kNumber, kId, kFlag };

struct AttributeModel {
  std::string_view key;
  Make make;
  std::array<std::string_view, 6> words{};  // kWord: one of these (until the first empty one)
  std::int64_t low = 0;                     // kNumber: uniform in [low, high]; kId: `high` kinds
  std::int64_t high = 0;
};

struct Call {
  std::size_t operation;
  int at_least;
  int at_most;
  bool parallel;
};

struct OperationModel {
  std::string_view service;
  std::string_view name;
  SpanKind kind;
  double median_us;  // time of its own, log-normal
  double spread;     // sigma of the logarithm
  double error_rate;
  std::span<const AttributeModel> attributes;
  std::span<const Call> calls;
};

constexpr AttributeModel kHttpServer[] = {
    {"http.request.method", Make::kWord, {"GET", "POST", "PUT"}},
    {"http.route", Make::kWord, {"/v1/tasks", "/v1/tasks/{id}", "/v1/bids", "/v1/payments"}},
    {"http.response.status_code", Make::kWord, {"200", "201", "202"}},
    {"url.scheme", Make::kWord, {"https"}},
    {"server.address", Make::kWord, {"api.marketplace.example"}},
    {"user_agent.original", Make::kWord, {"agent/2.3", "agent/2.4", "curl/7.88.1"}},
    {"enduser.id", Make::kId, {}, 0, 20'000},
    {"thread.id", Make::kNumber, {}, 1, 64},
};
constexpr AttributeModel kTask[] = {
    {"task.id", Make::kId, {}, 0, 1'000'000},
    {"task.type", Make::kWord, {"data_analysis", "web_research", "code_review", "translation"}},
    {"task.priority", Make::kNumber, {}, 0, 9},
    {"agent.name", Make::kWord, {"scout", "broker", "analyst", "auditor"}},
    {"task.retry", Make::kFlag},
};
constexpr AttributeModel kLlm[] = {
    {"gen_ai.operation.name", Make::kWord, {"chat"}},
    {"gen_ai.provider.name", Make::kWord, {"openai", "anthropic"}},
    {"gen_ai.request.model",
     Make::kWord,
     {"gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5", "claude-haiku-4-5"}},
    {"gen_ai.request.max_tokens", Make::kNumber, {}, 256, 4096},
    {"gen_ai.usage.input_tokens", Make::kNumber, {}, 40, 12'000},
    {"gen_ai.usage.output_tokens", Make::kNumber, {}, 10, 2'000},
    {"gen_ai.response.id", Make::kId, {}, 0, 1'000'000'000},
    {"server.address", Make::kWord, {"api.openai.com", "api.anthropic.com"}},
};
constexpr AttributeModel kScan[] = {
    {"marketplace.host", Make::kWord, {"bazaar.example", "agora.example", "souk.example"}},
    {"marketplace.listings", Make::kNumber, {}, 0, 400},
    {"http.request.method", Make::kWord, {"GET"}},
    {"http.response.status_code", Make::kWord, {"200", "200", "304"}},
    {"url.path", Make::kId, {}, 0, 5'000},
};
constexpr AttributeModel kRag[] = {
    {"rag.collection", Make::kWord, {"listings", "contracts", "faq"}},
    {"rag.top_k", Make::kNumber, {}, 3, 20},
    {"rag.documents", Make::kNumber, {}, 0, 20},
    {"rag.query.length", Make::kNumber, {}, 8, 400},
};
constexpr AttributeModel kDatabase[] = {
    {"db.system.name", Make::kWord, {"postgresql"}},
    {"db.namespace", Make::kWord, {"marketplace"}},
    {"db.operation.name", Make::kWord, {"SELECT", "INSERT", "UPDATE"}},
    {"db.collection.name", Make::kWord, {"tasks", "bids", "payments", "documents"}},
    {"server.address", Make::kWord, {"db-0", "db-1", "db-2"}},
    {"server.port", Make::kNumber, {}, 5432, 5432},
};
constexpr AttributeModel kPayment[] = {
    {"payment.id", Make::kId, {}, 0, 10'000'000},
    {"payment.provider", Make::kWord, {"stripe", "adyen"}},
    {"payment.currency", Make::kWord, {"EUR", "USD"}},
    {"payment.amount.length", Make::kNumber, {}, 3, 7},
};
constexpr AttributeModel kArena[] = {
    {"arena.name", Make::kWord, {"pricing", "summaries"}},
    {"arena.competition.id", Make::kId, {}, 0, 100'000},
    {"arena.contestants", Make::kNumber, {}, 2, 4},
    {"arena.verdict", Make::kWord, {"a", "b", "draw"}},
};

enum Op : std::size_t {
  kCreateTask,
  kExecute,
  kChat,
  kScanMarket,
  kFetch,
  kQueryRag,
  kSearch,
  kDb,
  kPay,
  kVerify,
  kCompete
};

constexpr Call kCreateCalls[] = {{kDb, 1, 2, false}, {kExecute, 1, 1, false}};
constexpr Call kExecuteCalls[] = {{kQueryRag, 0, 2, false},
                                  {kChat, 1, 3, false},
                                  {kScanMarket, 0, 1, false},
                                  {kCompete, 0, 1, false},
                                  {kPay, 0, 1, false}};
constexpr Call kScanCalls[] = {{kFetch, 2, 6, true}, {kDb, 1, 1, false}};
constexpr Call kRagCalls[] = {{kSearch, 1, 1, false}, {kDb, 0, 1, false}};
constexpr Call kPayCalls[] = {{kVerify, 1, 1, false}, {kDb, 1, 2, false}};
constexpr Call kCompeteCalls[] = {{kChat, 2, 4, true}};

constexpr OperationModel kOperations[] = {
    {"task-runner", "POST /v1/tasks", SpanKind::kServer, 900, 0.4, 0.002, kHttpServer,
     kCreateCalls},
    {"task-runner", "task.execute", SpanKind::kInternal, 2'500, 0.6, 0.01, kTask, kExecuteCalls},
    {"llm-gateway", "chat gpt", SpanKind::kClient, 420'000, 0.7, 0.02, kLlm, {}},
    {"marketplace-scanner", "marketplace.scan", SpanKind::kServer, 3'000, 0.5, 0.01, kScan,
     kScanCalls},
    {"marketplace-scanner", "GET listing", SpanKind::kClient, 45'000, 0.8, 0.03, kScan, {}},
    {"rag-service", "rag.query", SpanKind::kServer, 4'000, 0.5, 0.005, kRag, kRagCalls},
    {"rag-service", "index.search", SpanKind::kInternal, 9'000, 0.6, 0.001, kRag, {}},
    {"task-runner", "SQL marketplace", SpanKind::kClient, 1'800, 0.9, 0.001, kDatabase, {}},
    {"payment-webhook", "payment.process", SpanKind::kServer, 5'000, 0.5, 0.01, kPayment,
     kPayCalls},
    {"payment-webhook", "signature.verify", SpanKind::kInternal, 120, 0.3, 0.002, kPayment, {}},
    {"arena", "arena.compete", SpanKind::kServer, 6'000, 0.4, 0.005, kArena, kCompeteCalls},
};

constexpr int kMaxDepth = 12;
constexpr std::string_view kInstance[] = {"a", "b", "c"};

}  // namespace

TraceGenerator::TraceGenerator(const GeneratorOptions& options)
    : options_(options), random_(options.seed) {}

std::size_t TraceGenerator::append_trace(std::uint64_t start_unix_ns, SpanBatch& batch) {
  trace_id_ = TraceId{random_.next(), random_.next()};
  spans_before_ = batch.size();
  spans_wanted_ = options_.spans_per_trace;
  append_operation(kCreateTask, SpanId{}, start_unix_ns, 0, batch);
  return batch.size() - spans_before_;
}

std::uint64_t TraceGenerator::own_time_ns(double median_us, double spread) {
  // Box-Muller; the uniform is kept away from 0.
  const double u = std::max(random_.uniform(), 1e-12);
  const double normal =
      std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * random_.uniform());
  return static_cast<std::uint64_t>(median_us * std::exp(spread * normal) * kNanosPerMicro) + 1;
}

TraceGenerator::Placed TraceGenerator::append_operation(std::size_t operation, SpanId parent,
                                                        std::uint64_t start_unix_ns, int depth,
                                                        SpanBatch& batch) {
  const OperationModel& model = kOperations[operation];
  const SpanId id{random_.next() | 1};
  const std::uint64_t own_ns = own_time_ns(model.median_us, model.spread);
  std::uint64_t now = start_unix_ns + own_ns / 2;
  for (const Call& call : model.calls) {
    int times = call.at_least + static_cast<int>(random_.below(
                                    static_cast<std::uint64_t>(call.at_most - call.at_least + 1)));
    // A trace that is to be large repeats its task's branches.
    const bool repeat = operation == kExecute && batch.size() - spans_before_ < spans_wanted_;
    if (repeat) times = std::max(times, 1) * 8;
    std::uint64_t group_end = now;
    for (int i = 0; i < times && depth < kMaxDepth; ++i) {
      const Placed child = append_operation(call.operation, id, now, depth + 1, batch);
      group_end = std::max(group_end, child.end_unix_ns);
      if (!call.parallel) now = group_end + own_ns / 64;
    }
    now = group_end;
    if (repeat && &call == &model.calls.back() && batch.size() - spans_before_ < spans_wanted_) {
      now = append_operation(kExecute, id, now, depth, batch).end_unix_ns;
    }
  }
  SpanRow row;
  row.trace_id = trace_id_;
  row.span_id = id;
  row.parent_span_id = parent;
  row.start_unix_ns = start_unix_ns;
  row.end_unix_ns = now + own_ns - own_ns / 2;
  row.name = batch.strings.intern(model.name);
  row.kind = model.kind;
  row.flags = 0x101;
  row.resource = resource_of(model.service, batch);
  append_attributes(operation, batch);
  const bool failed = random_.uniform() < model.error_rate + options_.error_rate;
  if (failed) {
    append_exception(row.end_unix_ns, batch);
    row.status = StatusCode::kError;
    row.status_message = batch.strings.intern("upstream timed out");
  }
  batch.append(row);
  return Placed{row.end_unix_ns, failed};
}

void TraceGenerator::append_attributes(std::size_t operation, SpanBatch& batch) {
  for (const AttributeModel& a : kOperations[operation].attributes) {
    const StringId key = batch.strings.intern(a.key);
    switch (a.make) {
      case Make::kWord: {
        const auto words = std::ranges::find(a.words, std::string_view()) - a.words.begin();
        const auto pick = random_.below(static_cast<std::uint64_t>(words));
        batch.attributes.emplace_back(key, Value::of_string(batch.strings.intern(a.words[pick])));
        break;
      }
      case Make::kNumber: {
        const auto range = static_cast<std::uint64_t>(a.high - a.low + 1);
        batch.attributes.emplace_back(
            key, Value::of_int(a.low + static_cast<std::int64_t>(random_.below(range))));
        break;
      }
      case Make::kId: {
        const auto n = random_.below(static_cast<std::uint64_t>(a.high));
        batch.attributes.emplace_back(
            key,
            Value::of_string(batch.strings.intern(fmt::format("{}-{:06}", a.key.substr(0, 1), n))));
        break;
      }
      case Make::kFlag:
        batch.attributes.emplace_back(key, Value::of_bool(random_.below(10) == 0));
        break;
    }
  }
}

void TraceGenerator::append_exception(std::uint64_t time_unix_ns, SpanBatch& batch) {
  const auto put = [&](std::string_view key, std::string_view text) {
    batch.event_attributes.emplace_back(batch.strings.intern(key),
                                        Value::of_string(batch.strings.intern(text)));
  };
  put(semconv::kExceptionType, "TimeoutError");
  put(semconv::kExceptionMessage, "no answer from upstream within its deadline");
  batch.events.push_back(SpanEvent{time_unix_ns, batch.strings.intern(semconv::kExceptionEvent),
                                   static_cast<std::uint32_t>(batch.event_attributes.size()), 0});
}

std::uint32_t TraceGenerator::resource_of(std::string_view service, SpanBatch& batch) {
  const StringId name = batch.strings.intern(service);
  for (std::uint32_t i = 0; i < batch.resources.size(); ++i) {
    if (batch.resources[i].service == name) return i;
  }
  if (batch.scopes.empty()) {
    batch.add_scope(static_cast<std::uint32_t>(batch.shared_attributes.size()),
                    batch.strings.intern("binnacle.generate"), batch.strings.intern("1"));
  }
  const auto begin = static_cast<std::uint32_t>(batch.shared_attributes.size());
  const auto put = [&](std::string_view key, std::string_view text) {
    batch.shared_attributes.emplace_back(batch.strings.intern(key),
                                         Value::of_string(batch.strings.intern(text)));
  };
  put(semconv::kServiceName, service);
  put(semconv::kServiceVersion, "1.4.2");
  put("deployment.environment.name", "production");
  put(semconv::kServiceInstanceId, fmt::format("{}-{}", service, kInstance[random_.below(3)]));
  return batch.add_resource(begin);
}

}  // namespace binnacle::app
