#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A series' identity in the Prometheus data model: sorted, unique label names, the metric name
// under
// "__name__". Immutable after construction by LabelsBuilder or sorted(); plain value.

namespace binnacle {

struct Label {
  std::string name;
  std::string value;
  friend auto operator<=>(const Label&, const Label&) = default;
};

class Labels {
 public:
  Labels() = default;
  /// Sorts by name; of equal names the last wins; empty values are absent (Prometheus data model).
  static Labels sorted(std::vector<Label> labels);
  [[nodiscard]] const std::vector<Label>& entries() const noexcept { return entries_; }
  /// "" when absent. O(log n).
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
  friend auto operator<=>(const Labels&, const Labels&) = default;

 private:
  std::vector<Label> entries_;
};

constexpr std::string_view kMetricNameLabel = "__name__";

/// One label matcher of a selector. Patterns are strings: engines choose how to run them. Regular
/// expressions are RE2, anchored at both ends.
struct LabelMatcher {
  enum class Op : unsigned char { kEq, kNe, kRegex, kNotRegex } op = Op::kEq;
  std::string name;
  std::string value;
};

}  // namespace binnacle
