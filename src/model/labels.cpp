#include "model/labels.h"

#include <algorithm>

namespace binnacle {

Labels Labels::sorted(std::vector<Label> labels) {
  std::ranges::stable_sort(labels, {}, &Label::name);
  Labels out;
  for (Label& label : labels) {
    if (!out.entries_.empty() && out.entries_.back().name == label.name) {
      out.entries_.back() = std::move(label);
    } else {
      out.entries_.push_back(std::move(label));
    }
  }
  std::erase_if(out.entries_, [](const Label& l) { return l.value.empty(); });
  return out;
}

std::string_view Labels::get(std::string_view name) const noexcept {
  const auto it = std::ranges::lower_bound(entries_, name, {}, &Label::name);
  return it != entries_.end() && it->name == name ? std::string_view(it->value)
                                                  : std::string_view();
}

}  // namespace binnacle
