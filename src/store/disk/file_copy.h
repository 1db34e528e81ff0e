#pragma once

#include "base/error.h"
#include "io/file/file_system.h"

#include <cstdint>
#include <string>

// Copies for snapshots: synced (kSnapshotFile), not their directories. Pure but for the files.

namespace binnacle {

/// The first `size_bytes` of `from` as the new file `to`.
[[nodiscard]] Status copy_bytes(const File& from, FileSystem& fs, const std::string& to,
                                std::uint64_t size_bytes);
[[nodiscard]] Status copy_file(FileSystem& fs, const std::string& from, const std::string& to,
                               std::uint64_t size_bytes);
/// A hard link of a file that never changes again, or a copy where links cannot be had.
[[nodiscard]] Status link_or_copy(FileSystem& fs, const std::string& from, const std::string& to);

}  // namespace binnacle
