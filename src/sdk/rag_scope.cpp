#include "sdk/indexed_key.h"
#include "sdk/json_text.h"
#include "sdk/scope_start.h"
#include "sdk/span_name.h"

#include <binnacle/instruments.h>
#include <binnacle/rag_scope.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace binnacle {
inline namespace v1 {

namespace {

constexpr sdk::ContentKey kQuery{"gen_ai.retrieval.query.text", "content.query.length",
                                 "content.query.hash"};
constexpr std::string_view kRetrieval = "retrieval";

}  // namespace

RagQueryScope::RagQueryScope(std::string_view query, std::int64_t top_k) noexcept
    : ScopeCalls(kRetrieval, sdk::scope_options(SpanKind::kClient)) {
  set_attribute("gen_ai.operation.name", kRetrieval);
  // A double by the conventions, where it is also a sampling setting of models.
  set_attribute("gen_ai.request.top_k", static_cast<double>(top_k));
  const bool is_captured = sdk::set_content(ref(), kQuery, query);
  sdk::set_openinference_kind(ref(), "RETRIEVER");
  if (!is_captured || !sdk::uses_openinference()) return;
  if (const auto text = sdk::capture("input.value", query)) {
    set_attribute("input.value", *text).set_attribute("input.mime_type", "text/plain");
  }
}

RagQueryScope& RagQueryScope::collection(std::string_view name) noexcept {
  collection_.assign(name);
  span().update_name(sdk::SpanName(kRetrieval, name).view());
  return set_attribute("gen_ai.data_source.id", name);
}

RagQueryScope& RagQueryScope::embedding_model(std::string_view model) noexcept {
  set_attribute("gen_ai.request.model", model);
  if (sdk::uses_openinference()) set_attribute("embedding.model_name", model);
  return *this;
}

RagQueryScope& RagQueryScope::candidates(std::int64_t count) noexcept {
  return set_attribute("rag.candidates", count);
}

RagQueryScope& RagQueryScope::document(std::string_view id, double score) noexcept {
  return document(id, score, {});
}

RagQueryScope& RagQueryScope::document(std::string_view id, double score,
                                       std::string_view text) noexcept {
  best_score_ = documents_ == 0 ? score : std::max(best_score_, score);
  const std::uint32_t index = documents_++;
  if (!is_recording()) return *this;
  list_document(id, score);
  if (!sdk::uses_openinference() || index >= kMaxListedDocuments) return *this;
  constexpr std::string_view kPrefix = "retrieval.documents.";
  set_attribute(sdk::IndexedKey(kPrefix, index, ".document.id").view(), id);
  set_attribute(sdk::IndexedKey(kPrefix, index, ".document.score").view(), score);
  if (text.empty()) return *this;
  const sdk::IndexedKey key(kPrefix, index, ".document.content");
  if (const auto kept = sdk::capture(key.view(), text)) set_attribute(key.view(), *kept);
  return *this;
}

/// Appends {"id":...,"score":...} and the bracket that closes the list, or nothing.
void RagQueryScope::list_document(std::string_view id, double score) noexcept {
  if (listed_ >= kMaxListedDocuments || listed_ + 1 != documents_) return;  // one was left out
  constexpr std::string_view kHead = R"({"id":)";
  constexpr std::string_view kScore = R"(,"score":)";
  constexpr std::size_t kNumberBytes = 32;
  char* const begin = list_ + list_bytes_;
  char* out = begin;
  std::size_t room = sizeof list_ - list_bytes_;
  if (room < 2 + kHead.size()) return;
  *out++ = listed_ == 0 ? '[' : ',';
  out = std::copy(kHead.begin(), kHead.end(), out);
  room -= 1 + kHead.size();
  const std::size_t id_bytes = sdk::put_json_string(out, room, id);
  if (id_bytes == 0 || room - id_bytes < kScore.size() + kNumberBytes + 2) return;
  out = std::copy(kScore.begin(), kScore.end(), out + id_bytes);
  // JSON has no infinities.
  const double number = std::isfinite(score) ? score : 0.0;
  out = std::to_chars(out, out + kNumberBytes, number).ptr;
  *out++ = '}';
  list_bytes_ = static_cast<std::uint32_t>(out - list_);
  ++listed_;
}

void RagQueryScope::end() noexcept {
  if (!begin_end()) return;
  set_attribute("rag.documents", documents_);
  if (documents_ > 0) set_attribute("rag.best_score", best_score_);
  if (listed_ > 0) {
    list_[list_bytes_++] = ']';  // list_document leaves room for it
    set_attribute("gen_ai.retrieval.documents", std::string_view(list_, list_bytes_));
  }
  if (is_timed()) {
    instruments().record_rag_query(collection_.or_else("unknown"), status_label(), elapsed_ms());
  }
  finish_end();
}

}  // namespace v1
}  // namespace binnacle
