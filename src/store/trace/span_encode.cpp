#include "store/columns/int_column.h"
#include "store/columns/string_list.h"
#include "store/trace/keyed_hash.h"
#include "store/trace/span_codec.h"

#include <fmt/format.h>

#include <bit>

namespace binnacle::trace {
namespace {

using columns::append_ints;
using columns::IntShape;
using columns::put_varint;
using columns::zigzag;

using Ints = std::vector<std::uint64_t>;

// Rows by span id, open addressing: which row of the block is the parent.
class RowOfSpan {
 public:
  explicit RowOfSpan(const SpanBatch& b)
      : batch_(b), slots_(std::bit_ceil(b.size() * 2 + 1), kFree) {
    for (std::size_t i = 0; i < b.size(); ++i) {
      std::size_t at = slot(b.span_ids[i]);
      while (slots_[at] != kFree) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<std::uint32_t>(i);
    }
  }
  static constexpr std::uint32_t kFree = 0xFFFF'FFFF;
  // Any row with that id will do: the distance stands for the id, not for the span.
  [[nodiscard]] std::uint32_t find(SpanId id) const {
    for (std::size_t at = slot(id);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == kFree || batch_.span_ids[slots_[at]] == id) return slots_[at];
    }
  }

 private:
  [[nodiscard]] std::size_t slot(SpanId id) const {
    return keyed_hash(id.value) & (slots_.size() - 1);
  }
  const SpanBatch& batch_;
  std::vector<std::uint32_t> slots_;
};

class SpanEncoder {
 public:
  SpanEncoder(const SpanBatch& batch, const StringTable& dictionary)
      : b_(batch), strings_(batch.strings, dictionary) {}

