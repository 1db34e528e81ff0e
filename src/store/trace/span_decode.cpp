#include "store/columns/int_column.h"
#include "store/columns/string_list.h"
#include "store/trace/span_codec.h"

#include <algorithm>
#include <limits>

namespace binnacle::trace {
namespace {

using columns::ByteReader;
using columns::read_ints;
using columns::unzigzag;

using Ints = std::vector<std::uint64_t>;

class SpanDecoder {
 public:
  SpanDecoder(std::size_t rows, StringResolver& strings, SpanBatch& out)
      : rows_(rows), strings_(strings), out_(out) {}

  bool ids_and_times(std::string_view ids_bytes, std::string_view times_bytes) {
    ByteReader ids(ids_bytes);
    ByteReader times(times_bytes);
    const std::uint64_t runs = times.count(rows_);
    Ints lengths;
    Ints starts;
    Ints later;
    Ints highs;
    Ints lows;
    if (!read_ints(times, runs, lengths)) return false;
    std::uint64_t total = 0;
    for (const std::uint64_t length : lengths) {
      if (length == 0 || length > rows_ - total) return false;
      total += length;
    }
    if (total != rows_ || !read_ints(times, runs, starts) ||
        !read_ints(times, rows_ - runs, later) || !read_ints(times, rows_, scratch_) ||
        !read_ints(ids, runs, highs) || !read_ints(ids, runs, lows)) {
      return false;
    }
    spread_runs(lengths, starts, later, highs, lows);
    for (std::size_t i = 0; i < rows_; ++i) {
      out_.end_unix_ns[i] = out_.start_unix_ns[i] + unzigzag(scratch_[i]);
    }
    if (!read_ints(ids, rows_, scratch_)) return false;
    for (std::size_t i = 0; i < rows_; ++i) out_.span_ids[i] = SpanId{scratch_[i]};
    return parent_ids(ids, times);
  }

  bool fixed(std::string_view bytes) {
    ByteReader in(bytes);
    if (!resources(in) || !scopes(in)) return false;
    return indices(in, out_.resources.size(), out_.resource_of) &&
           indices(in, out_.scopes.size(), out_.scope_of) && texts(in, out_.names) &&
           enums(in, SpanKind::kConsumer, out_.kinds) &&
           enums(in, StatusCode::kError, out_.statuses) && texts(in, out_.status_messages) &&
           texts(in, out_.trace_states) && words(in, out_.flags) &&
           words(in, out_.dropped_attributes) && words(in, out_.dropped_events) &&
           words(in, out_.dropped_links);
  }

  bool attributes(std::string_view bytes, const WantedKeys* keys) {
    ByteReader in(bytes);
    out_.attribute_ends.clear();
    return read_attribute_lists(in, rows_, strings_, keys, out_.attributes, out_.attribute_ends);
  }

  bool events_and_links(std::string_view bytes) {
    ByteReader in(bytes);
    return events(in) && links(in);
  }

  // Sizes every column for what is not decoded.
  void prepare() {
    out_.trace_ids.resize(rows_);
    out_.span_ids.resize(rows_);
    out_.parent_span_ids.resize(rows_);
    out_.start_unix_ns.resize(rows_);
    out_.end_unix_ns.resize(rows_);
    out_.names.resize(rows_);
    out_.trace_states.resize(rows_);
    out_.status_messages.resize(rows_);
    out_.kinds.resize(rows_);
    out_.statuses.resize(rows_);
    for (auto* column : {&out_.flags, &out_.resource_of, &out_.scope_of, &out_.dropped_attributes,
                         &out_.dropped_events, &out_.dropped_links, &out_.attribute_ends,
                         &out_.event_ends, &out_.link_ends}) {
      column->resize(rows_);
    }
  }

 private:
  void spread_runs(const Ints& lengths, const Ints& starts, const Ints& later, const Ints& highs,
                   const Ints& lows) {
    std::size_t i = 0;
    std::size_t next_later = 0;
    for (std::size_t r = 0; r < lengths.size(); ++r) {
      std::uint64_t start = starts[r];
      for (std::uint64_t k = 0; k < lengths[r]; ++k, ++i) {
        if (k > 0) start += unzigzag(later[next_later++]);
        out_.start_unix_ns[i] = start;
        out_.trace_ids[i] = TraceId{highs[r], lows[r]};
      }
    }
  }

