#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// An inverted index over short passages, ranked by BM25 (Robertson and Zaragoza, "The Probabilistic
// Relevance Framework", 2009). Built once, then immutable.

namespace arbitrage {

struct Passage {
  std::string document;
  std::string text;
};

struct Hit {
  std::uint32_t passage;
  double score;
};

class TextIndex {
 public:
  /// Splits a text into passages at blank lines and adds them.
  void add_document(const std::string& name, std::string_view text);
  /// Call once after the last add_document.
  void finish();

  /// The best passages, best first. `candidates` (may be null) receives how many were scored.
  [[nodiscard]] std::vector<Hit> search(std::string_view query, std::size_t top_k,
                                        std::size_t* candidates = nullptr) const;
  [[nodiscard]] const Passage& passage(std::uint32_t number) const { return passages_[number]; }
  [[nodiscard]] std::size_t size() const { return passages_.size(); }

 private:
  struct Posting {
    std::uint32_t passage;
    std::uint32_t count;
  };
  std::vector<Passage> passages_;
  std::vector<std::uint32_t> lengths_;
  std::unordered_map<std::string, std::vector<Posting>> postings_;
  double mean_length_ = 1;
};

}  // namespace arbitrage
