#pragma once

#include "sdk/late_decision.h"

#include <binnacle/config.h>
#include <binnacle/extension.h>

#include <memory>
#include <optional>
#include <vector>

// Between the harvester and the destinations, when something is to happen there: span processors,
// late decision, spans that are recorded but not to be exported. Without any of these a pipeline
// has no gate. Made per run; thread-confined (the export thread).

namespace binnacle::sdk {

class SpanGate final : public SpanSink {
 public:
  /// Null if the configuration asks for nothing of the kind.
  static std::unique_ptr<SpanGate> make(const Config& config, LateDecisionCounters& counters);

  /// What is added from now on goes to `next`, which lives until end_sweep().
  void begin_sweep(SpanSink& next) noexcept { passer_.next = &next; }
  void add(const FinishedSpan& span) override;
  /// `is_final`: a flush or shutdown waits for what has ended.
  void end_sweep(bool is_final);
  void shutdown() noexcept;

 private:
  /// Processors see what is exported, right before it is.
  struct Passer final : SpanSink {
    explicit Passer(SpanGate& of) noexcept : gate(of) {}
    void add(const FinishedSpan& span) override {
      gate.process(span);
      next->add(span);
    }
    SpanGate& gate;
    SpanSink* next = nullptr;
  };

  SpanGate() = default;
  void process(const FinishedSpan& span) noexcept;

  Passer passer_{*this};
  std::vector<std::shared_ptr<SpanProcessor>> processors_;
  std::optional<LateDecision> late_;
};

}  // namespace binnacle::sdk