  bool parent_ids(ByteReader& ids, ByteReader& times) {
    const auto layout = static_cast<ParentLayout>(times.byte());
    if (times.failed()) return false;
    if (layout == ParentLayout::kRaw) {
      if (!read_ints(ids, rows_, scratch_)) return false;
      for (std::size_t i = 0; i < rows_; ++i) out_.parent_span_ids[i] = SpanId{scratch_[i]};
      return true;
    }
    if (layout != ParentLayout::kDistance || !read_ints(times, rows_, scratch_)) return false;
    Ints elsewhere;
    const auto outside = static_cast<std::size_t>(std::ranges::count(scratch_, 0U));
    if (!read_ints(ids, outside, elsewhere)) return false;
    std::size_t next = 0;
    for (std::size_t i = 0; i < rows_; ++i) {
      const std::uint64_t code = scratch_[i];
      if (code == 0) {
        out_.parent_span_ids[i] = SpanId{elsewhere[next++]};
      } else if (code > 1) {
        const std::uint64_t row = i - unzigzag(code - 2);
        if (row >= rows_) return false;
        out_.parent_span_ids[i] = out_.span_ids[row];
      }
    }
    return true;
  }

  bool texts(ByteReader& in, std::vector<StringId>& column) {
    if (!read_ints(in, rows_, scratch_)) return false;
    for (std::size_t i = 0; i < rows_; ++i) {
      if (!strings_.resolve(scratch_[i], column[i])) return false;
    }
    return true;
  }

  template <typename Enum>
  bool enums(ByteReader& in, Enum last, std::vector<Enum>& column) {
    if (!read_ints(in, rows_, scratch_)) return false;
    for (std::size_t i = 0; i < rows_; ++i) {
      if (scratch_[i] > static_cast<std::uint64_t>(last)) return false;
      column[i] = static_cast<Enum>(scratch_[i]);
    }
    return true;
  }

  bool words(ByteReader& in, std::vector<std::uint32_t>& column) {
    return indices(in, std::numeric_limits<std::uint32_t>::max() + std::uint64_t{1}, column);
  }

  bool indices(ByteReader& in, std::uint64_t limit, std::vector<std::uint32_t>& column) {
    if (!read_ints(in, rows_, scratch_)) return false;
    for (std::size_t i = 0; i < rows_; ++i) {
      if (scratch_[i] >= limit) return false;
      column[i] = static_cast<std::uint32_t>(scratch_[i]);
    }
    return true;
  }

  // `count` entries of a table: strings and 32-bit words.
  bool table_texts(ByteReader& in, std::size_t count, std::vector<StringId>& out) {
    out.resize(count);
    if (!read_ints(in, count, scratch_)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (!strings_.resolve(scratch_[i], out[i])) return false;
    }
    return true;
  }
  bool table_words(ByteReader& in, std::size_t count, std::vector<std::uint32_t>& out) {
    out.resize(count);
    if (!read_ints(in, count, scratch_)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (scratch_[i] > std::numeric_limits<std::uint32_t>::max()) return false;
      out[i] = static_cast<std::uint32_t>(scratch_[i]);
    }
    return true;
  }

  bool resources(ByteReader& in) {
    const std::uint64_t count = in.count(kRowsLimit);
    std::vector<StringId> schemas;
    std::vector<std::uint32_t> dropped;
    std::vector<std::uint32_t> ends;
    std::vector<Attribute> pool;
    if (!table_texts(in, count, schemas) || !table_words(in, count, dropped) ||
        !read_attribute_lists(in, count, strings_, nullptr, pool, ends)) {
      return false;
    }
    out_.resources.clear();
    for (std::size_t r = 0; r < count; ++r) {
      out_.add_resource(append_shared(pool, ends, r), schemas[r], dropped[r]);
    }
    return true;
  }

  bool scopes(ByteReader& in) {
    const std::uint64_t count = in.count(kRowsLimit);
    std::vector<StringId> names;
    std::vector<StringId> versions;
    std::vector<StringId> schemas;
    std::vector<std::uint32_t> dropped;
    std::vector<std::uint32_t> ends;
    std::vector<Attribute> pool;
    if (!table_texts(in, count, names) || !table_texts(in, count, versions) ||
        !table_texts(in, count, schemas) || !table_words(in, count, dropped) ||
        !read_attribute_lists(in, count, strings_, nullptr, pool, ends)) {
      return false;
    }
    out_.scopes.clear();
    for (std::size_t s = 0; s < count; ++s) {
      out_.add_scope(append_shared(pool, ends, s), names[s], versions[s], schemas[s], dropped[s]);
    }
    return true;
  }

