#pragma once

#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

// A YAML file flattened to dotted keys with positions. Immutable result of a pure function.

namespace binnacle::config {

/// One scalar, or one whole list (`items` joined by commas in `text`).
struct Entry {
  std::string key;  ///< "ports.otlp_grpc"
  std::string text;
  int line = 0;    ///< 1-based
  int column = 0;  ///< 1-based
};

/// Larger files are refused: a settings file is a few kilobytes.
constexpr std::size_t kMaxFileBytes = 1024 * 1024;
constexpr int kMaxDepth = 8;

/// Entries in file order. Duplicate keys, nesting beyond kMaxDepth, and lists of anything but
/// scalars are errors that name line and column.
[[nodiscard]] Result<std::vector<Entry>> parse_document(std::string_view yaml);

/// The candidate with the smallest edit distance to `word`, or "" when none is close (more than a
/// third of the word would have to change).
[[nodiscard]] std::string nearest(std::string_view word,
                                  const std::vector<std::string>& candidates);

}  // namespace binnacle::config
