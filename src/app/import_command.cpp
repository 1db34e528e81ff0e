#include "app/commands.h"
#include "app/progress.h"
#include "app/span_file.h"
#include "app/span_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace binnacle::app {
namespace {

// A file with millions of bad lines says so once, not millions of times.
constexpr std::uint64_t kReportedProblems = 20;

// Splits decoded batches into requests, sends them, and counts.
class Importer {
 public:
  Importer(const ImportOptions& options, const Clock& clock)
      : options_(options),
        sender_(options.to, options.timeout_ns),
        progress_(clock, options.quiet) {}

  // False when the server cannot be reached: nothing further is tried.
  bool import(const std::string& file) {
    bool reachable = true;
    std::uint64_t before = accepted_;
    const auto read = read_span_file(file, [&](SpanFilePiece&& piece) {
      const std::string place = piece.line == 0 ? file : fmt::format("{}:{}", file, piece.line);
      if (!piece.spans) {
        problem(place, piece.spans.error().message);
        return true;
      }
      refused_ += piece.spans->rejected;
      if (piece.spans->rejected > 0) {
        problem(place, fmt::format("{} spans left out, the first because {}", piece.spans->rejected,
                                   piece.spans->first_reason));
      }
      reachable = send_all(place, piece.spans->batch);
      progress_.show(fmt::format("{}: {} spans sent", file, accepted_ - before));
      return reachable;
    });
    if (!read) problem(file, read.error().message);
    ++files_;
    return reachable;
  }

  int finish() const {
    fmt::print("{} spans imported from {} files", accepted_, files_);
    if (refused_ > 0) fmt::print(", {} spans refused", refused_);
    if (problems_ > 0) fmt::print(", {} problems", problems_);
    fmt::print("\n");
    return problems_ == 0 ? kExitGood : kExitBad;
  }

 private:
  bool send_all(const std::string& place, const SpanBatch& batch) {
    if (batch.size() <= options_.batch_spans) return batch.empty() || send(place, batch);
    for (std::size_t begin = 0; begin < batch.size(); begin += options_.batch_spans) {
      const std::size_t end = std::min<std::size_t>(batch.size(), begin + options_.batch_spans);
      if (!send(place, slice(batch, begin, end))) return false;
    }
    return true;
  }

  // Copies spans [begin, end) with the resources and scopes that they use.
  static SpanBatch slice(const SpanBatch& batch, std::size_t begin, std::size_t end) {
    SpanBatch out;
    std::map<std::uint32_t, std::uint32_t> resources;
    std::map<std::uint32_t, std::uint32_t> scopes;
    for (std::size_t i = begin; i < end; ++i) {
      const auto [resource, new_resource] = resources.try_emplace(batch.resource_of[i], 0U);
      if (new_resource) resource->second = copy_resource(batch, batch.resource_of[i], out);
      const auto [scope, new_scope] = scopes.try_emplace(batch.scope_of[i], 0U);
      if (new_scope) scope->second = copy_scope(batch, batch.scope_of[i], out);
      copy_span(batch, i, resource->second, scope->second, out);
    }
    return out;
  }

  bool send(const std::string& place, const SpanBatch& batch) {
    const auto counts = sender_.send(batch);
    if (!counts) {
      problem(place, counts.error().message);
      // A request that the server finds wrong spoils only itself; anything else would go on for
      // ever.
      return counts.error().code == ErrorCode::kInvalidArgument;
    }
    accepted_ += counts->accepted;
    refused_ += counts->rejected;
    if (counts->rejected > 0) problem(place, "server: " + counts->first_reason);
    return true;
  }

  void problem(const std::string& place, const std::string& what) {
    ++problems_;
    if (problems_ <= kReportedProblems) fmt::print(stderr, "{}: {}\n", place, what);
    if (problems_ == kReportedProblems) fmt::print(stderr, "further problems are only counted\n");
  }

  const ImportOptions& options_;
  SpanSender sender_;
  Progress progress_;
  std::uint64_t files_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t problems_ = 0;
};

}  // namespace

int import_files(const ImportOptions& options) {
  const SystemClock clock;
  Importer importer(options, clock);
  for (const std::string& file : options.files) {
    if (!importer.import(file)) break;
  }
  return importer.finish();
}

}  // namespace binnacle::app