  // Moves list `i` behind the shared attributes; returns where it begins.
  std::uint32_t append_shared(const std::vector<Attribute>& pool,
                              const std::vector<std::uint32_t>& ends, std::size_t i) {
    const auto begin = static_cast<std::uint32_t>(out_.shared_attributes.size());
    const auto first = pool.begin() + (i == 0 ? 0 : ends[i - 1]);
    out_.shared_attributes.insert(out_.shared_attributes.end(), first, pool.begin() + ends[i]);
    return begin;
  }

  // Turns counts per span into ends; they must add up to `total`.
  bool ends_of(ByteReader& in, std::uint64_t total, std::vector<std::uint32_t>& ends) {
    if (!read_ints(in, rows_, scratch_)) return false;
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < rows_; ++i) {
      if (scratch_[i] > total - end) return false;
      end += scratch_[i];
      ends[i] = static_cast<std::uint32_t>(end);
    }
    return end == total;
  }

  bool events(ByteReader& in) {
    const std::uint64_t count = in.count(kEventsLimit);
    if (in.failed()) return false;
    if (count == 0) return true;
    std::vector<StringId> names;
    std::vector<std::uint32_t> dropped;
    std::vector<std::uint32_t> ends;
    Ints times;
    if (!ends_of(in, count, out_.event_ends) || !read_ints(in, count, times) ||
        !table_texts(in, count, names) || !table_words(in, count, dropped) ||
        !read_attribute_lists(in, count, strings_, nullptr, out_.event_attributes, ends)) {
      return false;
    }
    out_.events.resize(count);
    for (std::size_t i = 0, e = 0; i < rows_; ++i) {
      for (; e < out_.event_ends[i]; ++e) {
        out_.events[e] = {out_.start_unix_ns[i] + unzigzag(times[e]), names[e], ends[e],
                          dropped[e]};
      }
    }
    return true;
  }

  bool links(ByteReader& in) {
    const std::uint64_t count = in.count(kEventsLimit);
    if (in.failed()) return false;
    if (count == 0) return true;
    std::vector<StringId> states;
    std::vector<std::uint32_t> flags;
    std::vector<std::uint32_t> dropped;
    std::vector<std::uint32_t> ends;
    Ints highs;
    Ints lows;
    Ints spans;
    if (!ends_of(in, count, out_.link_ends) || !read_ints(in, count, highs) ||
        !read_ints(in, count, lows) || !read_ints(in, count, spans) ||
        !table_texts(in, count, states) || !table_words(in, count, flags) ||
        !table_words(in, count, dropped) ||
        !read_attribute_lists(in, count, strings_, nullptr, out_.link_attributes, ends)) {
      return false;
    }
    out_.links.resize(count);
    for (std::size_t l = 0; l < count; ++l) {
      out_.links[l] = {
          TraceId{highs[l], lows[l]}, SpanId{spans[l]}, states[l], flags[l], ends[l], dropped[l]};
    }
    return true;
  }

  std::size_t rows_;
  StringResolver& strings_;
  SpanBatch& out_;
  Ints scratch_;
};

Status damaged(const char* section) {
  return fail(ErrorCode::kDataLoss,
              std::string("span block: section ") + section + " is malformed");
}

}  // namespace

Status decode_spans(const SectionViews& sections, std::size_t rows,
                    std::span<const std::string_view> dictionary, const WantedSections& wanted,
                    SpanBatch& out) {
  out.clear();
  if (rows > kRowsLimit) return damaged("header");
  std::vector<std::string_view> own;
  ByteReader strings_in(sections.strings);
  if (!sections.strings.empty() && !columns::read_strings(strings_in, kStringsLimit, own)) {
    return damaged("strings");
  }
  StringResolver strings(dictionary, own, out.strings);
  SpanDecoder decoder(rows, strings, out);
  decoder.prepare();
  if (!decoder.ids_and_times(sections.ids, sections.times)) return damaged("ids and times");
  if (wanted.fixed) {
    if (!decoder.fixed(sections.fixed)) return damaged("fixed");
  } else {
    out.add_resource(0);
    out.add_scope(0, {}, {});
  }
  if (wanted.attributes && !decoder.attributes(sections.attributes, wanted.attribute_keys)) {
    return damaged("attributes");
  }
  if (wanted.events && !decoder.events_and_links(sections.events)) return damaged("events");
  return {};
}

}  // namespace binnacle::trace
