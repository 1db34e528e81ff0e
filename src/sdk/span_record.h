#pragma once

#include "sdk/formats/finished_span.h"

#include <binnacle/extension.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What stands behind a ReadableSpan: a finished span, borrowed (for span processors) or with its
// bytes copied (for exporters and late decisions).

namespace binnacle {
inline namespace v1 {
namespace detail {

/// Name and status are looked up once, because users ask for them again and again.
struct SpanRecord {
  [[gnu::visibility("hidden")]] explicit SpanRecord(const sdk::FinishedSpan& of) noexcept;

  sdk::FinishedSpan span;
  std::string_view name;
  std::string_view status_message;
};

}  // namespace detail
}  // namespace v1
}  // namespace binnacle

namespace binnacle::sdk {

/// A span with memory of its own: one block. Immutable; movable, and its addresses stay.
class StoredSpan {
 public:
  explicit StoredSpan(const FinishedSpan& span);

  const FinishedSpan& span() const noexcept { return span_; }
  /// What it costs to keep.
  std::size_t bytes() const noexcept { return size_ + sizeof(StoredSpan); }

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t size_;
  FinishedSpan span_;
};

/// The attributes of an encoded Resource, for users' exporters.
std::vector<Attribute> read_resource(std::string_view resource);

}  // namespace binnacle::sdk
