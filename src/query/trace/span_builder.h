#pragma once

#include "model/semconv.h"
#include "model/span_batch.h"

#include <cstdint>
#include <string_view>
#include <vector>

// Batches written down in a line per span. For tests only.

namespace binnacle::testing {

struct TestSpan {
  std::uint64_t trace = 1;
  std::uint64_t span = 1;
  std::uint64_t parent = 0;
  std::string_view service = "frontend";
  std::string_view name = "GET /";
  std::uint64_t start_ns = 1'000;
  std::uint64_t duration_ns = 100;
  SpanKind kind = SpanKind::kInternal;
  StatusCode status = StatusCode::kUnset;
  std::vector<std::pair<std::string_view, std::string_view>> tags = {};
};

/// One resource per span, as a sender that does not group would give them.
inline SpanBatch make_batch(const std::vector<TestSpan>& spans) {
  SpanBatch out;
  for (const TestSpan& s : spans) {
    const auto begin = static_cast<std::uint32_t>(out.shared_attributes.size());
    if (!s.service.empty()) {
      out.shared_attributes.emplace_back(out.strings.intern(semconv::kServiceName),
                                         Value::of_string(out.strings.intern(s.service)));
    }
    const std::uint32_t resource = out.add_resource(begin);
    const auto scope_begin = static_cast<std::uint32_t>(out.shared_attributes.size());
    const std::uint32_t scope = out.add_scope(scope_begin, out.strings.intern("lib"), {});
    for (const auto& [key, value] : s.tags) {
      out.attributes.emplace_back(out.strings.intern(key),
                                  Value::of_string(out.strings.intern(value)));
    }
    out.append({.trace_id = {0, s.trace},
                .span_id = {s.span},
                .parent_span_id = {s.parent},
                .start_unix_ns = s.start_ns,
                .end_unix_ns = s.start_ns + s.duration_ns,
                .name = out.strings.intern(s.name),
                .kind = s.kind,
                .status = s.status,
                .resource = resource,
                .scope = scope});
  }
  return out;
}

}  // namespace binnacle::testing
