#include "wire/otlp/span_groups.h"

#include <unordered_map>
#include <utility>

namespace binnacle::otlp {

std::vector<ResourceGroup> group_spans(const SpanBatch& batch) {
  constexpr std::uint32_t kNone = 0xFFFF'FFFF;
  std::vector<ResourceGroup> groups;
  std::vector<std::uint32_t> group_of(batch.resources.size(), kNone);
  // (resource, scope) -> place among its resource's scopes.
  std::unordered_map<std::uint64_t, std::size_t> places;
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const std::uint32_t resource = batch.resource_of[i];
    if (group_of[resource] == kNone) {
      group_of[resource] = static_cast<std::uint32_t>(groups.size());
      groups.push_back(ResourceGroup{resource, {}});
    }
    std::vector<ScopeGroup>& scopes = groups[group_of[resource]].scopes;
    const std::uint64_t pair = (std::uint64_t{resource} << 32U) | batch.scope_of[i];
    const auto [place, is_new] = places.try_emplace(pair, scopes.size());
    if (is_new) scopes.push_back(ScopeGroup{batch.scope_of[i], {}});
    scopes[place->second].spans.push_back(i);
  }
  return groups;
}

}  // namespace binnacle::otlp
