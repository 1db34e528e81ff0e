#include "store/trace/part_builder.h"

#include "store/columns/string_list.h"
#include "store/columns/term_filter.h"
#include "store/trace/span_codec.h"
#include "store/trace/span_terms.h"

#include <algorithm>

namespace binnacle::trace {
namespace {

// A span's fixed columns in memory.
constexpr std::size_t kRowBytes = 128;

}  // namespace

// An estimate from above of what the span adds to the group: strings count every time.
std::size_t PartBuilder::payload_bytes(const SpanBatch& from, std::size_t i) const {
  std::size_t bytes = kRowBytes;
  const auto add = [&](std::span<const Attribute> attributes) {
    for (const Attribute& a : attributes) {
      bytes += sizeof(Attribute);
      if (a.value().refers_to_string()) bytes += from.strings[a.value().as_string()].size();
    }
  };
  add(from.attributes_of(i));
  for (std::size_t e = from.first_event(i); e < from.event_ends[i]; ++e) {
    bytes += sizeof(SpanEvent);
    add(from.event_attributes_of(e));
  }
  for (std::size_t l = from.first_link(i); l < from.link_ends[i]; ++l) {
    bytes += sizeof(SpanLink);
    add(from.link_attributes_of(l));
  }
  return bytes + from.strings[from.status_messages[i]].size();
}

Status PartBuilder::add(std::string_view tenant, std::uint64_t source, const SpanBatch& from,
                        std::size_t i) {
  const std::size_t bytes = payload_bytes(from, i);
  const bool other_tenant = directory_.tenants.empty() || directory_.tenants.back() != tenant;
  const bool full = group_.size() >= kRowGroupSpans || group_bytes_ + bytes > kRowGroupBytes;
  if (!group_.empty() && (other_tenant || full)) {
    if (auto ok = write_group(); !ok) return ok;
  }
  if (other_tenant) directory_.tenants.emplace_back(tenant);
  copier_.copy(source, from, i);
  group_bytes_ += bytes;
  return {};
}

Status PartBuilder::add_block(std::string_view name, std::uint32_t ordinal, std::string_view bytes,
                              BlockCodec codec) {
  return writer_.add_block(name, ordinal, bytes, codec);
}

void PartBuilder::note_group(std::uint32_t number) {
  RowGroup g;
  g.tenant = static_cast<std::uint32_t>(directory_.tenants.size() - 1);
  g.rows = static_cast<std::uint32_t>(group_.size());
  const std::string& tenant = directory_.tenants.back();
  for (std::size_t i = 0; i < group_.size(); ++i) {
    g.zone.include(group_, i);
    if (i == 0 || group_.trace_ids[i] != group_.trace_ids[i - 1]) {
      traces_.push_back({trace_fingerprint(tenant, group_.trace_ids[i]), number});
    }
  }
  directory_.groups.push_back(g);
  summary_.spans += group_.size();
  summary_.min_start_unix_ns = std::min(summary_.min_start_unix_ns, g.zone.min_start_unix_ns);
  summary_.max_start_unix_ns = std::max(summary_.max_start_unix_ns, g.zone.max_start_unix_ns);
}

void PartBuilder::note_catalogue() {
  if (!catalogue_complete_) return;
  // By numbers first: a group has thousands of spans and a few dozen distinct entries.
  std::map<std::tuple<std::uint32_t, std::uint32_t, SpanKind>, CatalogueEntry> counted;
  for (std::size_t i = 0; i < group_.size(); ++i) {
    CatalogueEntry& e = counted[{group_.resource_of[i], group_.names[i].value, group_.kinds[i]}];
    ++e.spans;
    e.min_start_unix_ns = std::min(e.min_start_unix_ns, group_.start_unix_ns[i]);
    e.max_start_unix_ns = std::max(e.max_start_unix_ns, group_.start_unix_ns[i]);
  }
  const auto tenant = static_cast<std::uint32_t>(directory_.tenants.size() - 1);
  for (const auto& [key, counts] : counted) {
    const auto [resource, name, kind] = key;
    const StringId service = group_.resources[resource].service;
    const auto text = service.empty() ? kUnknownService : group_.strings[service];
    CatalogueEntry& e =
        catalogue_[{tenant, std::string(text), std::string(group_.strings[StringId{name}]),
                    static_cast<std::uint8_t>(kind)}];
    e.spans += counts.spans;
    e.min_start_unix_ns = std::min(e.min_start_unix_ns, counts.min_start_unix_ns);
    e.max_start_unix_ns = std::max(e.max_start_unix_ns, counts.max_start_unix_ns);
  }
  if (catalogue_.size() > Catalogue::kEntriesLimit) {
    catalogue_complete_ = false;
    catalogue_.clear();
  }
}

Status PartBuilder::write_group() {
  const auto number = static_cast<std::uint32_t>(directory_.groups.size());
  note_group(number);
  note_catalogue();
  const auto sections = encode_spans(group_, dictionary_, ParentLayout::kDistance);
  if (!sections) return std::unexpected(sections.error());
  struct Section {
    std::string_view name;
    const std::string& bytes;
    bool present;
  };
  const bool has_events = !group_.events.empty() || !group_.links.empty();
  for (const Section& s :
       {Section{block::kIds, sections->ids, true}, Section{block::kTimes, sections->times, true},
        Section{block::kFixed, sections->fixed, true},
        Section{block::kAttributes, sections->attributes, !group_.attributes.empty()},
        Section{block::kEvents, sections->events, has_events},
        Section{block::kStrings, sections->strings, true}}) {
    if (!s.present) continue;
    if (auto ok = add_block(s.name, number, s.bytes); !ok) return ok;
  }
  const std::string filter = columns::make_term_filter(collect_terms(group_));
  if (auto ok = add_block(block::kFilter, number, filter, BlockCodec::kNone); !ok) return ok;
  group_.clear();
  group_bytes_ = 0;
  copier_.reset();
  return {};
}

Result<PartSummary> PartBuilder::finish() {
  if (!group_.empty()) {
    if (auto ok = write_group(); !ok) return std::unexpected(ok.error());
  }
  std::vector<std::string_view> shared;
  for (std::uint32_t id = 0; id < dictionary_.size(); ++id) {
    shared.push_back(dictionary_[StringId{id}]);
  }
  std::string dictionary;
  columns::append_strings(dictionary, shared);
  Catalogue catalogue;
  catalogue.complete = catalogue_complete_;
  for (auto& [key, entry] : catalogue_) {
    auto& [tenant, service, name, kind] = key;
    entry.tenant = tenant;
    entry.service = service;
    entry.name = name;
    entry.kind = kind;
    catalogue.entries.push_back(std::move(entry));
  }
  for (const auto& ok : {add_block(block::kDictionary, 0, dictionary),
                         add_block(block::kTraces, 0, encode_traces(std::move(traces_))),
                         add_block(block::kCatalogue, 0, encode_catalogue(catalogue)),
                         add_block(block::kDirectory, 0, encode_directory(directory_))}) {
    if (!ok) return std::unexpected(ok.error());
  }
  return summary_;
}

}  // namespace binnacle::trace
