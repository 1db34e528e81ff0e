#include "model/packed_value.h"
#include "wire/otlp/encode.h"
#include "wire/otlp/span_groups.h"

#include <protozero/pbf_writer.hpp>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace binnacle::otlp {
namespace {

using protozero::pbf_writer;

// Field numbers of common.proto's AnyValue.
enum AnyValueField : std::uint32_t {
  kAnyString = 1,
  kAnyBool = 2,
  kAnyInt = 3,
  kAnyDouble = 4,
  kAnyArray = 5,
  kAnyMap = 6,
  kAnyBytes = 7,
};

// Turns a walk over a packed value into nested AnyValues. Each open container holds its own bytes,
// which are put into the one around it when it closes.
class PackedToProto final : public PackedVisitor {
 public:
  void on_empty() override {
    put([](pbf_writer&) {});
  }
  void on_string(std::string_view text) override {
    put([text](pbf_writer& w) { w.add_string(kAnyString, text.data(), text.size()); });
  }
  void on_bool(bool v) override {
    put([v](pbf_writer& w) { w.add_bool(kAnyBool, v); });
  }
  void on_int(std::int64_t v) override {
    put([v](pbf_writer& w) { w.add_int64(kAnyInt, v); });
  }
  void on_double(double v) override {
    put([v](pbf_writer& w) { w.add_double(kAnyDouble, v); });
  }
  void on_bytes(std::string_view data) override {
    put([data](pbf_writer& w) { w.add_bytes(kAnyBytes, data.data(), data.size()); });
  }
  void on_array_begin(std::uint64_t) override { open_.push_back(Open{false, {}, take_key()}); }
  void on_map_begin(std::uint64_t) override { open_.push_back(Open{true, {}, take_key()}); }
  void on_key(std::string_view key) override { key_ = key; }
  void on_array_end() override { close(kAnyArray); }
  void on_map_end() override { close(kAnyMap); }

  // The AnyValue's bytes.
  [[nodiscard]] const std::string& result() const { return result_; }

 private:
  struct Open {
    bool is_map;
    std::string bytes;  // ArrayValue or KeyValueList
    std::string key;    // under which it stands in the map around it
  };

  std::string take_key() { return std::exchange(key_, {}); }

  template <typename Write>
  void put(Write&& write) {
    std::string any;
    pbf_writer writer(any);
    write(writer);
    deliver(any, take_key());
  }

  void close(std::uint32_t field) {
    Open done = std::move(open_.back());
    open_.pop_back();
    std::string any;
    pbf_writer(any).add_message(field, done.bytes);
    deliver(any, done.key);
  }

  void deliver(const std::string& any, const std::string& key) {
    if (open_.empty()) {
      result_ = any;
      return;
    }
    pbf_writer around(open_.back().bytes);
    if (!open_.back().is_map) {
      around.add_message(1, any);
      return;
    }
    pbf_writer pair(around, 1);
    pair.add_string(1, key);
    pair.add_message(2, any);
  }

