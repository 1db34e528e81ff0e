#include "store/trace/part_rewrite.h"

#include "store/trace/part_builder.h"
#include "store/trace/span_codec.h"

#include <algorithm>
#include <list>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace binnacle::trace {
namespace {

// zstd finds little in byte planes beyond their entropy: levels 1, 3, 6 and 9 make 38.3, 38.2, 38.6
// and 38.6 B/span of 11 attributes, and a merge takes 1.7, 2.2, 2.3 and 2.8 us/span.
constexpr int kFlushZstdLevel = 1;
constexpr int kMergeZstdLevel = 3;

// Strings that row groups share. 65,536 numbers fit two byte planes; 4 MB stays in memory per part
// that is being read.
constexpr std::size_t kDictionaryEntries = 65'536;
constexpr std::size_t kDictionaryBytes = 4UL << 20;
// Longer strings seldom repeat, and zstd finds those that do.
constexpr std::size_t kDictionaryTextBytes = 1024;

// Decoded row groups that a merge keeps: a few of each of 15 parts, because a trace that was split
// by a flush lies in neighbouring groups. Some 2 MB each.
constexpr std::size_t kMergeGroupsKept = 48;

// How often long loops ask whether to stop.
constexpr std::size_t kCancelEvery = 4096;

// A span's identity and place, for sorting without touching the span.
struct RowRef {
  TraceId trace;
  std::uint64_t start;
  SpanId span;
  std::uint32_t source;  ///< head batch or row group, by position in a list
  std::uint32_t row;
  std::uint32_t tenant;
  SpanKind kind;

  [[nodiscard]] auto identity() const { return std::tie(tenant, trace, start, span, kind); }
};

struct TraceRun {
  std::uint32_t tenant;
  std::uint64_t start;
  TraceId trace;
  std::size_t begin;
  std::size_t end;
};

class TenantNumbers {
 public:
  std::uint32_t number(const std::string& name) {
    const auto [it, added] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (added) names_.push_back(name);
    return it->second;
  }
  [[nodiscard]] const std::string& name(std::uint32_t n) const { return names_[n]; }

 private:
  std::map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> names_;
};

// Brings rows into the part's order: runs of one trace, without repeated identities (the first
// stays), ordered by tenant and the trace's first start.
std::vector<TraceRun> arrange(std::vector<RowRef>& rows, TraceProbe& probe) {
  std::ranges::sort(rows, [](const RowRef& a, const RowRef& b) {
    return std::tuple(a.identity(), a.source, a.row) < std::tuple(b.identity(), b.source, b.row);
  });
  const auto repeated = std::ranges::unique(
      rows, [](const RowRef& a, const RowRef& b) { return a.identity() == b.identity(); });
  probe.dropped_duplicates.add(repeated.size());
  rows.erase(repeated.begin(), repeated.end());
  std::vector<TraceRun> runs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].trace != rows[i - 1].trace || rows[i].tenant != rows[i - 1].tenant) {
      runs.push_back({rows[i].tenant, rows[i].start, rows[i].trace, i, i});
    }
    runs.back().end = i + 1;
  }
  std::ranges::sort(runs, [](const TraceRun& a, const TraceRun& b) {
    return std::tie(a.tenant, a.start, a.trace) < std::tie(b.tenant, b.start, b.trace);
  });
  return runs;
}

// Chooses the shared strings: those met in most sources, while they fit.
class DictionaryChoice {
 public:
  void count(std::string_view text, std::uint32_t times = 1) {
    if (text.empty() || text.size() > kDictionaryTextBytes) return;
    const StringId id = texts_.intern(text);
    counts_.resize(texts_.size());
    counts_[id.value] += times;
  }
  StringTable choose(std::uint32_t at_least) {
    std::vector<std::uint32_t> ids;
    for (std::uint32_t id = 1; id < counts_.size(); ++id) {
      if (counts_[id] >= at_least) ids.push_back(id);
    }
    std::ranges::stable_sort(ids, std::greater<>(), [&](std::uint32_t id) { return counts_[id]; });
    StringTable out;
    std::size_t bytes = 0;
    for (const std::uint32_t id : ids) {
      const std::string_view text = texts_[StringId{id}];
      bytes += text.size();
      if (out.size() >= kDictionaryEntries || bytes > kDictionaryBytes) break;
      out.intern(text);
    }
    return out;
  }

 private:
  StringTable texts_;
  std::vector<std::uint32_t> counts_;
};

using BatchOf = std::function<Result<const SpanBatch*>(std::uint32_t source)>;

