#include "store/trace/top_traces.h"

#include <algorithm>

namespace binnacle::trace {
namespace {

// Prunes when this many times the limit are held: amortises the sort over as many insertions.
constexpr std::size_t kSlack = 4;
constexpr std::size_t kSlackAtLeast = 1024;

}  // namespace

bool TopTraces::better(const TraceHit& a, const TraceHit& b) const noexcept {
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  return order_ == TraceSearch::Order::kNewestFirst ? a.duration_ns > b.duration_ns
                                                    : a.start_unix_ns > b.start_unix_ns;
}

bool TopTraces::before(const TraceHit& a, const TraceHit& b) const noexcept {
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  return a.trace_id < b.trace_id;
}

void TopTraces::add(const TraceHit& hit) {
  if (limit_ == 0 || (has_threshold_ && rank(hit) < threshold_)) return;
  const auto [it, added] = best_.try_emplace(hit.trace_id, hit);
  if (!added) {
    if (better(hit, it->second)) it->second = hit;
    return;
  }
  if (best_.size() > std::max<std::size_t>(kSlackAtLeast, kSlack * limit_)) prune();
}

void TopTraces::prune() {
  std::vector<TraceHit> hits;
  hits.reserve(best_.size());
  for (const auto& [id, hit] : best_) hits.push_back(hit);
  if (hits.size() < limit_) return;
  const auto last = hits.begin() + static_cast<std::ptrdiff_t>(limit_) - 1;
  std::ranges::nth_element(hits, last,
                           [this](const TraceHit& a, const TraceHit& b) { return before(a, b); });
  threshold_ = rank(*last);
  has_threshold_ = true;
  best_.clear();
  for (auto it = hits.begin(); it <= last; ++it) best_.emplace(it->trace_id, *it);
}

bool TopTraces::full_beyond(std::uint64_t rank_of_unit) {
  if (limit_ == 0) return true;
  if (best_.size() < limit_) return false;
  if (!has_threshold_ || threshold_ <= rank_of_unit) prune();
  return rank_of_unit < threshold_;
}

std::vector<TraceHit> TopTraces::take() {
  std::vector<TraceHit> out;
  out.reserve(best_.size());
  for (const auto& [id, hit] : best_) out.push_back(hit);
  std::ranges::sort(out, [this](const TraceHit& a, const TraceHit& b) { return before(a, b); });
  if (out.size() > limit_) out.resize(limit_);
  return out;
}

}  // namespace binnacle::trace
