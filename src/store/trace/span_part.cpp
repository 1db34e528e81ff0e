#include "store/trace/span_part.h"

#include "store/columns/string_list.h"

#include <fmt/format.h>

#include <utility>

namespace binnacle::trace {

Result<std::shared_ptr<const SpanPart>> SpanPart::open(std::shared_ptr<const StoredPart> stored) {
  if (stored->record().kind != kSpanPartKind) {
    return fail(ErrorCode::kUnimplemented,
                fmt::format("part {} is of kind {:#x}, this program reads {:#x}", stored->id(),
                            stored->record().kind, kSpanPartKind));
  }
  const auto summary = decode_summary(stored->summary());
  if (!summary) return std::unexpected(summary.error());
  return std::make_shared<const SpanPart>(std::move(stored), *summary);
}

template <typename T, typename Load>
Result<std::shared_ptr<const T>> SpanPart::lazily(std::shared_ptr<const T>& slot, Load load) const {
  {
    const std::scoped_lock lock(mutex_);
    if (slot != nullptr) return slot;
  }
  Result<T> loaded = load();  // two readers may do this at once: cheaper than waiting with a lock
  if (!loaded) return std::unexpected(loaded.error());
  auto made = std::make_shared<const T>(std::move(*loaded));
  const std::scoped_lock lock(mutex_);
  if (slot == nullptr) slot = std::move(made);
  return slot;
}

Result<std::shared_ptr<const PartDirectory>> SpanPart::directory() const {
  return lazily(directory_, [&]() -> Result<PartDirectory> {
    const auto bytes = stored_->reader().read_once(block::kDirectory);
    if (!bytes) return std::unexpected(bytes.error());
    return decode_directory(**bytes);
  });
}

Result<std::shared_ptr<const PartDictionary>> SpanPart::dictionary() const {
  return lazily(dictionary_, [&]() -> Result<PartDictionary> {
    const auto bytes = stored_->reader().read_once(block::kDictionary);
    if (!bytes) return std::unexpected(bytes.error());
    PartDictionary out{*bytes, {}};
    columns::ByteReader in(*out.bytes);
    if (!columns::read_strings(in, kStringsLimit, out.strings)) {
      return fail(ErrorCode::kDataLoss, "span part dictionary: malformed");
    }
    return out;
  });
}

Result<std::shared_ptr<const Catalogue>> SpanPart::catalogue() const {
  return lazily(catalogue_, [&]() -> Result<Catalogue> {
    const auto bytes = stored_->reader().read_once(block::kCatalogue);
    if (!bytes) return std::unexpected(bytes.error());
    return decode_catalogue(**bytes);
  });
}

Status SpanPart::find_trace(std::uint32_t fingerprint, std::vector<std::uint32_t>& groups) const {
  const auto bytes = stored_->reader().read(block::kTraces);
  if (!bytes) return std::unexpected(bytes.error());
  return find_in_traces(**bytes, fingerprint, groups);
}

Result<Block> SpanPart::filter(std::uint32_t group) const {
  return stored_->reader().read(block::kFilter, group);
}

Status SpanPart::read_group(std::uint32_t group, const WantedSections& wanted, SpanBatch& out,
                            bool through_cache) const {
  const auto dir = directory();
  if (!dir) return std::unexpected(dir.error());
  const auto shared = dictionary();
  if (!shared) return std::unexpected(shared.error());
  if (group >= (*dir)->groups.size()) {
    return fail(ErrorCode::kDataLoss, fmt::format("span part: no row group {}", group));
  }
  const PartReader& reader = stored_->reader();
  WantedSections present = wanted;
  present.attributes = wanted.attributes && reader.find(block::kAttributes, group) != nullptr;
  present.events = wanted.events && reader.find(block::kEvents, group) != nullptr;
  struct Part {
    std::string_view name;
    bool wanted;
    std::string_view SectionViews::* view;
    Block bytes;
  };
  const bool strings = present.fixed || present.attributes || present.events;
  Part parts[] = {{block::kIds, true, &SectionViews::ids, {}},
                  {block::kTimes, true, &SectionViews::times, {}},
                  {block::kFixed, present.fixed, &SectionViews::fixed, {}},
                  {block::kAttributes, present.attributes, &SectionViews::attributes, {}},
                  {block::kEvents, present.events, &SectionViews::events, {}},
                  {block::kStrings, strings, &SectionViews::strings, {}}};
  SectionViews views;
  for (Part& p : parts) {
    if (!p.wanted) continue;
    auto bytes = through_cache ? reader.read(p.name, group) : reader.read_once(p.name, group);
    if (!bytes) return std::unexpected(bytes.error());
    p.bytes = std::move(*bytes);
    views.*p.view = *p.bytes;
  }
  return decode_spans(views, (*dir)->groups[group].rows, (*shared)->strings, present, out);
}

}  // namespace binnacle::trace