  std::vector<Open> open_;
  std::string key_;
  std::string result_;
};

void add_value(pbf_writer& around, std::uint32_t field, const StringTable& strings, Value value) {
  if (value.type() == ValueType::kArray || value.type() == ValueType::kMap) {
    PackedToProto packed;
    const bool good = visit_packed(strings[value.as_string()], packed).has_value();
    around.add_message(field, good ? packed.result() : std::string());
    return;
  }
  pbf_writer any(around, field);
  const std::string_view text = value.refers_to_string() ? strings[value.as_string()] : "";
  switch (value.type()) {
    case ValueType::kString:
      any.add_string(kAnyString, text.data(), text.size());
      break;
    case ValueType::kBytes:
      any.add_bytes(kAnyBytes, text.data(), text.size());
      break;
    case ValueType::kBool:
      any.add_bool(kAnyBool, value.as_bool());
      break;
    case ValueType::kInt:
      any.add_int64(kAnyInt, value.as_int());
      break;
    case ValueType::kDouble:
      any.add_double(kAnyDouble, value.as_double());
      break;
    default:
      break;
  }
}

void add_text(pbf_writer& w, std::uint32_t field, std::string_view text) {
  if (!text.empty()) w.add_string(field, text.data(), text.size());
}

void add_count(pbf_writer& w, std::uint32_t field, std::uint32_t count) {
  if (count != 0) w.add_uint32(field, count);
}

void add_attributes(pbf_writer& w, std::uint32_t field, const StringTable& strings,
                    std::span<const Attribute> attributes) {
  for (const Attribute& a : attributes) {
    pbf_writer pair(w, field);
    const std::string_view key = strings[a.key()];
    pair.add_string(1, key.data(), key.size());
    add_value(pair, 2, strings, a.value());
  }
}

void add_trace_id(pbf_writer& w, std::uint32_t field, TraceId id) {
  std::array<char, 16> bytes{};
  to_bytes(id, bytes.data());
  w.add_bytes(field, bytes.data(), bytes.size());
}

void add_span_id(pbf_writer& w, std::uint32_t field, SpanId id) {
  std::array<char, 8> bytes{};
  to_bytes(id, bytes.data());
  w.add_bytes(field, bytes.data(), bytes.size());
}

void add_events(pbf_writer& w, const SpanBatch& batch, std::size_t i) {
  std::size_t number = batch.first_event(i);
  for (const SpanEvent& event : batch.events_of(i)) {
    pbf_writer e(w, 11);
    e.add_fixed64(1, event.time_unix_ns);
    add_text(e, 2, batch.strings[event.name]);
    add_attributes(e, 3, batch.strings, batch.event_attributes_of(number++));
    add_count(e, 4, event.dropped_attributes);
  }
}

void add_links(pbf_writer& w, const SpanBatch& batch, std::size_t i) {
  std::size_t number = batch.first_link(i);
  for (const SpanLink& link : batch.links_of(i)) {
    pbf_writer l(w, 13);
    add_trace_id(l, 1, link.trace_id);
    add_span_id(l, 2, link.span_id);
    add_text(l, 3, batch.strings[link.trace_state]);
    add_attributes(l, 4, batch.strings, batch.link_attributes_of(number++));
    add_count(l, 5, link.dropped_attributes);
    if (link.flags != 0) l.add_fixed32(6, link.flags);
  }
}

void add_status(pbf_writer& w, std::string_view message, StatusCode code) {
  if (code == StatusCode::kUnset && message.empty()) return;
  pbf_writer status(w, 15);
  add_text(status, 2, message);
  if (code != StatusCode::kUnset) status.add_enum(3, static_cast<std::int32_t>(code));
}

void add_span(pbf_writer& scope_spans, const SpanBatch& batch, std::size_t i) {
  const SpanRow row = batch.row(i);
  pbf_writer w(scope_spans, 2);
  add_trace_id(w, 1, row.trace_id);
  add_span_id(w, 2, row.span_id);
  add_text(w, 3, batch.strings[row.trace_state]);
  if (row.parent_span_id.valid()) add_span_id(w, 4, row.parent_span_id);
  add_text(w, 5, batch.strings[row.name]);
  if (row.kind != SpanKind::kUnspecified) w.add_enum(6, static_cast<std::int32_t>(row.kind));
  w.add_fixed64(7, row.start_unix_ns);
  w.add_fixed64(8, row.end_unix_ns);
  add_attributes(w, 9, batch.strings, batch.attributes_of(i));
  add_count(w, 10, row.dropped_attributes);
  add_events(w, batch, i);
  add_count(w, 12, row.dropped_events);
  add_links(w, batch, i);
  add_count(w, 14, row.dropped_links);
  add_status(w, batch.strings[row.status_message], row.status);
  if (row.flags != 0) w.add_fixed32(16, row.flags);
}

void add_scope_spans(pbf_writer& resource_spans, const SpanBatch& batch, const ScopeGroup& group) {
  const Scope& scope = batch.scopes[group.scope];
  pbf_writer w(resource_spans, 2);
  {
    pbf_writer s(w, 1);
    add_text(s, 1, batch.strings[scope.name]);
    add_text(s, 2, batch.strings[scope.version]);
    add_attributes(s, 3, batch.strings, batch.shared(scope.attributes));
    add_count(s, 4, scope.dropped_attributes);
  }
  for (const std::uint32_t i : group.spans) add_span(w, batch, i);
  add_text(w, 3, batch.strings[scope.schema_url]);
}

}  // namespace

std::string encode_protobuf(const SpanBatch& batch) {
  std::string out;
  pbf_writer request(out);
  for (const ResourceGroup& group : group_spans(batch)) {
    const Resource& resource = batch.resources[group.resource];
    pbf_writer w(request, 1);
    {
      pbf_writer r(w, 1);
      add_attributes(r, 1, batch.strings, batch.shared(resource.attributes));
      add_count(r, 2, resource.dropped_attributes);
    }
    for (const ScopeGroup& scope : group.scopes) add_scope_spans(w, batch, scope);
    add_text(w, 3, batch.strings[resource.schema_url]);
  }
  return out;
}

}  // namespace binnacle::otlp
