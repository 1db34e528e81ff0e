#include "query/trace/dependency_graph.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace binnacle {
namespace {

// Growth of the row table, so that the budget is asked once per so many rows and the vector never
// doubles past what was reserved: 64 Ki rows are 2.6 MB.
constexpr std::size_t kGrowRows = 64 * 1024;

}  // namespace

std::uint32_t DependencyCounter::service_number(std::string_view name) {
  const auto [it, added] =
      numbers_.try_emplace(std::string(name), static_cast<std::uint32_t>(services_.size()));
  if (added) services_.emplace_back(name);
  return it->second;
}

Status DependencyCounter::add(const SpanBatch& batch) {
  const std::size_t needed = spans_.size() + batch.size();
  if (needed > spans_.capacity()) {
    const std::size_t rows = std::max(needed, spans_.capacity() + spans_.capacity() / 2);
    const std::size_t capacity = (rows + kGrowRows - 1) / kGrowRows * kGrowRows;
    // While it grows, the old and the new table exist at once.
    auto grown = MemoryReservation::take(budget_, capacity * sizeof(Row));
    if (!grown) return std::unexpected(grown.error());
    spans_.reserve(capacity);
    held_ = std::move(*grown);
  }
  std::vector<std::uint32_t> service_of_resource(batch.resources.size());
  for (std::size_t r = 0; r < batch.resources.size(); ++r) {
    const StringId service = batch.resources[r].service;
    service_of_resource[r] =
        service_number(service.empty() ? kUnknownService : batch.strings[service]);
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const SpanKind kind = batch.kinds[i];
    spans_.push_back({.trace_id = batch.trace_ids[i],
                      .span_id = batch.span_ids[i],
                      .parent_span_id = batch.parent_span_ids[i],
                      .service = service_of_resource[batch.resource_of[i]],
                      .called_side = kind == SpanKind::kServer || kind == SpanKind::kConsumer,
                      .error = batch.statuses[i] == StatusCode::kError});
  }
  return {};
}

// Rows are sorted by trace, span id, called side last: the last of equal ids owns the children.
const DependencyCounter::Row* DependencyCounter::parent_of(const Row& row) const {
  if (!row.parent_span_id.valid()) return nullptr;
  const auto key = std::tie(row.trace_id, row.parent_span_id);
  const auto it = std::ranges::upper_bound(
      spans_, key, {}, [](const Row& r) { return std::tie(r.trace_id, r.span_id); });
  if (it == spans_.begin()) return nullptr;
  const Row& found = *std::prev(it);
  return std::tie(found.trace_id, found.span_id) == key ? &found : nullptr;
}

// The calling half of a shared id, if `row` is the called half.
const DependencyCounter::Row* DependencyCounter::twin_of(const Row& row) const {
  if (!row.called_side || &row == spans_.data()) return nullptr;
  const Row& before = *(&row - 1);
  const bool shared = before.trace_id == row.trace_id && before.span_id == row.span_id;
  return shared && !before.called_side ? &before : nullptr;
}

std::vector<DependencyLink> DependencyCounter::finish() {
  std::ranges::sort(spans_, {}, [](const Row& r) {
    return std::tie(r.trace_id, r.span_id, r.called_side, r.service);
  });
  std::map<std::pair<std::uint32_t, std::uint32_t>, Counts> counts;
  for (const Row& row : spans_) {
    const Row* caller = twin_of(row);
    if (caller == nullptr) caller = parent_of(row);
    if (caller == nullptr || caller->service == row.service) continue;
    Counts& link = counts[{caller->service, row.service}];
    ++link.calls;
    if (row.error) ++link.errors;
  }
  std::vector<DependencyLink> out;
  out.reserve(counts.size());
  for (const auto& [pair, count] : counts) {
    out.push_back({services_[pair.first], services_[pair.second], count.calls, count.errors});
  }
  std::ranges::sort(out, {}, [](const DependencyLink& l) { return std::tie(l.parent, l.child); });
  return out;
}

}  // namespace binnacle
