#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "store/trace/span_terms.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the blocks of a span part hold besides the spans (docs/formats/span_part.md): the directory
// of row groups, the trace table, the catalogue, and the summary that the manifest keeps. Structs
// and their bytes; pure functions, fuzzed.

namespace binnacle::trace {

/// PartIndex::kind: span parts, layout 1.
constexpr std::uint32_t kSpanPartKind = 0x0001'0001;

/// Block names. Row group blocks have the group's number as ordinal, the others 0.
namespace block {
constexpr std::string_view kDirectory = "directory";
constexpr std::string_view kDictionary = "dictionary";
constexpr std::string_view kTraces = "traces";
constexpr std::string_view kCatalogue = "catalogue";
constexpr std::string_view kIds = "ids";
constexpr std::string_view kTimes = "times";
constexpr std::string_view kFixed = "fixed";
constexpr std::string_view kAttributes = "attributes";
constexpr std::string_view kEvents = "events";
constexpr std::string_view kStrings = "strings";
constexpr std::string_view kFilter = "filter";
}  // namespace block

/// Known of a part without opening it. Sequences are the log's; [first, last] of two parts never
/// overlap. A removal with sequence r applies to the part if r > last_sequence.
struct PartSummary {
  std::uint64_t spans = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t min_arrival_unix_ns = ~std::uint64_t{0};
  std::uint64_t max_arrival_unix_ns = 0;
  std::uint64_t min_start_unix_ns = ~std::uint64_t{0};
  std::uint64_t max_start_unix_ns = 0;
  friend bool operator==(const PartSummary&, const PartSummary&) = default;
};
[[nodiscard]] std::string encode_summary(const PartSummary& summary);
[[nodiscard]] Result<PartSummary> decode_summary(std::string_view bytes);

struct RowGroup {
  std::uint32_t tenant = 0;  ///< index into PartDirectory::tenants
  std::uint32_t rows = 0;
  ZoneMap zone;
};

struct PartDirectory {
  std::vector<std::string> tenants;
  std::vector<RowGroup> groups;
};
[[nodiscard]] std::string encode_directory(const PartDirectory& directory);
[[nodiscard]] Result<PartDirectory> decode_directory(std::string_view bytes);

/// 32 bits that stand for a trace of a tenant. Two traces share one by chance once in 2^32: costs a
/// look at a row group, never an answer.
[[nodiscard]] std::uint32_t trace_fingerprint(std::string_view tenant, TraceId id) noexcept;

/// The trace table: which row groups hold a trace. Searched as it lies, without decoding.
struct TraceEntry {
  std::uint32_t fingerprint = 0;
  std::uint32_t group = 0;
  friend auto operator<=>(const TraceEntry&, const TraceEntry&) = default;
};
/// Sorts the entries and drops repeated ones.
[[nodiscard]] std::string encode_traces(std::vector<TraceEntry> entries);
/// Appends the groups of that fingerprint, ascending. kDataLoss if the bytes are no trace table.
[[nodiscard]] Status find_in_traces(std::string_view bytes, std::uint32_t fingerprint,
                                    std::vector<std::uint32_t>& groups);

/// Distinct (tenant, service, span name, kind) with their counts: answers "which services, which
/// operations" without reading a span.
struct CatalogueEntry {
  std::uint32_t tenant = 0;
  std::string service;  ///< as shown: kUnknownService when there was none
  std::string name;
  std::uint8_t kind = 0;
  std::uint64_t spans = 0;
  std::uint64_t min_start_unix_ns = ~std::uint64_t{0};
  std::uint64_t max_start_unix_ns = 0;
};
struct Catalogue {
  /// Ids in span names make catalogues as large as the data: beyond this it is left empty and
  /// `complete` is false, and readers look at the spans.
  static constexpr std::size_t kEntriesLimit = 65'536;
  bool complete = true;
  std::vector<CatalogueEntry> entries;
};
[[nodiscard]] std::string encode_catalogue(const Catalogue& catalogue);
[[nodiscard]] Result<Catalogue> decode_catalogue(std::string_view bytes);

}  // namespace binnacle::trace
