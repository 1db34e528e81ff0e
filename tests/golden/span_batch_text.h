#pragma once

#include "model/span_batch.h"

#include <string>

// A SpanBatch as text for people and for comparing: everything that is in it, in order, nothing
// that is only representation (numbers of strings, unused resources). Equal texts are equal
// batches.

namespace binnacle::golden {

[[nodiscard]] std::string span_batch_text(const SpanBatch& batch);

}  // namespace binnacle::golden
