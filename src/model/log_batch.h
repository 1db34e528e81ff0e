#pragma once

#include "base/ids.h"
#include "model/span_batch.h"

#include <cstdint>
#include <vector>

// Log records as they flow (OpenTelemetry logs data model). Columnar, as SpanBatch is; draft until
// the log engine is built.

namespace binnacle {

struct LogBatch {
  StringTable strings;
  std::vector<Resource> resources;
  std::vector<Scope> scopes;
  std::vector<Attribute> shared_attributes;

  // One entry per record.
  std::vector<std::uint64_t> time_unix_ns;  ///< 0 when the sender gave none
  std::vector<std::uint64_t> observed_time_unix_ns;
  std::vector<std::uint8_t> severities;  ///< OTLP SeverityNumber, 0 to 24
  std::vector<StringId> severity_texts;
  std::vector<Value> bodies;
  std::vector<StringId> event_names;
  std::vector<TraceId> trace_ids;
  std::vector<SpanId> span_ids;
  std::vector<std::uint32_t> flags;
  std::vector<std::uint32_t> resource_of;
  std::vector<std::uint32_t> scope_of;
  std::vector<std::uint32_t> dropped_attributes;
  std::vector<std::uint32_t> attribute_ends;  ///< record i's attributes are [ends[i-1], ends[i])
  std::vector<Attribute> attributes;

  [[nodiscard]] std::size_t size() const noexcept { return time_unix_ns.size(); }
};

}  // namespace binnacle
