#include "config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace binnacle::config {
namespace {

class Flattener {
 public:
  Status walk(const YAML::Node& node, const std::string& prefix, int depth) {
    if (depth > kMaxDepth) return at(node, fmt::format("\"{}\" is nested too deeply", prefix));
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) return at(pair.first, "a key must be a plain word");
      const std::string key =
          prefix.empty() ? pair.first.Scalar() : prefix + "." + pair.first.Scalar();
      if (pair.second.IsMap()) {
        if (auto inner = walk(pair.second, key, depth + 1); !inner) return inner;
        continue;
      }
      if (auto added = add(pair.first, pair.second, key); !added) return added;
    }
    return {};
  }
  std::vector<Entry> take() { return std::move(entries_); }

 private:
  static Status at(const YAML::Node& node, const std::string& what) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}:{}: {}", node.Mark().line + 1, node.Mark().column + 1, what));
  }

  Status add(const YAML::Node& key_node, const YAML::Node& value, const std::string& key) {
    if (!seen_.insert(key).second) return at(key_node, fmt::format("\"{}\" stands twice", key));
    std::string text;
    if (value.IsScalar()) {
      text = value.Scalar();
    } else if (value.IsSequence()) {
      for (const auto& item : value) {
        if (!item.IsScalar())
          return at(item, fmt::format("\"{}\" takes a list of plain words", key));
        if (!text.empty()) text += ",";
        text += item.Scalar();
      }
    }
    entries_.push_back(Entry{key, text, key_node.Mark().line + 1, key_node.Mark().column + 1});
    return {};
  }

  std::vector<Entry> entries_;
  std::set<std::string> seen_;
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

Result<std::vector<Entry>> parse_document(std::string_view yaml) {
  if (yaml.size() > kMaxFileBytes) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} bytes; a settings file has at most {}",
                                                         yaml.size(), kMaxFileBytes));
  }
  // yaml-cpp reports by exception; it ends here.
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (root.IsNull()) return std::vector<Entry>{};
    if (!root.IsMap())
      return fail(ErrorCode::kInvalidArgument, "1:1: expected \"key: value\" lines");
    Flattener flattener;
    if (auto walked = flattener.walk(root, "", 0); !walked) return std::unexpected(walked.error());
    return flattener.take();
  } catch (const YAML::Exception& e) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}:{}: {}", e.mark.line + 1, e.mark.column + 1, e.msg));
  }
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = word.size() / 3 + 2;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace binnacle::config
