#include "sdk/start_policy.h"

#include "sdk/warning.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>

namespace binnacle::sdk {

namespace {

bool is_plain(const ParentSamplers& samplers) noexcept {
  return samplers.remote_sampled == SamplerKind::kAlwaysOn &&
         samplers.remote_not_sampled == SamplerKind::kAlwaysOff &&
         samplers.local_sampled == SamplerKind::kAlwaysOn &&
         samplers.local_not_sampled == SamplerKind::kAlwaysOff;
}

std::atomic<std::uint64_t> g_extension_errors{0};

}  // namespace

void report_extension_error(const char* what) noexcept try {
  if (g_extension_errors.fetch_add(1, std::memory_order_relaxed) != 0) return;
  warn(std::string("an extension threw; further ones are only counted: ") + what);
} catch (const std::exception&) {
  warn("an extension threw; further ones are only counted");
}

std::uint64_t extension_errors() noexcept {
  return g_extension_errors.load(std::memory_order_relaxed);
}

bool StartPolicy::is_needed(const Config& config) noexcept {
  const bool has_start_processor = std::any_of(
      config.span_processors.begin(), config.span_processors.end(),
      [](const auto& processor) { return processor != nullptr && processor->wants_start(); });
  return config.user_sampler != nullptr || config.id_generator != nullptr || has_start_processor ||
         config.keep_errors.is_enabled || config.writes_sampling_threshold ||
         !config.sampling_rules.empty() || !is_plain(config.parent_samplers) ||
         config.sampler == SamplerKind::kRateLimited ||
         config.sampler == SamplerKind::kJaegerRemote;
}

StartPolicy::StartPolicy(const Config& config)
    : user_sampler_(config.user_sampler),
      generator_(config.id_generator),
      is_parent_based_(config.is_parent_based),
      keeps_errors_(config.keep_errors.is_enabled),
      writes_threshold_(config.writes_sampling_threshold) {
  if (generator_ != nullptr) has_random_ids_ = generator_->is_random();
  for (const auto& processor : config.span_processors) {
    if (processor != nullptr && processor->wants_start()) start_processors_.push_back(processor);
  }
  root_ = make_leaf(config.sampler, config);
  remote_sampled_ = make_leaf(config.parent_samplers.remote_sampled, config);
  remote_not_sampled_ = make_leaf(config.parent_samplers.remote_not_sampled, config);
  local_sampled_ = make_leaf(config.parent_samplers.local_sampled, config);
  local_not_sampled_ = make_leaf(config.parent_samplers.local_not_sampled, config);
  if (config.sampling_rules.size() > kMaxSamplingRules) {
    warn("more than " + std::to_string(kMaxSamplingRules) +
         " sampling rules; those beyond are left out");
  }
  for (const SamplingRule& rule : config.sampling_rules) {
    if (rules_.size() == kMaxSamplingRules) break;
    CompiledRule compiled{.rule = rule, .threshold = rejection_threshold(rule.ratio)};
    if (rule.traces_per_second > 0) {
      compiled.limiter = std::make_unique<RateLimiter>(rule.traces_per_second);
    }
    rules_.push_back(std::move(compiled));
  }
}

StartPolicy::Leaf StartPolicy::make_leaf(SamplerKind kind, const Config& config) {
  Leaf leaf{.kind = kind};
  switch (kind) {
    case SamplerKind::kTraceIdRatio:
      leaf.threshold = rejection_threshold(config.sample_ratio);
      break;
    case SamplerKind::kRateLimited:
      leaf.limiter =
          limiters_.emplace_back(std::make_unique<RateLimiter>(config.traces_per_second)).get();
      break;
    case SamplerKind::kJaegerRemote:
      if (remote_ == nullptr) {
        remote_ = std::make_unique<RemoteStrategyCell>(
            RemoteStrategy::with_ratio(config.remote_sampler.initial_ratio));
      }
      break;
    case SamplerKind::kAlwaysOn:
    case SamplerKind::kAlwaysOff:
      break;
  }
  return leaf;
}

void StartPolicy::make_ids(TraceId* trace_id, SpanId& span_id) const noexcept {
  try {
    if (trace_id != nullptr) {
      const TraceId made = generator_->make_trace_id();
      if (made.is_valid()) *trace_id = made;
    }
    const SpanId made = generator_->make_span_id();
    if (made.is_valid()) span_id = made;
  } catch (const std::exception& error) {
    report_extension_error(error.what());
  } catch (...) {
    report_extension_error("an id generator");
  }
}

const StartPolicy::Leaf& StartPolicy::leaf_for_parent(const SpanContext& parent) const noexcept {
  if (parent.is_remote) return parent.is_sampled() ? remote_sampled_ : remote_not_sampled_;
  return parent.is_sampled() ? local_sampled_ : local_not_sampled_;
}

StartVerdict StartPolicy::decide(ThreadState& thread,
                                 const SamplingParameters& parameters) const noexcept {
  StartVerdict verdict;
  if (parameters.parent != nullptr && is_parent_based_) {
    const Leaf& leaf = leaf_for_parent(*parameters.parent);
    verdict = run(leaf, thread, parameters);
    verdict.is_inherited = leaf.kind == (parameters.parent->is_sampled() ? SamplerKind::kAlwaysOn
                                                                         : SamplerKind::kAlwaysOff);
  } else {
    const auto matching = std::find_if(rules_.begin(), rules_.end(), [&](const auto& compiled) {
      return matches_rule(compiled.rule, parameters);
    });
    verdict = matching != rules_.end() ? run_rule(*matching, thread, parameters)
                                       : run(root_, thread, parameters);
  }
  verdict.is_recorded = verdict.is_sampled || keeps_errors_;
  return verdict;
}

StartVerdict StartPolicy::run(const Leaf& leaf, ThreadState& thread,
                              const SamplingParameters& parameters) const noexcept {
  switch (leaf.kind) {
    case SamplerKind::kAlwaysOn:
      return {.is_sampled = true, .has_threshold = true, .threshold = 0};
    case SamplerKind::kAlwaysOff:
      return {};
    case SamplerKind::kTraceIdRatio:
      return {.is_sampled = randomness_of(parameters.trace_id, parameters.parent_trace_state) >=
                            leaf.threshold,
              .has_threshold = true,
              .threshold = leaf.threshold};
    case SamplerKind::kRateLimited:
      return {.is_sampled =
                  leaf.limiter->admit(thread.rate_grants.of(*leaf.limiter), coarse_now_ns())};
    case SamplerKind::kJaegerRemote:
      return run_remote(thread, parameters);
  }
  return {};
}

StartVerdict StartPolicy::run_rule(const CompiledRule& rule, ThreadState& thread,
                                   const SamplingParameters& parameters) const noexcept {
  if (randomness_of(parameters.trace_id, parameters.parent_trace_state) < rule.threshold) return {};
  if (rule.limiter == nullptr) {
    return {.is_sampled = true, .has_threshold = true, .threshold = rule.threshold};
  }
  return {.is_sampled = rule.limiter->admit(thread.rate_grants.of(*rule.limiter), coarse_now_ns())};
}

StartVerdict StartPolicy::run_remote(ThreadState& thread,
                                     const SamplingParameters& parameters) const noexcept {
  const RemoteStrategy::Decision decision = remote_->decide(
      thread, parameters.name, randomness_of(parameters.trace_id, parameters.parent_trace_state));
  return {.is_sampled = decision.is_sampled,
          .has_threshold = decision.is_by_probability,
          .threshold = decision.threshold};
}

StartVerdict StartPolicy::ask_user(const SamplingParameters& parameters,
                                   StartExtras& extras) const noexcept {
  StartVerdict verdict;
  try {
    SamplingResult result = user_sampler_->should_sample(parameters);
    verdict.is_sampled = result.decision == SamplingDecision::kRecordAndSample;
    verdict.is_recorded =
        verdict.is_sampled || result.decision == SamplingDecision::kRecordOnly || keeps_errors_;
    extras.attributes = std::move(result.attributes);
    extras.trace_state = std::move(result.trace_state);
  } catch (const std::exception& error) {
    report_extension_error(error.what());
  } catch (...) {
    report_extension_error("a sampler");
  }
  return verdict;
}

std::optional<std::string> StartPolicy::trace_state_for(const StartVerdict& verdict,
                                                        std::string_view parent_trace_state) const {
  if (verdict.is_inherited) return std::nullopt;
  std::string list =
      with_threshold(parent_trace_state, verdict.is_sampled && verdict.has_threshold
                                             ? std::optional<std::uint64_t>(verdict.threshold)
                                             : std::nullopt);
  if (list == parent_trace_state) return std::nullopt;
  return list;
}

void StartPolicy::run_start_processors(const SpanRef& span, const Context& parent) const noexcept {
  for (const auto& processor : start_processors_) {
    try {
      processor->on_start(span, parent);
    } catch (const std::exception& error) {
      report_extension_error(error.what());
    } catch (...) {
      report_extension_error("a span processor");
    }
  }
}

std::uint64_t rejection_threshold(double ratio) noexcept {
  return static_cast<std::uint64_t>(std::llround((1.0 - std::clamp(ratio, 0.0, 1.0)) * 0x1.0p56));
}

}  // namespace binnacle::sdk
