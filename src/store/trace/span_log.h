#pragma once

#include "base/error.h"
#include "codec/block/zstd_block.h"
#include "model/span_batch.h"
#include "store/span_store.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The payloads of the span store's log records (docs/formats/span_wal_record.md): an append as one
// encoded batch, and verdicts and removals. Each record stands alone: replay needs nothing from
// earlier ones, and a damaged record costs only itself. Pure functions.

namespace binnacle::trace {

/// WalAppend::type. Numbers are on disk.
enum class LogRecordType : std::uint8_t { kSpans = 1, kRemovals = 2 };

constexpr std::uint8_t kLogRecordVersion = 1;

/// `arrival_unix_ns` is when the store got them: retention counts from it. kInvalidArgument if the
/// batch is beyond the limits of span_codec.h.
[[nodiscard]] Result<std::string> encode_logged_spans(const std::string& tenant,
                                                      std::uint64_t arrival_unix_ns,
                                                      const SpanBatch& batch,
                                                      codec::ZstdCompressor& zstd);

struct LoggedSpans {
  std::string tenant;
  std::uint64_t arrival_unix_ns = 0;
  SpanBatch batch;
};
/// kDataLoss if the bytes are damaged, kUnimplemented if a newer version wrote them.
[[nodiscard]] Result<LoggedSpans> decode_logged_spans(std::string_view payload);

/// What is done to a trace. Numbers are on disk; kKeep and kDrop are TraceVerdict's.
enum class RemovalKind : std::uint8_t { kRemove = 0, kKeep = 1, kDrop = 2 };

struct LoggedRemovals {
  struct Entry {
    TraceId trace_id;
    RemovalKind kind = RemovalKind::kRemove;
  };
  std::string tenant;
  std::uint64_t arrival_unix_ns = 0;
  std::vector<Entry> entries;
};
[[nodiscard]] std::string encode_logged_removals(const LoggedRemovals& removals);
[[nodiscard]] Result<LoggedRemovals> decode_logged_removals(std::string_view payload);

}  // namespace binnacle::trace
