#pragma once

#include "model/predicate.h"
#include "model/span_batch.h"
#include "store/span_store.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// Counts how many spans carry each value of a field: by number within a batch, by text between
// batches, so that a text is hashed once per batch and not once per span. Thread-confined.

namespace binnacle::trace {

class ValueCounts {
 public:
  /// Counts the field in these spans.
  void count(const SpanBatch& batch, const std::vector<std::uint32_t>& rows, const Field& field);
  void add(std::string text, ValueType type, std::uint64_t spans);
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept { return bytes_; }
  /// The most frequent `limit`, as FieldValues wants them. Call once.
  [[nodiscard]] FieldValues take(std::uint32_t limit);

 private:
  struct Key {
    std::string text;
    ValueType type;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& k) const noexcept {
      return std::hash<std::string>()(k.text) + static_cast<std::size_t>(k.type);
    }
  };
  std::unordered_map<Key, std::uint64_t, KeyHash> counts_;
  std::uint64_t bytes_ = 0;
};

}  // namespace binnacle::trace
