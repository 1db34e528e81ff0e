#pragma once

#include "model/span_batch.h"

#include <cstdint>
#include <string>
#include <string_view>

// What every trace decoder returns: the spans that are good, and how many were not. A decoder that
// returns an Error has given nothing: no part of a broken message is stored. Move-only,
// thread-confined.

namespace binnacle {

struct DecodedSpans {
  SpanBatch batch;
  /// Spans that were refused one by one: the `rejected_spans` of OTLP's partial success.
  std::uint64_t rejected = 0;
  /// Why and where the first of them was refused, fit for the sender's eyes; empty if none was.
  std::string first_reason;

  /// Forgets the span being built and counts it.
  void reject(std::string_view reason) {
    batch.abandon_open_span();
    if (rejected++ == 0) first_reason = reason;
  }
};

}  // namespace binnacle
