#include "store/trace/part_format.h"

#include "base/hash.h"
#include "store/columns/byte_io.h"
#include "store/columns/int_column.h"
#include "store/columns/string_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace binnacle::trace {
namespace {

using columns::append_ints;
using columns::ByteReader;
using columns::IntShape;
using columns::put_varint;
using columns::read_ints;

using Ints = std::vector<std::uint64_t>;

constexpr std::uint8_t kVersion = 1;
// Far above what parts reach (2 million spans); bounds what a damaged block can ask for.
constexpr std::uint64_t kGroupsLimit = 1 << 20;
constexpr std::uint64_t kTenantsLimit = 1 << 20;

Status check_version(ByteReader& in, std::string_view what) {
  const std::uint8_t version = in.byte();
  if (in.failed()) return fail(ErrorCode::kDataLoss, fmt::format("span part {}: empty", what));
  if (version == kVersion) return {};
  return fail(
      ErrorCode::kUnimplemented,
      fmt::format("span part {}: version {}, this program reads {}", what, version, kVersion));
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kDataLoss, fmt::format("span part {}: malformed", what));
}

template <typename Entry, typename Get>
void put_column(std::string& out, const std::vector<Entry>& entries, Get get,
                IntShape shape = IntShape::kAny) {
  Ints values;
  values.reserve(entries.size());
  for (const Entry& e : entries) values.push_back(get(e));
  append_ints(out, values, shape);
}

template <typename Entry, typename Set>
bool take_column(ByteReader& in, std::vector<Entry>& entries, Set set) {
  Ints values;
  if (!read_ints(in, entries.size(), values)) return false;
  for (std::size_t i = 0; i < entries.size(); ++i) set(entries[i], values[i]);
  return true;
}

void put_texts(std::string& out, const std::vector<std::string>& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  columns::append_strings(out, views);
}

// Distinct texts of a catalogue column, with each entry's number.
class TextColumn {
 public:
  template <typename Get>
  TextColumn(const std::vector<CatalogueEntry>& entries, Get get) {
    std::vector<std::string_view> sorted;
    for (const CatalogueEntry& e : entries) sorted.push_back(get(e));
    std::ranges::sort(sorted);
    sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
    for (const CatalogueEntry& e : entries) {
      numbers_.push_back(static_cast<std::uint64_t>(
          std::ranges::lower_bound(sorted, std::string_view(get(e))) - sorted.begin()));
    }
    texts_ = std::move(sorted);
  }
  void write(std::string& out) const {
    columns::append_strings(out, texts_);
    append_ints(out, numbers_);
  }

 private:
  std::vector<std::string_view> texts_;
  Ints numbers_;
};

template <typename Set>
bool take_texts(ByteReader& in, std::vector<CatalogueEntry>& entries, Set set) {
  std::vector<std::string_view> texts;
  if (!columns::read_strings(in, Catalogue::kEntriesLimit, texts)) return false;
  bool known = true;
  const bool read = take_column(in, entries, [&](CatalogueEntry& e, std::uint64_t n) {
    if (n < texts.size()) {
      set(e, texts[n]);
    } else {
      known = false;
    }
  });
  return read && known;
}

}  // namespace

std::string encode_summary(const PartSummary& s) {
  std::string out;
  out.push_back(static_cast<char>(kVersion));
  for (const std::uint64_t n : {s.spans, s.first_sequence, s.last_sequence, s.min_arrival_unix_ns,
                                s.max_arrival_unix_ns, s.min_start_unix_ns, s.max_start_unix_ns}) {
    put_varint(out, n);
  }
  return out;
}

Result<PartSummary> decode_summary(std::string_view bytes) {
  ByteReader in(bytes);
  if (auto ok = check_version(in, "summary"); !ok) return std::unexpected(ok.error());
  PartSummary s;
  for (std::uint64_t* n : {&s.spans, &s.first_sequence, &s.last_sequence, &s.min_arrival_unix_ns,
                           &s.max_arrival_unix_ns, &s.min_start_unix_ns, &s.max_start_unix_ns}) {
    *n = in.varint();
  }
  if (in.failed() || s.first_sequence > s.last_sequence) return damaged("summary");
  return s;
}

std::string encode_directory(const PartDirectory& d) {
  std::string out;
  out.push_back(static_cast<char>(kVersion));
  put_texts(out, d.tenants);
  put_varint(out, d.groups.size());
  using G = RowGroup;
  put_column(out, d.groups, [](const G& g) { return std::uint64_t{g.tenant}; });
  put_column(out, d.groups, [](const G& g) { return std::uint64_t{g.rows}; });
  put_column(out, d.groups, [](const G& g) { return g.zone.min_start_unix_ns; }, IntShape::kRising);
  put_column(out, d.groups, [](const G& g) {
    return columns::zigzag(g.zone.max_start_unix_ns - g.zone.min_start_unix_ns);
  });
  put_column(out, d.groups, [](const G& g) { return g.zone.min_duration_ns; });
  put_column(out, d.groups, [](const G& g) { return g.zone.max_duration_ns; });
  put_column(out, d.groups, [](const G& g) { return std::uint64_t{g.zone.kinds}; });
  put_column(out, d.groups, [](const G& g) { return std::uint64_t{g.zone.statuses}; });
  return out;
}

