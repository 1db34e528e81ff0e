#pragma once

#include <cstddef>
#include <span>
#include <string_view>

// What tools/embed_ui.py generates: the bytes of ui/dist in the binary's read-only data, and where
// each file lies in them. Constants; only ui_files.cpp reads them.

namespace binnacle {

/// Offsets count from ui_archive_bytes(). gzipped_bytes is 0 where gzip would not make it smaller.
struct UiArchiveEntry {
  std::string_view path;
  std::string_view content_type;
  std::size_t content_at;
  std::size_t content_bytes;
  std::size_t gzipped_at;
  std::size_t gzipped_bytes;
  bool immutable;
};

/// Sorted by path; empty when the binary was built without ui/dist.
[[nodiscard]] std::span<const UiArchiveEntry> ui_archive_entries() noexcept;

[[nodiscard]] const char* ui_archive_bytes() noexcept;

}  // namespace binnacle
