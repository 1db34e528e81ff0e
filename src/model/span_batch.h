#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "model/string_table.h"
#include "model/value.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// Spans as they flow: decoded by wire/, checked by ingest/, kept by store/, shown by query/.
// Columnar: entry i of every per-span column belongs to span i. The data model is OpenTelemetry's
// (opentelemetry-proto, trace.proto 1.x); other formats are translated to it where they enter.
// Move-only. Thread-confined while it is built; const access from several threads afterwards.

namespace binnacle {

/// OTLP SpanKind; numbers are written to disk.
enum class SpanKind : std::uint8_t {
  kUnspecified = 0,
  kInternal = 1,
  kServer = 2,
  kClient = 3,
  kProducer = 4,
  kConsumer = 5,
};

/// OTLP StatusCode; numbers are written to disk.
enum class StatusCode : std::uint8_t { kUnset = 0, kOk = 1, kError = 2 };

/// Consecutive attributes [begin, end) in one of a batch's attribute pools.
struct AttributeRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// What sent the spans (OTLP Resource). `attributes` lie in SpanBatch::shared_attributes. `service`
/// is the text of service.name (empty if the sender gave none; shown as kUnknownService).
struct Resource {
  AttributeRange attributes;
  StringId service;
  StringId schema_url;
  std::uint32_t dropped_attributes = 0;
};

/// OTLP InstrumentationScope; `attributes` lie in SpanBatch::shared_attributes.
struct Scope {
  AttributeRange attributes;
  StringId name;
  StringId version;
  StringId schema_url;
  std::uint32_t dropped_attributes = 0;
};

/// A timed event of a span; its attributes end at `attributes_end` in SpanBatch::event_attributes
/// and begin where the event before ends.
struct SpanEvent {
  std::uint64_t time_unix_ns = 0;
  StringId name;
  std::uint32_t attributes_end = 0;
  std::uint32_t dropped_attributes = 0;
};

/// A link to another span; attributes as for events, in SpanBatch::link_attributes.
struct SpanLink {
  TraceId trace_id;
  SpanId span_id;
  StringId trace_state;
  std::uint32_t flags = 0;
  std::uint32_t attributes_end = 0;
  std::uint32_t dropped_attributes = 0;
};

/// The fixed fields of one span. Times as received: `end_unix_ns` may be before the start or 0.
struct SpanRow {
  TraceId trace_id{};
  SpanId span_id{};
  SpanId parent_span_id{};
  std::uint64_t start_unix_ns = 0;
  std::uint64_t end_unix_ns = 0;
  StringId name{};
  StringId trace_state{};
  StringId status_message{};
  SpanKind kind = SpanKind::kUnspecified;
  StatusCode status = StatusCode::kUnset;
  std::uint32_t flags = 0;  ///< OTLP span flags (W3C trace flags in the low byte)
  std::uint32_t resource = 0;
  std::uint32_t scope = 0;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
};

/// What spans without service.name are shown and searched as (OpenTelemetry resource conventions).
constexpr std::string_view kUnknownService = "unknown_service";

/// To build: add_resource / add_scope, then per span push its attributes to `attributes`, events
/// (their attributes first) to `events`, links to `links`, then append(row). abandon_open_span()
/// forgets what was pushed since the last append: one bad span does not spoil the batch.
struct SpanBatch {
  SpanBatch() = default;
  SpanBatch(SpanBatch&&) noexcept = default;
  SpanBatch& operator=(SpanBatch&&) noexcept = default;

  StringTable strings;
  std::vector<Resource> resources;
  std::vector<Scope> scopes;
  std::vector<Attribute> shared_attributes;  ///< of resources and scopes

