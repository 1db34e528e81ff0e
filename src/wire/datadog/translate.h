#pragma once

#include "codec/json_document.h"
#include "wire/datadog/decode.h"
#include "wire/text_interner.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// Datadog's data model to OpenTelemetry's, shared by all decoders of this folder, as the
// OpenTelemetry Collector's Datadog receiver does it:
//
// - name is the span's name, resource the attribute dd.span.Resource, type the attribute span.type.
//   A span that was OpenTelemetry's before (it carries otel.scope.name) has its own name in
//   resource, and name and type were made of its attributes: there resource is the name.
// - meta are string attributes, metrics doubles; those with a name in OpenTelemetry's semantic
//   conventions get it (http.url is url.full). service, env, version, runtime-id and the like are
//   the resource's.
// - `_dd.p.tid`, which the first span of a chunk carries, is the upper half of the trace id of all.
// - error is the status; error.message, error.type and error.stack are an `exception` event at the
//   span's end, unless there is one. Events and links come out of meta (`events`,
//   `_dd.span_links`: JSON) or as fields of their own.
// - The sampling priority is the sampled flag; other priorities than 0 and 1 stay as the attribute
//   sampling.priority.
//
// Thread-confined.

namespace binnacle::datadog {

/// A span as it stands in the message. Views into the message.
struct DatadogSpan {
  std::string_view service;
  std::string_view name;
  std::string_view resource;
  std::string_view type;
  std::uint64_t trace_id = 0;
  std::uint64_t span_id = 0;
  std::uint64_t parent_id = 0;
  std::int64_t start_ns = 0;
  std::int64_t duration_ns = 0;
  std::int64_t error = 0;
  std::vector<std::pair<std::string_view, std::string_view>> meta;
  std::vector<std::pair<std::string_view, double>> metrics;
  std::uint32_t dropped_tags = 0;

  void clear();
  void add_meta(std::string_view key, std::string_view text);
  void add_metric(std::string_view key, double value);
};

class Translator {
 public:
  Translator(DecodedSpans& out, const Sender& sender)
      : out_(out), batch_(out.batch), text_(batch_.strings), sender_(sender) {}

  TextInterner& text() noexcept { return text_; }
  /// Events and links may be pushed to it before their span is added, as in any SpanBatch.
  SpanBatch& batch() noexcept { return batch_; }

  void begin_chunk() noexcept;
  /// Appends the span, or counts it as rejected. `index` says which it is in the message.
  void add(const DatadogSpan& span, std::size_t index);
  void end_chunk() noexcept;

  /// A link of the span that is added next; its attributes are in the batch already.
  void add_link(TraceId trace_id, std::uint64_t span_id, std::string_view trace_state,
                std::uint32_t flags);
  /// An event of the span that is added next.
  void add_event(std::uint64_t time_unix_ns, std::string_view name);

 private:
  struct Tags;

  void read_meta(const DatadogSpan& span, Tags& tags);
  bool take_special(std::string_view key, std::string_view text, Tags& tags);
  bool take_resource(std::string_view key, std::string_view text, Tags& tags);
  void read_metrics(const DatadogSpan& span, Tags& tags);
  bool take_special_metric(std::string_view key, double value, Tags& tags);
  void add_text(std::string_view key, std::string_view text);
  void add_attribute(std::string_view key, std::string_view text);
  void set_status(const DatadogSpan& span, const Tags& tags, SpanRow& row);
  void add_exception(const Tags& tags, std::uint64_t end_unix_ns);
  bool read_events_json(std::string_view text);
  bool read_links_json(std::string_view text);
  void read_json_attributes(codec::JsonValue object, std::vector<Attribute>& pool);
  Value json_value(codec::JsonValue v);
  std::uint32_t resource_of(const DatadogSpan& span, const Tags& tags);
  std::uint32_t scope_of(std::string_view name, std::string_view version);
  void add_sender(std::vector<Attribute>& pool);

  DecodedSpans& out_;
  SpanBatch& batch_;
  TextInterner text_;
  const Sender sender_;
  std::size_t chunk_begin_ = 0;
  std::uint64_t chunk_trace_low_ = 0;
  std::uint64_t chunk_trace_high_ = 0;
  std::string key_;     // what tells resources and scopes apart; kept for its memory
  std::string packed_;  // likewise
  std::unordered_map<std::string, std::uint32_t> resources_;
  std::unordered_map<std::string, std::uint32_t> scopes_;
};

}  // namespace binnacle::datadog
