#include "text_index.h"

#include "ngram_model.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace arbitrage {
namespace {

// The usual constants of BM25.
constexpr double kK1 = 1.2;
constexpr double kB = 0.75;

}  // namespace

void TextIndex::add_document(const std::string& name, std::string_view text) {
  while (!text.empty()) {
    const auto gap = text.find("\n\n");
    const std::string_view passage = text.substr(0, gap);
    if (passage.find_first_not_of(" \n") != std::string_view::npos) {
      const auto number = static_cast<std::uint32_t>(passages_.size());
      passages_.push_back(Passage{name, std::string(passage)});
      std::map<std::string, std::uint32_t> counts;
      const auto tokens = NgramModel::tokenize(passage);
      for (const std::string& token : tokens) ++counts[token];
      for (const auto& [token, count] : counts) postings_[token].push_back(Posting{number, count});
      lengths_.push_back(static_cast<std::uint32_t>(tokens.size()));
    }
    if (gap == std::string_view::npos) break;
    text.remove_prefix(gap + 2);
  }
}

void TextIndex::finish() {
  double total = 0;
  for (const std::uint32_t length : lengths_) total += length;
  if (!lengths_.empty()) mean_length_ = total / static_cast<double>(lengths_.size());
}

std::vector<Hit> TextIndex::search(std::string_view query, std::size_t top_k,
                                   std::size_t* candidates) const {
  std::unordered_map<std::uint32_t, double> scores;
  const auto passages = static_cast<double>(passages_.size());
  for (const std::string& token : NgramModel::tokenize(query)) {
    const auto it = postings_.find(token);
    if (it == postings_.end()) continue;
    const auto with = static_cast<double>(it->second.size());
    const double idf = std::log(1 + (passages - with + 0.5) / (with + 0.5));
    for (const Posting& p : it->second) {
      const double count = p.count;
      const double norm = kK1 * (1 - kB + kB * lengths_[p.passage] / mean_length_);
      scores[p.passage] += idf * count * (kK1 + 1) / (count + norm);
    }
  }
  if (candidates != nullptr) *candidates = scores.size();
  std::vector<Hit> hits;
  for (const auto& [passage, score] : scores) hits.push_back(Hit{passage, score});
  const std::size_t keep = std::min(top_k, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(keep), hits.end(),
                    [](const Hit& a, const Hit& b) {
                      return a.score != b.score ? a.score > b.score : a.passage < b.passage;
                    });
  hits.resize(keep);
  return hits;
}

}  // namespace arbitrage
