#include "server/api/jaeger_traces.h"

#include "server/api/json_indent.h"
#include "wire/jaeger/json_encode.h"

#include <memory>
#include <numeric>
#include <utility>

namespace binnacle {
namespace {

// Answers up to here are built as one string. 2,000 spans of 11 tags are about 4 MB of JSON; piece
// by piece costs a thread hop per trace and cannot be compressed as a whole.
constexpr std::size_t kWholeAnswerSpans = 2'000;

// Makes the body of a v1 answer with traces in pieces: one per trace.
class TracesBody {
 public:
  TracesBody(TraceSet&& traces, std::vector<JaegerError> errors, bool pretty)
      : set_(std::move(traces)), errors_(std::move(errors)), pretty_(pretty) {}

  /// Appends the next piece; false when there is none.
  bool next(std::string& out) {
    if (done_) return false;
    if (!pretty_) {
      piece(out);
      return true;
    }
    std::string compact;
    piece(compact);
    indenter_.feed(compact, out);
    return true;
  }

 private:
  void piece(std::string& out) {
    if (next_ == 0) out += "{\"data\":[";
    if (next_ == set_.traces.size()) {
      out.push_back(']');
      append_envelope_end(0, errors_, set_.warnings, out);
      done_ = true;
      return;
    }
    if (next_ > 0) out.push_back(',');
    Trace& trace = set_.traces[next_++];
    rows_.resize(trace.spans.size());
    std::iota(rows_.begin(), rows_.end(), 0U);
    codec::JsonWriter json(out);
    jaeger::write_trace(trace.spans, rows_, json, trace.warnings);
    trace.spans = SpanBatch();  // its memory is of no more use, and the next piece needs some
  }

  TraceSet set_;
  std::vector<JaegerError> errors_;
  bool pretty_;
  bool done_ = false;
  std::size_t next_ = 0;
  std::vector<std::uint32_t> rows_;
  JsonIndenter indenter_;
};

}  // namespace

HttpResponse jaeger_traces(TraceSet&& traces, std::vector<JaegerError> errors, bool pretty) {
  const bool whole = traces.spans() <= kWholeAnswerSpans;
  auto pieces = std::make_unique<TracesBody>(std::move(traces), std::move(errors), pretty);
  if (whole) {
    std::string body;
    while (pieces->next(body)) {
    }
    return HttpResponse::json(200, std::move(body));
  }
  HttpResponse out = HttpResponse::json(200, {});
  out.body = HttpBodySource([pieces = std::move(pieces)](std::string& chunk) -> Result<bool> {
    return pieces->next(chunk);
  });
  return out;
}

}  // namespace binnacle
