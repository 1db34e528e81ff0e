#pragma once

#include <binnacle/scope.h>

#include <cstdint>
#include <string_view>

// A query for documents to ground an answer on, under the GenAI conventions for retrieval. See
// scope.h for what all scopes share.
//
//   auto rag = binnacle::trace_rag_query(question, 3);
//   rag.collection("rules").embedding_model("text-embedding-3-small");
//   for (const Hit& hit : search(question)) rag.document(hit.id, hit.score);
//
// Span "retrieval <collection>", client. Instrument: rag.query.duration (collection, status). The
// query and the documents' texts are content (content.h); ids and scores are recorded.

namespace binnacle {
inline namespace v1 {

class [[nodiscard]] RagQueryScope : public detail::ScopeCalls<RagQueryScope> {
 public:
  /// Documents listed by id and score; more are only counted.
  static constexpr std::uint32_t kMaxListedDocuments = 32;

  RagQueryScope(std::string_view query, std::int64_t top_k) noexcept;
  ~RagQueryScope() { end(); }

  /// The collection or index that is searched: a label; renames the span.
  RagQueryScope& collection(std::string_view name) noexcept;
  RagQueryScope& embedding_model(std::string_view model) noexcept;
  /// Documents looked at before the best were taken.
  RagQueryScope& candidates(std::int64_t count) noexcept;
  /// A document that was found, best first.
  RagQueryScope& document(std::string_view id, double score) noexcept;
  /// With its text, which is content (recorded under OpenInference's attributes only).
  RagQueryScope& document(std::string_view id, double score, std::string_view text) noexcept;

  /// Records the instrument and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  void list_document(std::string_view id, double score) noexcept;

  detail::ShortText<63> collection_;
  std::uint32_t documents_ = 0;
  std::uint32_t listed_ = 0;
  double best_score_ = 0;
  std::uint32_t list_bytes_ = 0;
  char list_[1024];  ///< gen_ai.retrieval.documents: JSON, as far as it fits
};

inline RagQueryScope trace_rag_query(std::string_view query, std::int64_t top_k) noexcept {
  return RagQueryScope(query, top_k);
}

}  // namespace v1
}  // namespace binnacle
