#include "query/trace/trace_assembly.h"

#include "query/trace/span_mapper.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace binnacle {

std::size_t TraceSet::spans() const noexcept {
  std::size_t n = 0;
  for (const Trace& trace : traces) n += trace.spans.size();
  return n;
}

TraceAssembly::TraceAssembly(std::span<const TraceId> ids, std::uint64_t spans_limit,
                             MemoryBudget* budget)
    : ids_(ids.begin(), ids.end()), spans_left_(spans_limit), budget_(budget) {
  ids_by_value_.resize(ids_.size());
  for (std::uint32_t i = 0; i < ids_.size(); ++i) ids_by_value_[i] = i;
  std::ranges::sort(ids_by_value_, {}, [this](std::uint32_t i) { return ids_[i]; });
}

Result<bool> TraceAssembly::add(SpanBatch&& batch) {
  const std::size_t rows = batch.size();
  const std::uint64_t bytes = batch.memory_bytes() + rows * sizeof(Place);
  if (held_.bytes() == 0) {
    auto taken = MemoryReservation::take(budget_, bytes);
    if (!taken) return std::unexpected(taken.error());
    held_ = std::move(*taken);
  } else if (auto grown = held_.grow(bytes); !grown) {
    return std::unexpected(grown.error());
  }
  const auto number = static_cast<std::uint32_t>(batches_.size());
  bool complete = true;
  for (std::size_t row = 0; row < rows; ++row) {
    const TraceId id = batch.trace_ids[row];
    const auto it = std::ranges::lower_bound(ids_by_value_, id, {},
                                             [this](std::uint32_t i) { return ids_[i]; });
    if (it == ids_by_value_.end() || ids_[*it] != id) continue;
    if (spans_left_ == 0) {
      complete = false;
      break;
    }
    --spans_left_;
    places_.push_back({*it, number, static_cast<std::uint32_t>(row), batch.start_unix_ns[row],
                       batch.end_unix_ns[row], batch.span_ids[row]});
  }
  batches_.push_back(std::move(batch));
  return complete;
}

Status TraceAssembly::finish(TraceSet& out) {
  std::ranges::sort(places_, [](const Place& a, const Place& b) {
    return std::tie(a.trace, a.start_unix_ns, b.end_unix_ns, a.span_id, a.batch, a.row) <
           std::tie(b.trace, b.start_unix_ns, a.end_unix_ns, b.span_id, b.batch, b.row);
  });
  std::vector<SpanMapper> mappers(batches_.begin(), batches_.end());
  std::uint64_t mapper_bytes = 0;
  for (const SpanMapper& mapper : mappers) mapper_bytes += mapper.memory_bytes();
  auto scratch = MemoryReservation::take(budget_, mapper_bytes);
  if (!scratch) return std::unexpected(scratch.error());
  auto held = MemoryReservation::take(budget_, 0);
  if (!held) return std::unexpected(held.error());

  std::vector<std::uint32_t> aimed(mappers.size(), 0);  // 1 + index of the trace last aimed at
  for (std::size_t i = 0; i < places_.size();) {
    const std::uint32_t trace_index = places_[i].trace;
    Trace trace;
    trace.id = ids_[trace_index];
    SharedIndex shared;
    for (; i < places_.size() && places_[i].trace == trace_index; ++i) {
      const Place& place = places_[i];
      SpanMapper& mapper = mappers[place.batch];
      if (std::exchange(aimed[place.batch], trace_index + 1) != trace_index + 1) {
        mapper.aim(trace.spans, shared);
      }
      mapper.copy(place.row);
    }
    if (auto grown = held->grow(trace.spans.memory_bytes()); !grown) return grown;
    out.traces.push_back(std::move(trace));
  }
  batches_.clear();
  held_.reset();
  out.held = std::move(*held);
  return {};
}

void warn_of_missing_parents(Trace& trace) {
  const SpanBatch& spans = trace.spans;
  std::vector<SpanId> present(spans.span_ids);
  std::ranges::sort(present);
  std::size_t missing = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const SpanId parent = spans.parent_span_ids[i];
    if (!parent.valid() || std::ranges::binary_search(present, parent)) continue;
    if (missing++ == 0) first = i;
  }
  if (missing == 0) return;
  trace.warnings.push_back(fmt::format(
      "{} of {} spans name a parent that is not stored; the first is span {} with parent {}",
      missing, spans.size(), to_hex(spans.span_ids[first]), to_hex(spans.parent_span_ids[first])));
}

}  // namespace binnacle
