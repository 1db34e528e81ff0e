#include "server/api/jaeger_traces.h"

#include "server/api/json_indent.h"
#include "wire/jaeger/json_encode.h"

#include <memory>
#include <numeric>
#include <string>
#include <utility>

namespace binnacle {
namespace {

// Answers up to here are built as one string. 2,000 spans of 11 tags are about 4 MB of JSON; piece
// by piece costs a thread hop per trace and cannot be compressed as a whole.
constexpr std::size_t kWholeAnswerSpans = 2'000;

// Size of a piece: large enough that a thread hop per piece is nothing, small enough to stay in a
// core's cache.
constexpr std::size_t kPieceBytes = 512 * 1024;

// Makes the body of a v1 answer with traces in pieces of about kPieceBytes.
class TracesBody {
 public:
  TracesBody(TraceSet&& traces, std::vector<JaegerError> errors, bool pretty)
      : set_(std::move(traces)), errors_(std::move(errors)), pretty_(pretty) {}
  TracesBody(const TracesBody&) = delete;
  TracesBody& operator=(const TracesBody&) = delete;
  ~TracesBody() = default;

  /// Appends the next piece; false when there is none.
  bool next(std::string& out) {
    if (done_) return false;
    if (!pretty_) {
      piece(out);
      return true;
    }
    compact_.clear();
    piece(compact_);
    indenter_.feed(compact_, out);
    return true;
  }

 private:
  void piece(std::string& out) {
    const std::size_t enough = out.size() + kPieceBytes;
    if (!std::exchange(begun_, true)) out += "{\"data\":[";
    while (out.size() < enough) {
      if (open_ == nullptr && !open_next(out)) return;
      if (!open_->next(out, kPieceBytes)) close();
    }
  }

  // Starts the next trace; false after the last, when the rest of the body is written.
  bool open_next(std::string& out) {
    if (next_ == set_.traces.size()) {
      out.push_back(']');
      append_envelope_end(0, errors_, set_.warnings, out);
      done_ = true;
      return false;
    }
    if (next_ > 0) out.push_back(',');
    const Trace& trace = set_.traces[next_];
    rows_.resize(trace.spans.size());
    std::iota(rows_.begin(), rows_.end(), 0U);
    open_ = std::make_unique<jaeger::TracePieces>(trace.spans, rows_, trace.warnings);
    return true;
  }

  // The trace's memory is of no more use, and those after it need some.
  void close() {
    open_.reset();
    set_.traces[next_++].spans = SpanBatch();
  }

  TraceSet set_;
  std::vector<JaegerError> errors_;
  bool pretty_;
  bool begun_ = false;
  bool done_ = false;
  std::size_t next_ = 0;
  std::vector<std::uint32_t> rows_;
  std::unique_ptr<jaeger::TracePieces> open_;
  std::string compact_;
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
