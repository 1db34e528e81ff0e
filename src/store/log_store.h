#pragma once

#include "base/error.h"
#include "model/log_batch.h"
#include "model/predicate.h"
#include "store/context.h"
#include "store/span_store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

// The log records' counterpart of span_store.h, with the same guarantees and vocabulary. A draft:
// no engine implements it yet, and it may grow until the first one does.

namespace binnacle {

class LogCursor {
 public:
  LogCursor() = default;
  LogCursor(const LogCursor&) = delete;
  LogCursor& operator=(const LogCursor&) = delete;
  virtual ~LogCursor() = default;
  /// As SpanCursor::next; newest records first.
  [[nodiscard]] virtual Result<bool> next(LogBatch& out) = 0;
  [[nodiscard]] virtual const Predicate& residual() const noexcept = 0;
  [[nodiscard]] virtual Warnings warnings() const = 0;
};

class LogStore {
 public:
  LogStore() = default;
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;
  virtual ~LogStore() = default;

  virtual void append(const WriteContext& context, LogBatch&& batch, AppendCompletion done) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<LogCursor>> scan(const ReadContext& context,
                                                                Selection selection) = 0;
  [[nodiscard]] virtual Result<FieldValues> values(const ReadContext& context, const Field& field,
                                                   const Selection& selection,
                                                   std::uint32_t limit) = 0;
  /// Records of the given traces, oldest first.
  [[nodiscard]] virtual Result<std::unique_ptr<LogCursor>> read_traces(
      const ReadContext& context, std::span<const TraceId> trace_ids) = 0;
  [[nodiscard]] virtual Status snapshot_to(const std::string& directory) = 0;
};

}  // namespace binnacle
