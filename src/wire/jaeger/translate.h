#pragma once

#include "model/span_batch.h"
#include "wire/text_interner.h"

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

// Jaeger's data model to OpenTelemetry's, shared by the thrift and the JSON decoder (OpenTelemetry
// specification "OpenTelemetry to Jaeger Transformation" read backwards, as the OpenTelemetry
// Collector's Jaeger receiver does). Works on a SpanBatch under construction: decoders push tags as
// attributes, then the translator takes out those that are fields in OpenTelemetry.
// Thread-confined.

namespace binnacle::jaeger {

enum class ReferenceType : std::uint8_t { kChildOf, kFollowsFrom };

struct Reference {
  ReferenceType type = ReferenceType::kChildOf;
  TraceId trace_id;
  SpanId span_id;
};

class Translator {
 public:
  Translator(SpanBatch& batch, TextInterner& text) : batch_(batch), text_(text) {}

  /// Adds a resource from the shared attributes since `begin` (process tags) and the service name;
  /// `hostname` becomes host.name. Returns its number.
  std::uint32_t add_process(std::uint32_t begin, std::string_view service);

  /// Takes span.kind, error, otel.status_*, otel.scope.* / otel.library.* and w3c.tracestate out of
  /// the open span's attributes into `row`. `error` = true outranks otel.status_code.
  void absorb_tags(SpanRow& row);

  /// Adds an event from the event attributes since `begin`: its name is the field `event` (taken
  /// out), else `message` (kept).
  void add_log(std::size_t begin, std::uint64_t time_unix_ns);

  /// Sets the parent, if `row` has none yet, to the first CHILD_OF, else FOLLOWS_FROM, reference
  /// into the same trace; every other reference becomes a link with opentracing.ref_type.
  void add_references(const std::vector<Reference>& references, SpanRow& row);

 private:
  struct Tags;
  bool absorb(const Attribute& tag, Tags& tags, SpanRow& row);
  std::uint32_t scope_of(StringId name, StringId version);

  SpanBatch& batch_;
  TextInterner& text_;
  std::unordered_map<std::uint64_t, std::uint32_t> scopes_;  // by name and version
};

}  // namespace binnacle::jaeger
