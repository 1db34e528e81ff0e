#include "sdk/span_gate.h"

#include "sdk/start_policy.h"

#include <exception>

namespace binnacle::sdk {

namespace {

/// Calls something of the user's; what it throws stays here.
template <typename F>
void guarded(const char* what, F&& call) noexcept {
  try {
    call();
  } catch (const std::exception& error) {
    report_extension_error(error.what());
  } catch (...) {
    report_extension_error(what);
  }
}

}  // namespace

std::unique_ptr<SpanGate> SpanGate::make(const Config& config, LateDecisionCounters& counters) {
  if (config.span_processors.empty() && !config.keep_errors.is_enabled &&
      config.user_sampler == nullptr) {
    return nullptr;
  }
  std::unique_ptr<SpanGate> gate(new SpanGate);
  for (const auto& processor : config.span_processors) {
    if (processor != nullptr) gate->processors_.push_back(processor);
  }
  if (config.keep_errors.is_enabled) {
    gate->late_.emplace(config.keep_errors.limit_bytes, counters);
  }
  return gate;
}

void SpanGate::add(const FinishedSpan& span) {
  if ((span.trace_flags & kTraceFlagSampled) != 0) {
    passer_.add(span);
  } else if (late_) {
    late_->add(span, passer_);
  } else {
    process(span);  // SamplingDecision::kRecordOnly
  }
}

void SpanGate::end_sweep(bool is_final) {
  if (late_) late_->end_sweep(is_final, passer_);
}

void SpanGate::process(const FinishedSpan& span) noexcept {
  if (processors_.empty()) return;
  const v1::detail::SpanRecord record(span);
  for (const auto& processor : processors_) {
    guarded("a span processor", [&] { processor->on_end(ReadableSpan(record)); });
  }
}

void SpanGate::shutdown() noexcept {
  for (const auto& processor : processors_) {
    guarded("a span processor", [&] { processor->on_shutdown(); });
  }
}

}  // namespace binnacle::sdk
