#include "json.h"
#include "ngram_model.h"
#include "roles.h"
#include "text_index.h"

#include <binnacle/apm.h>
#include <binnacle/rag_scope.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

// The two roles that know the texts: the chat model, which plays an outside provider and is not
// instrumented, and the RAG service.

namespace arbitrage {
namespace {

constexpr int kMaxTokens = 400;

std::string stream_event(std::string_view content) {
  return fmt::format(
      "data: {{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{"
      "\"content\":{}}}}}]}}\n\n",
      json_string(content));
}

// All messages' contents, one after another.
std::string prompt_of(const boost::json::object& request) {
  std::string prompt;
  for (const auto& message : array_member(request, "messages"))
    prompt += string_member(as_object(message, "message"), "content") + "\n";
  return prompt;
}

Response answer_chat(const NgramModel& model, std::uint64_t seed, const Request& request) {
  const auto body = parse_json(request.body);
  const std::string prompt = prompt_of(body);
  const auto input_tokens = NgramModel::tokenize(prompt).size();
  const auto limit = std::clamp<std::int64_t>(int_member(body, "max_tokens", 64), 1, kMaxTokens);
  Response response{200, "text/event-stream", {}, {}};
  response.stream = [&model, prompt, input_tokens, limit, seed](const SendChunk& send) {
    auto generation = model.generate(prompt, seed);
    std::int64_t produced = 0;
    while (produced < limit) {
      const std::string token = generation.next();
      if (token.empty() && produced > limit / 2) break;
      const bool is_word =
          !token.empty() && std::ispunct(static_cast<unsigned char>(token[0])) == 0;
      if (produced == 0 && !is_word)
        continue;  // an answer does not begin with the last one's full stop
      if (!send(stream_event(is_word && produced > 0 ? " " + token : token))) return;
      ++produced;
    }
    send(fmt::format(
        "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":{}}}}}\n\n"
        "data: [DONE]\n\n",
        input_tokens, produced));
  };
  return response;
}

std::string render_hits(const TextIndex& index, const std::vector<Hit>& hits) {
  std::string out = "{\"documents\":[";
  for (const Hit& hit : hits) {
    const Passage& passage = index.passage(hit.passage);
    out +=
        fmt::format("{}{{\"name\":{},\"score\":{:.4f},\"text\":{}}}", out.back() == '[' ? "" : ",",
                    json_string(passage.document), hit.score, json_string(passage.text));
  }
  return out + "]}";
}

Response answer_rag(const TextIndex& index, const Request& request) {
  const auto body = parse_json(request.body);
  const std::string query = string_member(body, "query");
  const auto top_k = std::clamp<std::int64_t>(int_member(body, "top_k", 3), 1, 20);
  auto rag = binnacle::trace_rag_query(query, top_k);
  rag.collection("quayside");
  std::size_t candidates = 0;
  const auto hits = index.search(query, static_cast<std::size_t>(top_k), &candidates);
  rag.candidates(static_cast<std::int64_t>(candidates));
  for (const Hit& hit : hits) {
    const Passage& passage = index.passage(hit.passage);
    rag.document(passage.document, hit.score, passage.text);
  }
  if (hits.empty()) rag.add_event("rag.no_match");
  return Response::json(200, render_hits(index, hits));
}

}  // namespace

std::map<std::string, std::string> read_texts(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out[entry.path().stem().string()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  if (out.empty()) throw std::runtime_error("no texts in " + folder);
  return out;
}

void add_chat_model(HttpService& service, const Folders& folders) {
  auto model = std::make_shared<NgramModel>();
  for (const auto& [name, text] : read_texts(folders.texts)) model->train(text);
  auto calls = std::make_shared<std::atomic<std::uint64_t>>(0);
  service.on("POST", "/v1/chat/completions", [model, calls](const Request& request) {
    return answer_chat(*model, ++*calls, request);
  });
}

void add_rag(HttpService& service, const Folders& folders) {
  auto index = std::make_shared<TextIndex>();
  {
    auto span = binnacle::start_active_span("rag.index");
    for (const auto& [name, text] : read_texts(folders.texts)) index->add_document(name, text);
    index->finish();
    span.set_attribute("rag.passages", index->size());
  }
  service.on("POST", "/query",
             [index](const Request& request) { return answer_rag(*index, request); });
}

}  // namespace arbitrage
