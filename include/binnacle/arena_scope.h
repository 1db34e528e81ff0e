#pragma once

#include <binnacle/scope.h>

#include <cstdint>
#include <string_view>

// A competition (an A/B comparison) of models, prompts or strategies. See scope.h for what all
// scopes share.
//
//   auto arena = binnacle::trace_arena_competition("match-17");
//   arena.arena("bidding").contestant("shading", 1310.5).contestant("learning", 1702.0);
//   arena.verdict("learning");
//
// Span "arena <arena>", internal. Instrument: arena.competition.duration (arena, status). The
// verdict is also an event gen_ai.evaluation.result.

namespace binnacle {
inline namespace v1 {

class [[nodiscard]] ArenaScope : public detail::ScopeCalls<ArenaScope> {
 public:
  /// Contestants listed by name and score; more are only counted.
  static constexpr std::uint32_t kMaxListedContestants = 16;

  explicit ArenaScope(std::string_view competition_id) noexcept;
  ~ArenaScope() { end(); }

  /// Which arena: a label; renames the span.
  ArenaScope& arena(std::string_view name) noexcept;
  ArenaScope& rounds(std::int64_t count) noexcept;
  /// A contestant and its score; higher is better.
  ArenaScope& contestant(std::string_view name, double score) noexcept;
  /// The winner's name, or "draw". Not called: whoever has the highest score, if it is one alone.
  ArenaScope& verdict(std::string_view winner, std::string_view explanation = {}) noexcept;

  /// Records the instrument and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  void record_result() noexcept;

  detail::ShortText<63> arena_;
  detail::ShortText<47> verdict_;
  std::uint32_t contestants_ = 0;
  double scores_[kMaxListedContestants];
  detail::ShortText<47> names_[kMaxListedContestants];
};

inline ArenaScope trace_arena_competition(std::string_view competition_id) noexcept {
  return ArenaScope(competition_id);
}

}  // namespace v1
}  // namespace binnacle