Result<RewrittenPart> write_part(StoreDirectory& directory, std::vector<RowRef>& rows,
                                 const TenantNumbers& tenants, const StringTable& dictionary,
                                 const BatchOf& batch_of, PartWriterOptions options,
                                 PartSummary summary, const CancelToken& cancel,
                                 TraceProbe& probe) {
  RewrittenPart out;
  const std::vector<TraceRun> runs = arrange(rows, probe);
  if (runs.empty()) return out;
  auto writer = directory.begin_part(kSpanPartKind, options);
  if (!writer) return std::unexpected(writer.error());
  PartBuilder builder(**writer, dictionary);
  std::size_t until_check = 0;
  for (const TraceRun& run : runs) {
    for (std::size_t i = run.begin; i < run.end; ++i) {
      if (until_check-- == 0) {
        if (cancel.cancelled()) return fail(ErrorCode::kCancelled, "rewrite was cancelled");
        until_check = kCancelEvery;
      }
      const auto batch = batch_of(rows[i].source);
      if (!batch) return std::unexpected(batch.error());
      if (auto ok = builder.add(tenants.name(run.tenant), rows[i].source, **batch, rows[i].row);
          !ok) {
        return std::unexpected(ok.error());
      }
    }
  }
  const auto built = builder.finish();
  if (!built) return std::unexpected(built.error());
  auto finished = (*writer)->finish();
  if (!finished) return std::unexpected(finished.error());
  out.has_part = true;
  out.part = *finished;
  summary.spans = built->spans;
  summary.min_start_unix_ns = built->min_start_unix_ns;
  summary.max_start_unix_ns = built->max_start_unix_ns;
  out.summary = summary;
  return out;
}

// Appends references to the batch's rows that are not removed.
void reference_rows(const SpanBatch& b, std::uint32_t source, std::uint32_t tenant,
                    const RemovalView& removed, std::uint64_t sequence, std::vector<RowRef>& rows,
                    TraceProbe& probe) {
  bool hidden = false;
  std::uint64_t dropped = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (i == 0 || b.trace_ids[i] != b.trace_ids[i - 1]) {
      hidden = removed.hidden(b.trace_ids[i], sequence);
    }
    if (hidden) {
      ++dropped;
      continue;
    }
    rows.push_back({b.trace_ids[i], b.start_unix_ns[i], b.span_ids[i], source,
                    static_cast<std::uint32_t>(i), tenant, b.kinds[i]});
  }
  probe.dropped_removed.add(dropped);
}

// Row groups of the parts being merged, decoded when asked for, the least recently used forgotten.
class MergeSources {
 public:
  struct Source {
    std::size_t part;
    std::uint32_t group;
  };
  explicit MergeSources(const std::vector<std::shared_ptr<const SpanPart>>& parts)
      : parts_(parts) {}

  std::uint32_t add(std::size_t part, std::uint32_t group) {
    sources_.push_back({part, group});
    return static_cast<std::uint32_t>(sources_.size() - 1);
  }
  Result<const SpanBatch*> batch(std::uint32_t source) {
    if (source == last_source_) return last_batch_;
    const auto it = decoded_.find(source);
    if (it != decoded_.end()) {
      recent_.splice(recent_.begin(), recent_, it->second);
    } else {
      SpanBatch fresh;
      if (decoded_.size() >= kMergeGroupsKept) {
        fresh = std::move(recent_.back().batch);  // its memory is of use again
        decoded_.erase(recent_.back().source);
        recent_.pop_back();
      }
      const Source& s = sources_[source];
      if (auto ok = parts_[s.part]->read_group(s.group, {}, fresh, false); !ok) {
        failed_part_ = s.part;
        return std::unexpected(ok.error());
      }
      recent_.push_front({source, std::move(fresh)});
      decoded_[source] = recent_.begin();
    }
    last_source_ = source;
    last_batch_ = &recent_.front().batch;
    return last_batch_;
  }
  [[nodiscard]] std::optional<std::size_t> failed_part() const { return failed_part_; }

 private:
  struct Decoded {
    std::uint32_t source;
    SpanBatch batch;
  };
  const std::vector<std::shared_ptr<const SpanPart>>& parts_;
  std::vector<Source> sources_;
  std::list<Decoded> recent_;
  std::unordered_map<std::uint32_t, std::list<Decoded>::iterator> decoded_;
  std::uint32_t last_source_ = 0xFFFF'FFFF;
  const SpanBatch* last_batch_ = nullptr;
  std::optional<std::size_t> failed_part_;
};

