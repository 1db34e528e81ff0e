#include "query/trace/trace_summary.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace binnacle {
namespace {

std::uint64_t count_orphans(const SpanBatch& spans) {
  std::vector<SpanId> present(spans.span_ids);
  std::ranges::sort(present);
  return static_cast<std::uint64_t>(
      std::ranges::count_if(spans.parent_span_ids, [&](const SpanId parent) {
        return parent.valid() && !std::ranges::binary_search(present, parent);
      }));
}

std::vector<ServiceSummary> count_services(const SpanBatch& spans) {
  std::unordered_map<std::string_view, ServiceSummary> by_name;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    ServiceSummary& service = by_name[spans.service_of(i)];
    ++service.spans;
    if (spans.statuses[i] == StatusCode::kError) ++service.errors;
  }
  std::vector<ServiceSummary> out;
  out.reserve(by_name.size());
  for (auto& [name, service] : by_name) {
    service.name = name;
    out.push_back(std::move(service));
  }
  std::ranges::sort(out, {}, &ServiceSummary::name);
  return out;
}

}  // namespace

TraceSummary summarize(TraceId id, const SpanBatch& spans) {
  TraceSummary out;
  out.id = id;
  out.spans = spans.size();
  out.start_unix_ns = std::numeric_limits<std::uint64_t>::max();
  std::optional<std::size_t> root;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    out.start_unix_ns = std::min(out.start_unix_ns, spans.start_unix_ns[i]);
    out.end_unix_ns = std::max(out.end_unix_ns, spans.end_unix_ns[i]);
    if (spans.statuses[i] == StatusCode::kError) ++out.errors;
    if (spans.parent_span_ids[i].valid()) continue;
    if (!root || spans.start_unix_ns[i] < spans.start_unix_ns[*root]) root = i;
  }
  out.end_unix_ns = std::max(out.end_unix_ns, out.start_unix_ns);
  if (root) {
    out.root_service = spans.service_of(*root);
    out.root_name = spans.strings[spans.names[*root]];
  }
  out.orphans = count_orphans(spans);
  out.services = count_services(spans);
  return out;
}

}  // namespace binnacle
