#pragma once

#include "base/error.h"
#include "model/span_batch.h"
#include "store/disk/store_directory.h"
#include "store/trace/part_format.h"
#include "store/trace/span_codec.h"

#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

// One immutable part as readers see it: its directory, dictionary and catalogue, loaded when first
// asked for and kept, and its row groups, decoded on demand from cached blocks. Made by the trace
// store from StoredParts. Internally locked; the lock is never held across I/O.

namespace binnacle::trace {

/// Strings shared by a part's row groups; numbers are positions.
struct PartDictionary {
  Block bytes;
  std::vector<std::string_view> strings;
};

class SpanPart {
 public:
  /// kDataLoss if the summary is damaged, kUnimplemented for a kind that this program does not
  /// know.
  static Result<std::shared_ptr<const SpanPart>> open(std::shared_ptr<const StoredPart> stored);
  SpanPart(std::shared_ptr<const StoredPart> stored, const PartSummary& summary)
      : stored_(std::move(stored)), summary_(summary) {}

  [[nodiscard]] std::uint64_t id() const noexcept { return stored_->id(); }
  [[nodiscard]] const PartSummary& summary() const noexcept { return summary_; }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return stored_->record().file_bytes; }

  // kDataLoss from any of these: the part is damaged and should be set aside.
  [[nodiscard]] Result<std::shared_ptr<const PartDirectory>> directory() const;
  [[nodiscard]] Result<std::shared_ptr<const PartDictionary>> dictionary() const;
  [[nodiscard]] Result<std::shared_ptr<const Catalogue>> catalogue() const;
  /// Appends the row groups that may hold the trace.
  [[nodiscard]] Status find_trace(std::uint32_t fingerprint,
                                  std::vector<std::uint32_t>& groups) const;
  [[nodiscard]] Result<Block> filter(std::uint32_t group) const;
  /// Fills `out` with the group's spans. `through_cache` false for merges, which read all once.
  [[nodiscard]] Status read_group(std::uint32_t group, const WantedSections& wanted, SpanBatch& out,
                                  bool through_cache = true) const;

 private:
  template <typename T, typename Load>
  Result<std::shared_ptr<const T>> lazily(std::shared_ptr<const T>& slot, Load load) const;

  const std::shared_ptr<const StoredPart> stored_;
  const PartSummary summary_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  mutable std::shared_ptr<const PartDirectory> directory_;
  mutable std::shared_ptr<const PartDictionary> dictionary_;
  mutable std::shared_ptr<const Catalogue> catalogue_;
};

}  // namespace binnacle::trace