  // One entry per span.
  std::vector<TraceId> trace_ids;
  std::vector<SpanId> span_ids;
  std::vector<SpanId> parent_span_ids;
  std::vector<std::uint64_t> start_unix_ns;
  std::vector<std::uint64_t> end_unix_ns;
  std::vector<StringId> names;
  std::vector<StringId> trace_states;
  std::vector<StringId> status_messages;
  std::vector<SpanKind> kinds;
  std::vector<StatusCode> statuses;
  std::vector<std::uint32_t> flags;
  std::vector<std::uint32_t> resource_of;  ///< index into resources
  std::vector<std::uint32_t> scope_of;     ///< index into scopes
  std::vector<std::uint32_t> dropped_attributes;
  std::vector<std::uint32_t> dropped_events;
  std::vector<std::uint32_t> dropped_links;
  std::vector<std::uint32_t> attribute_ends;  ///< span i's attributes are [ends[i-1], ends[i])
  std::vector<std::uint32_t> event_ends;      ///< likewise into events
  std::vector<std::uint32_t> link_ends;       ///< likewise into links

  // Pools that the ranges above cut.
  std::vector<Attribute> attributes;
  std::vector<SpanEvent> events;
  std::vector<Attribute> event_attributes;
  std::vector<SpanLink> links;
  std::vector<Attribute> link_attributes;

  [[nodiscard]] std::size_t size() const noexcept { return trace_ids.size(); }
  [[nodiscard]] bool empty() const noexcept { return trace_ids.empty(); }

  /// Adds a resource (scope) over the shared attributes [attributes_begin, current end); finds
  /// service.name itself. Returns its index.
  std::uint32_t add_resource(std::uint32_t attributes_begin, StringId schema_url = {},
                             std::uint32_t dropped = 0);
  std::uint32_t add_scope(std::uint32_t attributes_begin, StringId name, StringId version,
                          StringId schema_url = {}, std::uint32_t dropped = 0);

  /// Appends a span that owns everything pushed to the pools since the last append. `row.resource`
  /// and `row.scope` must exist.
  void append(const SpanRow& row);
  /// Drops what was pushed to the pools since the last append.
  void abandon_open_span() noexcept;

  /// The fixed fields of span `i`.
  [[nodiscard]] SpanRow row(std::size_t i) const noexcept;
  [[nodiscard]] std::span<const Attribute> attributes_of(std::size_t i) const noexcept;
  [[nodiscard]] std::span<const SpanEvent> events_of(std::size_t i) const noexcept;
  [[nodiscard]] std::span<const SpanLink> links_of(std::size_t i) const noexcept;
  /// `event` / `link` is the index in `events` / `links` (not within the span).
  [[nodiscard]] std::span<const Attribute> event_attributes_of(std::size_t event) const noexcept;
  [[nodiscard]] std::span<const Attribute> link_attributes_of(std::size_t link) const noexcept;
  /// Index of span `i`'s first event (link) in `events` (`links`).
  [[nodiscard]] std::size_t first_event(std::size_t i) const noexcept;
  [[nodiscard]] std::size_t first_link(std::size_t i) const noexcept;
  [[nodiscard]] std::span<const Attribute> shared(AttributeRange range) const noexcept;
  /// Service name as it is shown and searched: kUnknownService when there is none.
  [[nodiscard]] std::string_view service_of(std::size_t i) const noexcept;
  /// end - start, 0 when the end is before the start.
  [[nodiscard]] std::uint64_t duration_ns(std::size_t i) const noexcept;

  /// Heap memory in use, for budgets. O(columns).
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  /// Empties everything; keeps capacity for reuse.
  void clear();
  /// Every index and range points where it must. For engines that read batches from outside memory
  /// and for tests. kInternal names the first thing wrong.
  [[nodiscard]] Status validate() const;
};

/// Copies span `i` of `from` to the end of `to`, interning its strings there. The caller maps
/// resources and scopes: `resource` and `scope` are indices in `to`.
void copy_span(const SpanBatch& from, std::size_t i, std::uint32_t resource, std::uint32_t scope,
               SpanBatch& to);

/// Copies the resource (scope) to `to` and returns its index there.
std::uint32_t copy_resource(const SpanBatch& from, std::uint32_t resource, SpanBatch& to);
std::uint32_t copy_scope(const SpanBatch& from, std::uint32_t scope, SpanBatch& to);

/// `value` of `from`'s strings as a value of `to`'s.
[[nodiscard]] Value copy_value(const StringTable& from, Value value, StringTable& to);

}  // namespace binnacle
