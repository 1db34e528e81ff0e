#pragma once

#include <binnacle/metrics.h>

#include <cstdint>
#include <string_view>

// The instruments of agent services, ready made: tasks, LLM calls, marketplace scans, bids,
// payments, RAG queries, arena competitions, HTTP requests, and the two client metrics of the GenAI
// semantic conventions. The scopes of scopes.h record them; use them directly where there is no
// scope. Names, units, labels and bounds: docs/reference/instruments.md. Ids, URLs, queries and
// amounts do not belong into labels. Thread-safe; the same rules as metrics.h.
//
//   binnacle::instruments().record_llm_call("gpt-4o", "openai", "ok", 812.5);

namespace binnacle {
inline namespace v1 {

struct Instruments {
  Histogram task_execution_time;               ///< task.execution.time, ms
  Counter task_completion_total;               ///< task.completion.total
  Counter task_error_total;                    ///< task.error.total
  Histogram llm_call_duration;                 ///< llm.call.duration, ms
  Histogram llm_token_usage;                   ///< llm.token.usage, {token}
  Histogram marketplace_scan_duration;         ///< marketplace.scan.duration, ms
  Counter bid_placement_total;                 ///< bid.placement.total
  Histogram payment_processing_duration;       ///< payment.processing.duration, ms
  Histogram rag_query_duration;                ///< rag.query.duration, ms
  Histogram arena_competition_duration;        ///< arena.competition.duration, ms
  Histogram http_request_duration;             ///< http.request.duration, ms
  Counter http_request_total;                  ///< http.request.total
  Histogram gen_ai_client_token_usage;         ///< gen_ai.client.token.usage, {token}
  Histogram gen_ai_client_operation_duration;  ///< gen_ai.client.operation.duration, s

  /// A task ended: its time, and one more completion. `status`: "ok", "error", ...
  void record_task(std::string_view task_type, std::string_view status,
                   double duration_ms) const noexcept;
  void record_task_error(std::string_view task_type, std::string_view error_type) const noexcept;
  void record_llm_call(std::string_view model, std::string_view provider, std::string_view status,
                       double duration_ms) const noexcept;
  /// `token_type`: "input", "output", ...
  void record_tokens(std::string_view model, std::string_view token_type,
                     std::int64_t tokens) const noexcept;
  /// `marketplace` is a host name, not a URL.
  void record_marketplace_scan(std::string_view marketplace, std::string_view status,
                               double duration_ms) const noexcept;
  void record_bid(std::string_view marketplace, std::string_view status) const noexcept;
  void record_payment(std::string_view provider, std::string_view status,
                      double duration_ms) const noexcept;
  void record_rag_query(std::string_view collection, std::string_view status,
                        double duration_ms) const noexcept;
  void record_arena_competition(std::string_view arena, std::string_view status,
                                double duration_ms) const noexcept;
  /// `route` is the pattern ("/users/{id}"), not the path. Its time, and one more request.
  void record_http_request(std::string_view method, std::string_view route, int status_code,
                           double duration_ms) const noexcept;
  /// One operation of a GenAI client. Empty texts leave their attribute out. `error_type` only if
  /// it failed.
  void record_gen_ai_operation(std::string_view operation, std::string_view provider,
                               std::string_view request_model, std::string_view response_model,
                               std::string_view error_type, double duration_s) const noexcept;
  /// `token_type`: "input" or "output", as the conventions have it.
  void record_gen_ai_tokens(std::string_view operation, std::string_view provider,
                            std::string_view request_model, std::string_view response_model,
                            std::string_view token_type, std::int64_t tokens) const noexcept;
};

/// The process's instruments, made at the first call.
const Instruments& instruments() noexcept;

}  // namespace v1
}  // namespace binnacle
