#pragma once

#include "sdk/rate_limiter.h"
#include "sdk/remote_strategy.h"
#include "sdk/sampling_rules.h"
#include "sdk/thread_state.h"

#include <binnacle/config.h>
#include <binnacle/extension.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What happens at the start of a span when it is not the plain thing: samplers other than a ratio,
// rules, user extensions, late decision. Compiled from Config once per run, before recording
// begins; read by all recording threads; never destroyed, because a thread may be inside it at any
// time. A thread whose settings have no policy never comes here, and pays nothing for it.

namespace binnacle::sdk {

/// What a sampler said. Small, so that it travels in registers.
struct StartVerdict {
  bool is_sampled = false;
  bool is_recorded = false;
  /// It is the parent's decision: so is what tracestate says of it.
  bool is_inherited = false;
  /// Whether the decision is one by probability, and then OpenTelemetry's rejection threshold.
  bool has_threshold = false;
  std::uint64_t threshold = 0;
};

/// What a user's sampler said beyond that.
struct StartExtras {
  std::vector<Attribute> attributes;
  std::optional<std::string> trace_state;
};

class StartPolicy {
 public:
  /// Whether this configuration needs a policy at all.
  static bool is_needed(const Config& config) noexcept;

  explicit StartPolicy(const Config& config);
  StartPolicy(const StartPolicy&) = delete;
  StartPolicy& operator=(const StartPolicy&) = delete;

  /// Fills `trace_id` (new traces only) and `span_id`, if there is a generator and it works.
  void make_ids(TraceId* trace_id, SpanId& span_id) const noexcept;
  /// Whether ids come from a user's generator, and whether they are random.
  bool has_generator() const noexcept { return generator_ != nullptr; }
  bool has_random_ids() const noexcept { return has_random_ids_; }

  bool keeps_errors() const noexcept { return keeps_errors_; }
  bool has_user_sampler() const noexcept { return user_sampler_ != nullptr; }
  /// For a span whose sampler is not the user's.
  StartVerdict decide(ThreadState& thread, const SamplingParameters& parameters) const noexcept;
  StartVerdict ask_user(const SamplingParameters& parameters, StartExtras& extras) const noexcept;

  /// Whether a verdict may change the tracestate, and to what; nullopt: it stays the parent's.
  bool writes_threshold() const noexcept { return writes_threshold_; }
  std::optional<std::string> trace_state_for(const StartVerdict& verdict,
                                             std::string_view parent_trace_state) const;

  bool has_start_processors() const noexcept { return !start_processors_.empty(); }
  void run_start_processors(const SpanRef& span, const Context& parent) const noexcept;

  /// Where the export thread puts what Jaeger's server said; null if nothing asks for it.
  RemoteStrategyCell* remote() const noexcept { return remote_.get(); }

 private:
  /// A sampler of the configuration.
  struct Leaf {
    SamplerKind kind = SamplerKind::kAlwaysOn;
    std::uint64_t threshold = 0;     // kTraceIdRatio
    RateLimiter* limiter = nullptr;  // kRateLimited
  };

  Leaf make_leaf(SamplerKind kind, const Config& config);
  const Leaf& leaf_for_parent(const SpanContext& parent) const noexcept;
  StartVerdict run(const Leaf& leaf, ThreadState& thread,
                   const SamplingParameters& parameters) const noexcept;
  StartVerdict run_rule(const CompiledRule& rule, ThreadState& thread,
                        const SamplingParameters& parameters) const noexcept;
  StartVerdict run_remote(ThreadState& thread, const SamplingParameters& parameters) const noexcept;

  std::shared_ptr<Sampler> user_sampler_;
  std::shared_ptr<IdGenerator> generator_;
  bool has_random_ids_ = true;
  std::vector<std::shared_ptr<SpanProcessor>> start_processors_;

  bool is_parent_based_ = true;
  bool keeps_errors_ = false;
  bool writes_threshold_ = false;
  Leaf root_;
  Leaf remote_sampled_;
  Leaf remote_not_sampled_;
  Leaf local_sampled_;
  Leaf local_not_sampled_;
  std::vector<std::unique_ptr<RateLimiter>> limiters_;
  std::vector<CompiledRule> rules_;
  std::unique_ptr<RemoteStrategyCell> remote_;
};

/// (1 - ratio) * 2^56: a trace is sampled if the low 56 bits of its id reach this. OpenTelemetry,
/// "TraceState: Probability Sampling".
std::uint64_t rejection_threshold(double ratio) noexcept;
/// The 56 random bits of a trace: those of its id, or of `rv` in the tracestate's `ot` entry.
std::uint64_t randomness_of(const TraceId& id, std::string_view trace_state) noexcept;
/// The list with `th` of its `ot` entry set, or without it if there is no threshold.
std::string with_threshold(std::string_view trace_state, std::optional<std::uint64_t> threshold);

/// Something of the user's threw: counted, and said once.
void report_extension_error(const char* what) noexcept;
std::uint64_t extension_errors() noexcept;

}  // namespace binnacle::sdk
