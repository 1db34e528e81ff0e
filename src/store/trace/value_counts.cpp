#include "store/trace/value_counts.h"

#include "store/predicate/span_fields.h"
#include "store/trace/keyed_hash.h"

#include <algorithm>

namespace binnacle::trace {
namespace {

// Node, key and bucket of the map; texts come on top.
constexpr std::uint64_t kEntryBytes = 96;

struct NumberHash {
  std::size_t operator()(const Value& v) const noexcept {
    return keyed_hash(v.payload(), static_cast<std::uint64_t>(v.type()));
  }
};

}  // namespace

void ValueCounts::count(const SpanBatch& b, const std::vector<std::uint32_t>& rows,
                        const Field& field) {
  const FieldReader reader(b, field);
  std::unordered_map<Value, std::uint64_t, NumberHash> by_number;
  std::vector<Value> of_span;
  for (const std::uint32_t i : rows) {
    of_span.clear();
    reader.each(i, [&](const FieldValue& v) {
      if (v.value.refers_to_string() && v.value.as_string() == StringTable::kAbsent) {
        add(std::string(v.text), v.value.type(), 1);  // ids in hex, and unknown_service
      } else if (std::ranges::find(of_span, v.value) == of_span.end()) {
        of_span.push_back(v.value);
        ++by_number[v.value];
      }
      return true;
    });
  }
  for (const auto& [value, spans] : by_number) {
    add(value_text(b.strings, value), value.type(), spans);
  }
}

void ValueCounts::add(std::string text, ValueType type, std::uint64_t spans) {
  const std::size_t size = text.size();
  const auto [it, added] = counts_.try_emplace(Key{std::move(text), type}, 0);
  it->second += spans;
  if (added) bytes_ += kEntryBytes + size;
}

FieldValues ValueCounts::take(std::uint32_t limit) {
  FieldValues out;
  out.entries.reserve(counts_.size());
  for (auto& [key, spans] : counts_) out.entries.push_back({key.text, key.type, spans});
  out.truncated = out.entries.size() > limit;
  const auto kept = static_cast<std::ptrdiff_t>(std::min<std::size_t>(limit, out.entries.size()));
  std::ranges::partial_sort(
      out.entries, out.entries.begin() + kept, [](const auto& a, const auto& b) {
        return std::tie(b.spans, a.text, a.type) < std::tie(a.spans, b.text, b.type);
      });
  out.entries.resize(static_cast<std::size_t>(kept));
  return out;
}

}  // namespace binnacle::trace
