#include <binnacle/apm.h>
#include <binnacle/scopes.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

// Answers a question with the passages that share most words with it. The span lists their ids and
// scores; question and passages are content and stay out of it (see content.cpp).

namespace {

struct Passage {
  std::string id;
  std::string text;
  double score = 0;
};

double shared_words(const std::string& question, const std::string& text) {
  std::istringstream words(question);
  std::string word;
  double shared = 0;
  double total = 0;
  while (words >> word) {
    total += 1;
    if (text.find(word) != std::string::npos) shared += 1;
  }
  return total > 0 ? shared / total : 0;
}

std::vector<Passage> search(std::vector<Passage> passages, const std::string& question,
                            std::size_t top_k) {
  auto rag = binnacle::trace_rag_query(question, static_cast<std::int64_t>(top_k));
  rag.collection("rules").candidates(static_cast<std::int64_t>(passages.size()));
  for (Passage& passage : passages) passage.score = shared_words(question, passage.text);
  std::sort(passages.begin(), passages.end(),
            [](const Passage& a, const Passage& b) { return a.score > b.score; });
  passages.resize(std::min(top_k, passages.size()));
  for (const Passage& passage : passages) rag.document(passage.id, passage.score, passage.text);
  return passages;
}

}  // namespace

int main() {
  binnacle::init_observability();
  const std::vector<Passage> passages = {{"fees", "a fee of two percent is charged"},
                                         {"shipping", "shipping is insured"},
                                         {"disputes", "a dispute is decided within a week"}};
  for (const Passage& hit : search(passages, "which fee is charged", 2)) {
    std::printf("%s %.2f\n", hit.id.c_str(), hit.score);
  }
  binnacle::shutdown();
}
