#pragma once

#include "model/span_batch.h"

#include <cstdint>
#include <vector>

// The spans of a batch by resource and scope, as OTLP nests them. Shared by the two encoders.

namespace binnacle::otlp {

struct ScopeGroup {
  std::uint32_t scope = 0;
  std::vector<std::uint32_t> spans;  ///< indices in the batch, in order
};

struct ResourceGroup {
  std::uint32_t resource = 0;
  std::vector<ScopeGroup> scopes;
};

/// Resources and scopes in order of first appearance. O(spans).
[[nodiscard]] std::vector<ResourceGroup> group_spans(const SpanBatch& batch);

}  // namespace binnacle::otlp