  Result<SpanSections> encode(ParentLayout parents) {
    if (auto ok = check_limits(); !ok) return std::unexpected(ok.error());
    ids_and_times();
    parent_ids(parents);
    bool fits = resources_and_scopes();
    fixed();
    fits =
        fits && append_attribute_lists(out_.attributes, b_.attributes, b_.attribute_ends, strings_);
    fits = fits && events() && links();
    if (!fits) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("batch has more than {} distinct attribute keys; send fewer spans "
                              "at once, or do not put data into keys",
                              kColumnsLimit));
    }
    columns::append_strings(out_.strings, strings_.own());
    return std::move(out_);
  }

 private:
  Status check_limits() const {
    const auto within = [](std::string_view what, std::size_t n, std::uint64_t limit) -> Status {
      if (n <= limit) return {};
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("batch has {} {}, the limit is {}; send less at once", n, what, limit));
    };
    for (const auto& ok :
         {within("spans", b_.size(), kRowsLimit),
          within("resources", b_.resources.size(), kRowsLimit),
          within("scopes", b_.scopes.size(), kRowsLimit),
          within("attributes", b_.attributes.size(), kAttributesLimit),
          within("shared attributes", b_.shared_attributes.size(), kAttributesLimit),
          within("event attributes", b_.event_attributes.size(), kAttributesLimit),
          within("link attributes", b_.link_attributes.size(), kAttributesLimit),
          within("events", b_.events.size(), kEventsLimit),
          within("links", b_.links.size(), kEventsLimit),
          within("strings", b_.strings.size(), kStringsLimit)}) {
      if (!ok) return ok;
    }
    return {};
  }

  template <typename Get>
  void ints(std::string& out, std::size_t n, Get get, IntShape shape = IntShape::kAny) {
    scratch_.resize(n);
    for (std::size_t i = 0; i < n; ++i) scratch_[i] = get(i);
    append_ints(out, scratch_, shape);
  }

  // A run is consecutive spans of one trace. Times count from the run's first span, and that from
  // the run before: sorted spans give small positive numbers.
  void ids_and_times() {
    const std::size_t n = b_.size();
    std::vector<std::size_t> runs;
    for (std::size_t i = 0; i < n; ++i) {
      if (i == 0 || b_.trace_ids[i] != b_.trace_ids[i - 1]) runs.push_back(i);
    }
    put_varint(out_.times, runs.size());
    ints(out_.times, runs.size(),
         [&](std::size_t r) { return (r + 1 < runs.size() ? runs[r + 1] : n) - runs[r]; });
    ints(
        out_.times, runs.size(), [&](std::size_t r) { return b_.start_unix_ns[runs[r]]; },
        IntShape::kRising);
    Ints later;
    later.reserve(n - runs.size());
    for (std::size_t i = 1; i < n; ++i) {
      if (b_.trace_ids[i] != b_.trace_ids[i - 1]) continue;
      later.push_back(zigzag(b_.start_unix_ns[i] - b_.start_unix_ns[i - 1]));
    }
    append_ints(out_.times, later);
    ints(out_.times, n,
         [&](std::size_t i) { return zigzag(b_.end_unix_ns[i] - b_.start_unix_ns[i]); });
    ints(out_.ids, runs.size(), [&](std::size_t r) { return b_.trace_ids[runs[r]].high; });
    ints(
        out_.ids, runs.size(), [&](std::size_t r) { return b_.trace_ids[runs[r]].low; },
        IntShape::kRandom);
    ints(out_.ids, n, [&](std::size_t i) { return b_.span_ids[i].value; }, IntShape::kRandom);
  }

  // Distances: 0 not in the block (the id follows in `ids`), 1 no parent, else zigzag(distance)+2.
  void parent_ids(ParentLayout layout) {
    const std::size_t n = b_.size();
    out_.times.push_back(static_cast<char>(layout));
    if (layout == ParentLayout::kRaw) {
      ints(
          out_.ids, n, [&](std::size_t i) { return b_.parent_span_ids[i].value; },
          IntShape::kRandom);
      return;
    }
    const RowOfSpan rows(b_);
    Ints elsewhere;
    ints(out_.times, n, [&](std::size_t i) -> std::uint64_t {
      const SpanId parent = b_.parent_span_ids[i];
      if (!parent.valid()) return 1;
      const std::uint32_t row = rows.find(parent);
      if (row != RowOfSpan::kFree) return zigzag(std::uint64_t{i} - row) + 2;
      elsewhere.push_back(parent.value);
      return 0;
    });
    append_ints(out_.ids, elsewhere, IntShape::kRandom);
  }

  // Resources' and scopes' attributes may lie anywhere in the shared pool: copied to lie in order.
  template <typename Entry>
  bool shared_lists(const std::vector<Entry>& entries) {
    std::vector<Attribute> pool;
    std::vector<std::uint32_t> ends;
    for (const Entry& e : entries) {
      const auto attributes = b_.shared(e.attributes);
      pool.insert(pool.end(), attributes.begin(), attributes.end());
      ends.push_back(static_cast<std::uint32_t>(pool.size()));
    }
    return pool.size() <= kAttributesLimit &&
           append_attribute_lists(out_.fixed, pool, ends, strings_);
  }

  bool resources_and_scopes() {
    std::string& out = out_.fixed;
    const auto number = [&](StringId id) { return strings_.number(id); };
    put_varint(out, b_.resources.size());
    ints(out, b_.resources.size(),
         [&](std::size_t i) { return number(b_.resources[i].schema_url); });
    ints(out, b_.resources.size(),
         [&](std::size_t i) { return b_.resources[i].dropped_attributes; });
    if (!shared_lists(b_.resources)) return false;
    const auto& scopes = b_.scopes;
    put_varint(out, scopes.size());
    ints(out, scopes.size(), [&](std::size_t i) { return number(scopes[i].name); });
    ints(out, scopes.size(), [&](std::size_t i) { return number(scopes[i].version); });
    ints(out, scopes.size(), [&](std::size_t i) { return number(scopes[i].schema_url); });
    ints(out, scopes.size(), [&](std::size_t i) { return scopes[i].dropped_attributes; });
    return shared_lists(scopes);
  }

  void fixed() {
    std::string& out = out_.fixed;
    const std::size_t n = b_.size();
    const auto number = [&](StringId id) { return strings_.number(id); };
    ints(out, n, [&](std::size_t i) { return b_.resource_of[i]; });
    ints(out, n, [&](std::size_t i) { return b_.scope_of[i]; });
    ints(out, n, [&](std::size_t i) { return number(b_.names[i]); });
    ints(out, n, [&](std::size_t i) { return static_cast<std::uint64_t>(b_.kinds[i]); });
    ints(out, n, [&](std::size_t i) { return static_cast<std::uint64_t>(b_.statuses[i]); });
    ints(out, n, [&](std::size_t i) { return number(b_.status_messages[i]); });
    ints(out, n, [&](std::size_t i) { return number(b_.trace_states[i]); });
    ints(out, n, [&](std::size_t i) { return b_.flags[i]; });
    ints(out, n, [&](std::size_t i) { return b_.dropped_attributes[i]; });
    ints(out, n, [&](std::size_t i) { return b_.dropped_events[i]; });
    ints(out, n, [&](std::size_t i) { return b_.dropped_links[i]; });
  }

  // How many each span has, by the ends of the spans' ranges.
  void counts(const std::vector<std::uint32_t>& ends) {
    ints(out_.events, ends.size(),
         [&](std::size_t i) { return ends[i] - (i == 0 ? 0U : ends[i - 1]); });
  }

  bool events() {
    std::string& out = out_.events;
    const auto& events = b_.events;
    put_varint(out, events.size());
    if (events.empty()) return true;
    counts(b_.event_ends);
    Ints times;
    times.reserve(events.size());
    for (std::size_t i = 0, e = 0; i < b_.size(); ++i) {
      for (; e < b_.event_ends[i]; ++e) {
        times.push_back(zigzag(events[e].time_unix_ns - b_.start_unix_ns[i]));
      }
    }
    append_ints(out, times);
    const std::size_t n = events.size();
    ints(out, n, [&](std::size_t e) { return strings_.number(events[e].name); });
    ints(out, n, [&](std::size_t e) { return events[e].dropped_attributes; });
    return attributes_of(events, b_.event_attributes);
  }

  bool links() {
    std::string& out = out_.events;
    const auto& links = b_.links;
    put_varint(out, links.size());
    if (links.empty()) return true;
    counts(b_.link_ends);
    const std::size_t n = links.size();
    ints(out, n, [&](std::size_t l) { return links[l].trace_id.high; }, IntShape::kRandom);
    ints(out, n, [&](std::size_t l) { return links[l].trace_id.low; }, IntShape::kRandom);
    ints(out, n, [&](std::size_t l) { return links[l].span_id.value; }, IntShape::kRandom);
    ints(out, n, [&](std::size_t l) { return strings_.number(links[l].trace_state); });
    ints(out, n, [&](std::size_t l) { return links[l].flags; });
    ints(out, n, [&](std::size_t l) { return links[l].dropped_attributes; });
    return attributes_of(links, b_.link_attributes);
  }

  template <typename Entry>
  bool attributes_of(const std::vector<Entry>& entries, const std::vector<Attribute>& pool) {
    std::vector<std::uint32_t> ends;
    ends.reserve(entries.size());
    for (const Entry& e : entries) ends.push_back(e.attributes_end);
    return append_attribute_lists(out_.events, pool, ends, strings_);
  }

  const SpanBatch& b_;
  StringNumbering strings_;
  SpanSections out_;
  Ints scratch_;
};

}  // namespace

Result<SpanSections> encode_spans(const SpanBatch& batch, const StringTable& dictionary,
                                  ParentLayout parents) {
  return SpanEncoder(batch, dictionary).encode(parents);
}

}  // namespace binnacle::trace
