#pragma once

#include "base/error.h"
#include "model/span_batch.h"
#include "store/trace/attribute_codec.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A SpanBatch as bytes and back: the one encoding behind log records and the row groups of parts
// (docs/formats/span_part.md). Five sections, so that a search decodes only what it asks about; all
// are meant to be compressed afterwards. Pure functions, any thread.

namespace binnacle::trace {

/// Most spans of one block; a constant column of any length is a few bytes, so readers need a
/// limit.
constexpr std::uint64_t kRowsLimit = std::uint64_t{1} << 22;
/// Likewise for events and links of one block.
constexpr std::uint64_t kEventsLimit = std::uint64_t{1} << 22;
/// Strings of one block. Each takes at least one byte of a request bounded at 64 MB.
constexpr std::uint64_t kStringsLimit = std::uint64_t{1} << 26;

struct SpanSections {
  std::string ids;         ///< trace ids, span ids, parents that are not in the block: random bytes
  std::string times;       ///< runs of one trace, starts, durations, parents as distances
  std::string fixed;       ///< resources, scopes, names, kinds, statuses and the rest of SpanRow
  std::string attributes;  ///< the spans' own
  std::string events;      ///< events and links with their attributes
  std::string strings;     ///< the block's own
};

/// Whether parents are looked for in the block (row groups: most are there, and a distance is one
/// byte instead of eight) or written as they are (log records: no time for that).
enum class ParentLayout : std::uint8_t { kRaw = 0, kDistance = 1 };

/// kInvalidArgument if the batch is beyond the limits above (the message says which).
[[nodiscard]] Result<SpanSections> encode_spans(const SpanBatch& batch,
                                                const StringTable& dictionary,
                                                ParentLayout parents);

/// What to decode. Ids and times always are.
struct WantedSections {
  bool fixed = true;
  bool attributes = true;
  bool events = true;
  const WantedKeys* attribute_keys = nullptr;  ///< null: all
};

/// The sections as read. Those not wanted may be empty.
struct SectionViews {
  std::string_view ids;
  std::string_view times;
  std::string_view fixed;
  std::string_view attributes;
  std::string_view events;
  std::string_view strings;
};

/// Fills `out` (cleared first) with `rows` spans. What is not wanted has default values in every
/// row, so that the batch is valid as it is. kDataLoss if the bytes are damaged: `out` is then
/// unspecified.
[[nodiscard]] Status decode_spans(const SectionViews& sections, std::size_t rows,
                                  std::span<const std::string_view> dictionary,
                                  const WantedSections& wanted, SpanBatch& out);

}  // namespace binnacle::trace
