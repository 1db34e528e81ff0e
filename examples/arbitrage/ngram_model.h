#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// A word trigram language model with back-off, trained on the demo's own texts: small enough to
// ship, and it really generates. After training const use from several threads is fine.

namespace arbitrage {

class NgramModel {
 public:
  /// Words and punctuation as the model counts tokens.
  static std::vector<std::string> tokenize(std::string_view text);

  void train(std::string_view text);

  /// State of one generation; thread-confined.
  class Generation {
   public:
    /// The next token, "" at the end of what the model has to say.
    std::string next();

   private:
    friend class NgramModel;
    Generation(const NgramModel& model, std::uint64_t seed) : model_(model), dice_(seed) {}
    const NgramModel& model_;
    std::mt19937_64 dice_;
    std::uint32_t before_last_ = 0;
    std::uint32_t last_ = 0;
  };
  /// Starts at the rarest word of `prompt` that the model knows, so that the answer is about it.
  [[nodiscard]] Generation generate(std::string_view prompt, std::uint64_t seed) const;

 private:
  using Counts = std::map<std::uint32_t, std::uint32_t>;
  std::uint32_t number_of(const std::string& word);
  std::uint32_t sample(const Counts& counts, std::mt19937_64& dice) const;

  std::vector<std::string> words_{""};  // 0: start and end of a sentence
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::unordered_map<std::uint64_t, Counts> after_two_;
  std::unordered_map<std::uint32_t, Counts> after_one_;
  std::vector<std::uint32_t> frequency_{0};
};

}  // namespace arbitrage
