#include "ngram_model.h"

#include <cctype>
#include <limits>

namespace arbitrage {
namespace {

std::uint64_t pair_of(std::uint32_t a, std::uint32_t b) {
  return (static_cast<std::uint64_t>(a) << 32) | b;
}

bool ends_sentence(const std::string& token) {
  return token == "." || token == "!" || token == "?";
}

}  // namespace

std::vector<std::string> NgramModel::tokenize(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0 || c == '\'' || c == '-' || u >= 0x80) {
      word.push_back(static_cast<char>(std::tolower(u)));
    } else {
      flush();
      if (std::ispunct(u) != 0) out.emplace_back(1, c);
    }
  }
  flush();
  return out;
}

std::uint32_t NgramModel::number_of(const std::string& word) {
  const auto [it, is_new] = numbers_.try_emplace(word, static_cast<std::uint32_t>(words_.size()));
  if (is_new) {
    words_.push_back(word);
    frequency_.push_back(0);
  }
  return it->second;
}

void NgramModel::train(std::string_view text) {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  for (const std::string& token : tokenize(text)) {
    const std::uint32_t c = number_of(token);
    ++frequency_[c];
    ++after_two_[pair_of(a, b)][c];
    ++after_one_[b][c];
    a = b;
    b = c;
    if (ends_sentence(token)) {
      ++after_two_[pair_of(a, b)][0];
      ++after_one_[b][0];
      a = b = 0;
    }
  }
}

std::uint32_t NgramModel::sample(const Counts& counts, std::mt19937_64& dice) const {
  std::uint64_t total = 0;
  for (const auto& [word, count] : counts) total += count;
  std::uint64_t pick = dice() % total;
  for (const auto& [word, count] : counts) {
    if (pick < count) return word;
    pick -= count;
  }
  return 0;
}

NgramModel::Generation NgramModel::generate(std::string_view prompt, std::uint64_t seed) const {
  Generation generation(*this, seed);
  std::uint32_t rarest = std::numeric_limits<std::uint32_t>::max();
  for (const std::string& token : tokenize(prompt)) {
    const auto it = numbers_.find(token);
    if (it == numbers_.end() || token.size() < 4 || frequency_[it->second] >= rarest) continue;
    rarest = frequency_[it->second];
    generation.last_ = it->second;
  }
  return generation;
}

std::string NgramModel::Generation::next() {
  const NgramModel& m = model_;
  const auto two = m.after_two_.find(pair_of(before_last_, last_));
  const auto one = m.after_one_.find(last_);
  // Back off to one word now and then even when two are known: else it recites its texts.
  const bool use_two = two != m.after_two_.end() && dice_() % 4 != 0;
  const Counts* counts = use_two                     ? &two->second
                         : one != m.after_one_.end() ? &one->second
                                                     : nullptr;
  if (counts == nullptr) return "";
  const std::uint32_t word = m.sample(*counts, dice_);
  before_last_ = last_;
  last_ = word;
  return m.words_[word];
}

}  // namespace arbitrage
