#pragma once

#include "base/random.h"
#include "model/predicate.h"
#include "model/span_batch.h"

#include <string>
#include <vector>

// Made-up spans and selections for store tests. Small vocabularies, so that selections hit; the
// contents of a span are a function of its identity (trace, span, kind, start), so that retried
// duplicates are equal. Pure.

namespace binnacle::conformance {

constexpr std::uint64_t kFirstStartNs = 1'700'000'000'000'000'000;

/// A batch of `spans` spans with identities drawn from small pools, so duplicates occur.
[[nodiscard]] SpanBatch random_batch(Random& random, std::size_t spans);
/// One span per identity, contents made from it.
void append_span(SpanBatch& batch, TraceId trace, SpanId span, SpanKind kind, std::uint64_t start);
/// A batch of the spans (trace, span number, start) given.
struct Identity {
  std::uint64_t trace = 1;
  std::uint64_t span = 1;
  std::uint64_t start = kFirstStartNs;
};
[[nodiscard]] SpanBatch batch_of(const std::vector<Identity>& spans);

/// A selection over the fields and values that random_batch makes.
[[nodiscard]] Selection random_selection(Random& random);
[[nodiscard]] Field random_field(Random& random);

/// Everything about span `i`, its resource, scope, events and links as one line of text: equal
/// lines mean equal spans.
[[nodiscard]] std::string span_text(const SpanBatch& batch, std::size_t i);
/// The lines of all spans, sorted.
[[nodiscard]] std::vector<std::string> span_texts(const SpanBatch& batch);

}  // namespace binnacle::conformance
