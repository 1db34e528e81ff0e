#pragma once

#include "model/predicate.h"
#include "model/span_batch.h"

#include <string>
#include <string_view>
#include <utility>

// Reading a Field of a span: which values it has. The one place that says where each FieldKind is
// found, so that every engine and the query layer agree. Pure functions on const batches.
//
// Fixed fields (name, kind, times, ids, scope name, ...) are always present, with exactly one
// value, which may be the empty string. Event and attribute fields have as many values as there are
// matching entries: none means absent; an attribute key repeated by a careless sender counts each
// time.
//
//   FieldReader reader(batch, field);
//   reader.each(i, [&](const FieldValue& v) { ...; return true; });   // true: go on

namespace binnacle {

/// One value of a field. `text` is valid during the visit only.
struct FieldValue {
  /// Strings that do not lie in the batch's table (ids as hex, kUnknownService) have the number
  /// StringTable::kAbsent.
  Value value;
  /// kString: the text. kBytes, kArray, kMap: the raw bytes. Otherwise empty.
  std::string_view text;
};

/// value_text() of a field's value.
[[nodiscard]] std::string field_value_text(const StringTable& strings, const FieldValue& value);

/// Bound to one batch: looks the attribute key up once. Thread-confined, as cheap as a pointer.
class FieldReader {
 public:
  FieldReader(const SpanBatch& batch, const Field& field)
      : batch_(&batch),
        kind_(field.kind),
        key_(field.kind >= FieldKind::kSpanAttribute ? batch.strings.find(field.key)
                                                     : StringTable::kAbsent) {}

  /// Calls `visit` for each value of the field in span `i` until it returns false. Returns false if
  /// it was stopped.
  template <typename Visit>
  bool each(std::size_t i, Visit&& visit) const;

 private:
  template <typename Visit>
  bool fixed(std::size_t i, Visit& visit) const;
  template <typename Visit>
  bool string(StringId id, Visit& visit) const {
    return visit(FieldValue{Value::of_string(id), batch_->strings[id]});
  }
  template <typename Visit>
  static bool integer(std::int64_t v, Visit& visit) {
    return visit(FieldValue{Value::of_int(v), {}});
  }
  template <typename Visit>
  static bool computed(std::string_view text, Visit& visit) {
    return visit(FieldValue{Value::of_string(StringTable::kAbsent), text});
  }
  template <typename Visit>
  bool in(std::span<const Attribute> attributes, Visit& visit) const {
    for (const Attribute& a : attributes) {
      if (a.key() != key_) continue;
      const Value v = a.value();
      const auto text = v.refers_to_string() ? batch_->strings[v.as_string()] : std::string_view();
      if (!visit(FieldValue{v, text})) return false;
    }
    return true;
  }
  template <typename Visit>
  bool in_resource(std::size_t i, Visit& visit) const {
    return in(batch_->shared(batch_->resources[batch_->resource_of[i]].attributes), visit);
  }
  template <typename Visit>
  bool in_scope(std::size_t i, Visit& visit) const {
    return in(batch_->shared(batch_->scopes[batch_->scope_of[i]].attributes), visit);
  }
  template <typename Visit>
  bool in_events(std::size_t i, Visit& visit) const {
    for (std::size_t e = batch_->first_event(i); e < batch_->event_ends[i]; ++e) {
      if (!in(batch_->event_attributes_of(e), visit)) return false;
    }
    return true;
  }
  template <typename Visit>
  bool in_links(std::size_t i, Visit& visit) const {
    for (std::size_t l = batch_->first_link(i); l < batch_->link_ends[i]; ++l) {
      if (!in(batch_->link_attributes_of(l), visit)) return false;
    }
    return true;
  }

  const SpanBatch* batch_;
  FieldKind kind_;
  StringId key_;
};

template <typename Visit>
bool FieldReader::fixed(std::size_t i, Visit& visit) const {
  const SpanBatch& b = *batch_;
  switch (kind_) {
    case FieldKind::kServiceName: {
      const StringId id = b.resources[b.resource_of[i]].service;
      return id.empty() ? computed(kUnknownService, visit) : string(id, visit);
    }
    case FieldKind::kName:
      return string(b.names[i], visit);
    case FieldKind::kKind:
      return integer(static_cast<std::int64_t>(b.kinds[i]), visit);
    case FieldKind::kStatus:
      return integer(static_cast<std::int64_t>(b.statuses[i]), visit);
    case FieldKind::kStatusMessage:
      return string(b.status_messages[i], visit);
    case FieldKind::kStartTime:
      return integer(static_cast<std::int64_t>(b.start_unix_ns[i]), visit);
    case FieldKind::kDuration:
      return integer(static_cast<std::int64_t>(b.duration_ns(i)), visit);
    case FieldKind::kTraceId:
      return computed(to_hex(b.trace_ids[i]), visit);
    case FieldKind::kSpanId:
      return computed(to_hex(b.span_ids[i]), visit);
    case FieldKind::kParentSpanId:
      if (!b.parent_span_ids[i].valid()) return computed({}, visit);
      return computed(to_hex(b.parent_span_ids[i]), visit);
    case FieldKind::kTraceState:
      return string(b.trace_states[i], visit);
    case FieldKind::kScopeName:
      return string(b.scopes[b.scope_of[i]].name, visit);
    case FieldKind::kScopeVersion:
      return string(b.scopes[b.scope_of[i]].version, visit);
    default:
      return true;
  }
}

template <typename Visit>
bool FieldReader::each(std::size_t i, Visit&& visit) const {
  if (kind_ == FieldKind::kEventName) {
    for (const SpanEvent& e : batch_->events_of(i)) {
      if (!string(e.name, visit)) return false;
    }
    return true;
  }
  if (kind_ < FieldKind::kSpanAttribute) return fixed(i, visit);
  if (key_ == StringTable::kAbsent) return true;
  switch (kind_) {
    case FieldKind::kSpanAttribute:
      return in(batch_->attributes_of(i), visit);
    case FieldKind::kResourceAttribute:
      return in_resource(i, visit);
    case FieldKind::kScopeAttribute:
      return in_scope(i, visit);
    case FieldKind::kEventAttribute:
      return in_events(i, visit);
    case FieldKind::kLinkAttribute:
      return in_links(i, visit);
    default:
      return in(batch_->attributes_of(i), visit) && in_resource(i, visit) && in_scope(i, visit) &&
             in_events(i, visit) && in_links(i, visit);
  }
}

}  // namespace binnacle