// Ids, times and kinds of all rows of one part.
Status reference_part(const SpanPart& part, std::size_t number, const Removals& removals,
                      TenantNumbers& tenants, MergeSources& sources, DictionaryChoice& strings,
                      std::vector<RowRef>& rows, const CancelToken& cancel, TraceProbe& probe) {
  const auto directory = part.directory();
  if (!directory) return std::unexpected(directory.error());
  const auto dictionary = part.dictionary();
  if (!dictionary) return std::unexpected(dictionary.error());
  for (const std::string_view text : (*dictionary)->strings) strings.count(text, 2);
  SpanBatch batch;
  constexpr WantedSections kIdentity{.fixed = true, .attributes = false, .events = false};
  for (std::uint32_t g = 0; g < (*directory)->groups.size(); ++g) {
    if (cancel.cancelled()) return fail(ErrorCode::kCancelled, "merge was cancelled");
    if (auto ok = part.read_group(g, kIdentity, batch, false); !ok) return ok;
    const std::string& tenant = (*directory)->tenants[(*directory)->groups[g].tenant];
    reference_rows(batch, sources.add(number, g), tenants.number(tenant),
                   RemovalView(removals, tenant), part.summary().last_sequence, rows, probe);
  }
  return {};
}

}  // namespace

Result<RewrittenPart> write_flushed_part(StoreDirectory& directory, const SpanHead::Snapshot& head,
                                         std::uint64_t last_sequence, const Removals& removals,
                                         const CancelToken& cancel, TraceProbe& probe) {
  TenantNumbers tenants;
  DictionaryChoice strings;
  std::vector<RowRef> rows;
  PartSummary summary;
  summary.first_sequence = head.empty() ? last_sequence : head[0].sequence;
  summary.last_sequence = last_sequence;
  for (std::size_t n = 0; n < head.size(); ++n) {
    const HeadBatch& b = head[n];
    reference_rows(b.spans, static_cast<std::uint32_t>(n), tenants.number(b.tenant),
                   RemovalView(removals, b.tenant), b.sequence, rows, probe);
    summary.min_arrival_unix_ns = std::min(summary.min_arrival_unix_ns, b.arrival_unix_ns);
    summary.max_arrival_unix_ns = std::max(summary.max_arrival_unix_ns, b.arrival_unix_ns);
    for (std::uint32_t id = 1; id < b.spans.strings.size(); ++id) {
      strings.count(b.spans.strings[StringId{id}]);
    }
  }
  const StringTable dictionary = strings.choose(2);
  auto out = write_part(
      directory, rows, tenants, dictionary,
      [&](std::uint32_t source) -> Result<const SpanBatch*> { return &head[source].spans; },
      {.zstd_level = kFlushZstdLevel}, summary, cancel, probe);
  if (out) probe.flushed_spans.add(out->summary.spans);
  return out;
}

Result<RewrittenPart> write_merged_part(StoreDirectory& directory,
                                        const std::vector<std::shared_ptr<const SpanPart>>& parts,
                                        const Removals& removals, const CancelToken& cancel,
                                        TraceProbe& probe,
                                        std::shared_ptr<const SpanPart>& damaged) {
  TenantNumbers tenants;
  DictionaryChoice strings;
  MergeSources sources(parts);
  std::vector<RowRef> rows;
  PartSummary summary;
  summary.first_sequence = ~std::uint64_t{0};
  for (std::size_t n = 0; n < parts.size(); ++n) {
    const PartSummary& s = parts[n]->summary();
    summary.first_sequence = std::min(summary.first_sequence, s.first_sequence);
    summary.last_sequence = std::max(summary.last_sequence, s.last_sequence);
    summary.min_arrival_unix_ns = std::min(summary.min_arrival_unix_ns, s.min_arrival_unix_ns);
    summary.max_arrival_unix_ns = std::max(summary.max_arrival_unix_ns, s.max_arrival_unix_ns);
    if (auto ok =
            reference_part(*parts[n], n, removals, tenants, sources, strings, rows, cancel, probe);
        !ok) {
      damaged = parts[n];
      return std::unexpected(ok.error());
    }
  }
  const StringTable dictionary = strings.choose(2);
  auto out = write_part(
      directory, rows, tenants, dictionary,
      [&](std::uint32_t source) { return sources.batch(source); }, {.zstd_level = kMergeZstdLevel},
      summary, cancel, probe);
  if (const auto failed = sources.failed_part(); !out && failed) damaged = parts[*failed];
  if (out) probe.merged_spans.add(out->summary.spans);
  return out;
}

}  // namespace binnacle::trace
