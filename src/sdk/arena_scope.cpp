#include "sdk/scope_start.h"
#include "sdk/span_name.h"

#include <binnacle/arena_scope.h>
#include <binnacle/instruments.h>

#include <algorithm>

namespace binnacle {
inline namespace v1 {

namespace {

constexpr std::string_view kDraw = "draw";
constexpr std::string_view kUnknown = "unknown";

/// A view of an array that AttributeValue takes.
template <typename T>
struct Listed {
  const T* first;
  std::size_t count;
  const T* data() const noexcept { return first; }
  std::size_t size() const noexcept { return count; }
};

}  // namespace

ArenaScope::ArenaScope(std::string_view competition_id) noexcept
    : ScopeCalls("arena", sdk::scope_options(SpanKind::kInternal)) {
  set_attribute("arena.competition.id", competition_id);
  sdk::set_openinference_kind(ref(), "EVALUATOR");
}

ArenaScope& ArenaScope::arena(std::string_view name) noexcept {
  arena_.assign(name);
  span().update_name(sdk::SpanName("arena", name).view());
  return set_attribute("arena.name", name);
}

ArenaScope& ArenaScope::rounds(std::int64_t count) noexcept {
  return set_attribute("arena.rounds", count);
}

ArenaScope& ArenaScope::contestant(std::string_view name, double score) noexcept {
  const std::uint32_t index = contestants_++;
  if (index >= kMaxListedContestants) return *this;
  names_[index].assign(name);
  scores_[index] = score;
  return *this;
}

ArenaScope& ArenaScope::verdict(std::string_view winner, std::string_view explanation) noexcept {
  verdict_.assign(winner);
  if (!explanation.empty()) {
    constexpr sdk::ContentKey kExplanation{
        "gen_ai.evaluation.explanation", "content.explanation.length", "content.explanation.hash"};
    sdk::set_content(ref(), kExplanation, explanation);
  }
  return *this;
}

void ArenaScope::record_result() noexcept {
  set_attribute("arena.contestants", contestants_);
  const std::uint32_t listed = std::min(contestants_, kMaxListedContestants);
  if (listed == 0) return;
  std::string_view names[kMaxListedContestants];
  for (std::uint32_t i = 0; i < listed; ++i) names[i] = names_[i].view();
  set_attribute("arena.contestant.names", Listed<std::string_view>{names, listed});
  set_attribute("arena.contestant.scores", Listed<double>{scores_, listed});
  const double* best = std::max_element(scores_, scores_ + listed);
  double second = listed > 1 ? *std::min_element(scores_, scores_ + listed) : *best;
  for (const double* score = scores_; score < scores_ + listed; ++score) {
    if (score != best) second = std::max(second, *score);
  }
  if (listed > 1) set_attribute("arena.margin", *best - second);
  if (verdict_.empty() && listed == contestants_) {
    verdict_.assign(listed > 1 && *best == second ? kDraw : names[best - scores_]);
  }
  if (verdict_.empty()) return;
  add_event("gen_ai.evaluation.result", {{"gen_ai.evaluation.name", arena_.or_else("arena")},
                                         {"gen_ai.evaluation.score.label", verdict_.view()},
                                         {"gen_ai.evaluation.score.value", *best}});
}

void ArenaScope::end() noexcept {
  if (!begin_end()) return;
  if (is_recording()) {
    record_result();
    if (!verdict_.empty()) set_attribute("arena.verdict", verdict_.view());
    set_attribute("arena.outcome", status_label());
  }
  if (is_timed()) {
    instruments().record_arena_competition(arena_.or_else(kUnknown), status_label(), elapsed_ms());
  }
  finish_end();
}

}  // namespace v1
}  // namespace binnacle
