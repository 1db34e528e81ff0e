#include <binnacle/apm.h>
#include <binnacle/scopes.h>

#include <algorithm>
#include <cstdio>
#include <random>

// Two bidding strategies play a thousand auctions against each other; the span says who took part,
// with which scores, and who won by how much.

namespace {

struct Scores {
  double bold = 0;
  double careful = 0;
};

Scores play(int rounds) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> worth(50, 150);
  std::normal_distribution<double> noise(0, 10);
  Scores scores;
  for (int round = 0; round < rounds; ++round) {
    const double value = worth(random);
    const double bold = 0.95 * std::max(0.0, value + noise(random));
    const double careful = 0.85 * std::max(0.0, value + noise(random));
    (bold >= careful ? scores.bold : scores.careful) += value - std::max(bold, careful);
  }
  return scores;
}

}  // namespace

int main() {
  binnacle::init_observability();
  {
    constexpr int kRounds = 1000;
    auto arena = binnacle::trace_arena_competition("match-1");
    arena.arena("bidding").rounds(kRounds);
    const Scores scores = play(kRounds);
    arena.contestant("bold", scores.bold).contestant("careful", scores.careful);
    std::printf("bold %.0f, careful %.0f\n", scores.bold, scores.careful);
  }
  binnacle::shutdown();
}