Result<PartDirectory> decode_directory(std::string_view bytes) {
  ByteReader in(bytes);
  if (auto ok = check_version(in, "directory"); !ok) return std::unexpected(ok.error());
  PartDirectory d;
  std::vector<std::string_view> tenants;
  if (!columns::read_strings(in, kTenantsLimit, tenants)) return damaged("directory");
  d.tenants.assign(tenants.begin(), tenants.end());
  d.groups.resize(in.count(kGroupsLimit));
  using G = RowGroup;
  bool sound = true;
  const bool read =
      take_column(in, d.groups,
                  [&](G& g, std::uint64_t n) {
                    sound = sound && n < d.tenants.size();
                    g.tenant = static_cast<std::uint32_t>(n);
                  }) &&
      take_column(in, d.groups,
                  [&](G& g, std::uint64_t n) {
                    sound = sound && n <= (std::uint64_t{1} << 22);
                    g.rows = static_cast<std::uint32_t>(n);
                  }) &&
      take_column(in, d.groups, [](G& g, std::uint64_t n) { g.zone.min_start_unix_ns = n; }) &&
      take_column(in, d.groups,
                  [](G& g, std::uint64_t n) {
                    g.zone.max_start_unix_ns = g.zone.min_start_unix_ns + columns::unzigzag(n);
                  }) &&
      take_column(in, d.groups, [](G& g, std::uint64_t n) { g.zone.min_duration_ns = n; }) &&
      take_column(in, d.groups, [](G& g, std::uint64_t n) { g.zone.max_duration_ns = n; }) &&
      take_column(in, d.groups,
                  [](G& g, std::uint64_t n) { g.zone.kinds = static_cast<std::uint8_t>(n); }) &&
      take_column(in, d.groups,
                  [](G& g, std::uint64_t n) { g.zone.statuses = static_cast<std::uint8_t>(n); });
  if (!read || !sound) return damaged("directory");
  return d;
}

std::uint32_t trace_fingerprint(std::string_view tenant, TraceId id) noexcept {
  char bytes[16];
  to_bytes(id, bytes);
  return static_cast<std::uint32_t>(hash64({bytes, sizeof bytes}, hash64(tenant)));
}

// count (8 bytes), fingerprints ascending (4 each), their groups (4 each): binary search in place.
std::string encode_traces(std::vector<TraceEntry> entries) {
  std::ranges::sort(entries);
  entries.erase(std::ranges::unique(entries).begin(), entries.end());
  std::string out;
  const std::uint64_t count = entries.size();
  out.reserve(8 + 8 * count);
  out.append(reinterpret_cast<const char*>(&count), sizeof count);
  for (const TraceEntry& e : entries) {
    out.append(reinterpret_cast<const char*>(&e.fingerprint), sizeof e.fingerprint);
  }
  for (const TraceEntry& e : entries) {
    out.append(reinterpret_cast<const char*>(&e.group), sizeof e.group);
  }
  return out;
}

Status find_in_traces(std::string_view bytes, std::uint32_t fingerprint,
                      std::vector<std::uint32_t>& groups) {
  std::uint64_t count = 0;
  if (bytes.size() < sizeof count) return damaged("traces");
  std::memcpy(&count, bytes.data(), sizeof count);
  if (count > bytes.size() / 8 || bytes.size() != sizeof count + 8 * count) {
    return damaged("traces");
  }
  const char* fingerprints = bytes.data() + sizeof count;
  const auto at = [&](std::uint64_t i) {
    std::uint32_t value = 0;
    std::memcpy(&value, fingerprints + 4 * i, sizeof value);
    return value;
  };
  std::uint64_t low = 0;
  std::uint64_t high = count;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (at(middle) < fingerprint) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (; low < count && at(low) == fingerprint; ++low) groups.push_back(at(count + low));
  return {};
}

std::string encode_catalogue(const Catalogue& c) {
  std::string out;
  out.push_back(static_cast<char>(kVersion));
  out.push_back(c.complete ? '\1' : '\0');
  put_varint(out, c.entries.size());
  using E = CatalogueEntry;
  put_column(out, c.entries, [](const E& e) { return std::uint64_t{e.tenant}; });
  TextColumn(c.entries, [](const E& e) -> const std::string& { return e.service; }).write(out);
  TextColumn(c.entries, [](const E& e) -> const std::string& { return e.name; }).write(out);
  put_column(out, c.entries, [](const E& e) { return std::uint64_t{e.kind}; });
  put_column(out, c.entries, [](const E& e) { return e.spans; });
  put_column(out, c.entries, [](const E& e) { return e.min_start_unix_ns; });
  put_column(out, c.entries, [](const E& e) { return e.max_start_unix_ns; });
  return out;
}

Result<Catalogue> decode_catalogue(std::string_view bytes) {
  ByteReader in(bytes);
  if (auto ok = check_version(in, "catalogue"); !ok) return std::unexpected(ok.error());
  Catalogue c;
  c.complete = in.byte() != 0;
  c.entries.resize(in.count(Catalogue::kEntriesLimit));
  using E = CatalogueEntry;
  const bool read =
      take_column(in, c.entries,
                  [](E& e, std::uint64_t n) { e.tenant = static_cast<std::uint32_t>(n); }) &&
      take_texts(in, c.entries, [](E& e, std::string_view text) { e.service = text; }) &&
      take_texts(in, c.entries, [](E& e, std::string_view text) { e.name = text; }) &&
      take_column(in, c.entries,
                  [](E& e, std::uint64_t n) { e.kind = static_cast<std::uint8_t>(n); }) &&
      take_column(in, c.entries, [](E& e, std::uint64_t n) { e.spans = n; }) &&
      take_column(in, c.entries, [](E& e, std::uint64_t n) { e.min_start_unix_ns = n; }) &&
      take_column(in, c.entries, [](E& e, std::uint64_t n) { e.max_start_unix_ns = n; });
  if (!read) return damaged("catalogue");
  return c;
}

}  // namespace binnacle::trace
