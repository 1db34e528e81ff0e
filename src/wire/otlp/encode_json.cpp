#include "model/packed_value.h"
#include "model/predicate.h"
#include "wire/otlp/encode.h"
#include "wire/otlp/span_groups.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <span>
#include <string_view>

namespace binnacle::otlp {
namespace {

// Appends JSON text; commas are put where the character before asks for one.
class Json {
 public:
  explicit Json(std::string& out) : out_(out) {}

  void open(char bracket) {
    separate();
    out_.push_back(bracket);
  }
  void close(char bracket) { out_.push_back(bracket); }
  void key(std::string_view name) {
    separate();
    quoted(name);
    out_.push_back(':');
  }
  void raw(std::string_view text) {
    separate();
    out_.append(text);
  }
  void text(std::string_view value) {
    separate();
    quoted(value);
  }
  void number(std::uint64_t value) { raw(fmt::format("{}", value)); }
  // 64-bit integers are strings in protobuf's JSON mapping.
  template <typename T>
  void quoted_number(T value) {
    raw(fmt::format("\"{}\"", value));
  }

 private:
  void separate() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_.push_back(',');
  }

  void quoted(std::string_view value) {
    out_.push_back('"');
    for (const char c : value) {
      const auto u = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_.push_back('\\');
        out_.push_back(c);
      } else if (u < 0x20) {
        fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<unsigned>(u));
      } else {
        out_.push_back(c);
      }
    }
    out_.push_back('"');
  }

  std::string& out_;
};

// The object of a value: {"stringValue":...}.
class ValueJson final : public PackedVisitor {
 public:
  explicit ValueJson(Json& json) : json_(json) {}
  void on_empty() override {
    ++depth_;
    json_.open('{');
    end();
  }
  void on_string(std::string_view text) override {
    begin("stringValue");
    json_.text(text);
    end();
  }
  void on_bool(bool v) override {
    begin("boolValue");
    json_.raw(v ? "true" : "false");
    end();
  }
  void on_int(std::int64_t v) override {
    begin("intValue");
    json_.quoted_number(v);
    end();
  }
  void on_double(double v) override {
    begin("doubleValue");
    if (std::isnan(v)) {
      json_.text("NaN");
    } else if (std::isinf(v)) {
      json_.text(v > 0 ? "Infinity" : "-Infinity");
    } else {
      json_.raw(fmt::format("{}", v));
    }
    end();
  }
  void on_bytes(std::string_view data) override {
    begin("bytesValue");
    StringTable one;
    json_.text(value_text(one, Value::of_bytes(one.intern(data))));
    end();
  }
  void on_array_begin(std::uint64_t) override {
    begin("arrayValue");
    json_.open('{');
    json_.key("values");
    json_.open('[');
  }
  void on_array_end() override {
    json_.close(']');
    json_.close('}');
    end();
  }
  void on_map_begin(std::uint64_t) override {
    begin("kvlistValue");
    json_.open('{');
    json_.key("values");
    json_.open('[');
  }
  void on_key(std::string_view key) override {
    json_.open('{');
    json_.key("key");
    json_.text(key);
    json_.key("value");
    pairs_.push_back(depth_);
  }
  void on_map_end() override {
    json_.close(']');
    json_.close('}');
    end();
  }

 private:
  void begin(std::string_view kind) {
    ++depth_;
    json_.open('{');
    json_.key(kind);
  }
  // Closes the value, and the key-value pair that it completes.
  void end() {
    json_.close('}');
    --depth_;
    if (!pairs_.empty() && pairs_.back() == depth_) {
      pairs_.pop_back();
      json_.close('}');
    }
  }

  Json& json_;
  int depth_ = 0;
  std::vector<int> pairs_;  // depth at which each open pair's value stands
};

void write_value(Json& json, const StringTable& strings, Value value) {
  ValueJson out(json);
  switch (value.type()) {
    case ValueType::kEmpty:
      out.on_empty();
      break;
    case ValueType::kString:
      out.on_string(strings[value.as_string()]);
      break;
    case ValueType::kBool:
      out.on_bool(value.as_bool());
      break;
    case ValueType::kInt:
      out.on_int(value.as_int());
      break;
    case ValueType::kDouble:
      out.on_double(value.as_double());
      break;
    case ValueType::kBytes:
      out.on_bytes(strings[value.as_string()]);
      break;
    case ValueType::kArray:
    case ValueType::kMap: {
      // Checked before it is written: half a value cannot be taken back.
      const std::string_view packed = strings[value.as_string()];
      std::string scratch;
      Json unused(scratch);
      ValueJson trial(unused);
      if (visit_packed(packed, trial)) {
        (void)visit_packed(packed, out);
      } else {
        out.on_empty();
      }
      break;
    }
  }
}

void write_attributes(Json& json, const StringTable& strings, std::span<const Attribute> list,
                      std::uint32_t dropped) {
  if (!list.empty()) {
    json.key("attributes");
    json.open('[');
    for (const Attribute& a : list) {
      json.open('{');
      json.key("key");
      json.text(strings[a.key()]);
      json.key("value");
      write_value(json, strings, a.value());
      json.close('}');
    }
    json.close(']');
  }
  if (dropped != 0) {
    json.key("droppedAttributesCount");
    json.number(dropped);
  }
}

void write_text(Json& json, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  json.key(key);
  json.text(text);
}

void write_count(Json& json, std::string_view key, std::uint32_t count) {
  if (count == 0) return;
  json.key(key);
  json.number(count);
}

void write_events(Json& json, const SpanBatch& batch, std::size_t i) {
  const auto events = batch.events_of(i);
  if (events.empty()) return;
  std::size_t number = batch.first_event(i);
  json.key("events");
  json.open('[');
  for (const SpanEvent& event : events) {
    json.open('{');
    json.key("timeUnixNano");
    json.quoted_number(event.time_unix_ns);
    write_text(json, "name", batch.strings[event.name]);
    write_attributes(json, batch.strings, batch.event_attributes_of(number++),
                     event.dropped_attributes);
    json.close('}');
  }
  json.close(']');
}

void write_links(Json& json, const SpanBatch& batch, std::size_t i) {
  const auto links = batch.links_of(i);
  if (links.empty()) return;
  std::size_t number = batch.first_link(i);
  json.key("links");
  json.open('[');
  for (const SpanLink& link : links) {
    json.open('{');
    json.key("traceId");
    json.text(to_hex(link.trace_id));
    json.key("spanId");
    json.text(to_hex(link.span_id));
    write_text(json, "traceState", batch.strings[link.trace_state]);
    write_attributes(json, batch.strings, batch.link_attributes_of(number++),
                     link.dropped_attributes);
    write_count(json, "flags", link.flags);
    json.close('}');
  }
  json.close(']');
}

void write_status(Json& json, std::string_view message, StatusCode code) {
  if (code == StatusCode::kUnset && message.empty()) return;
  json.key("status");
  json.open('{');
  write_text(json, "message", message);
  write_count(json, "code", static_cast<std::uint32_t>(code));
  json.close('}');
}

void write_span(Json& json, const SpanBatch& batch, std::size_t i) {
  const SpanRow row = batch.row(i);
  json.open('{');
  json.key("traceId");
  json.text(to_hex(row.trace_id));
  json.key("spanId");
  json.text(to_hex(row.span_id));
  write_text(json, "traceState", batch.strings[row.trace_state]);
  if (row.parent_span_id.valid()) write_text(json, "parentSpanId", to_hex(row.parent_span_id));
  write_text(json, "name", batch.strings[row.name]);
  write_count(json, "kind", static_cast<std::uint32_t>(row.kind));
  json.key("startTimeUnixNano");
  json.quoted_number(row.start_unix_ns);
  json.key("endTimeUnixNano");
  json.quoted_number(row.end_unix_ns);
  write_attributes(json, batch.strings, batch.attributes_of(i), row.dropped_attributes);
  write_events(json, batch, i);
  write_count(json, "droppedEventsCount", row.dropped_events);
  write_links(json, batch, i);
  write_count(json, "droppedLinksCount", row.dropped_links);
  write_status(json, batch.strings[row.status_message], row.status);
  write_count(json, "flags", row.flags);
  json.close('}');
}

void write_scope_spans(Json& json, const SpanBatch& batch, const ScopeGroup& group) {
  const Scope& scope = batch.scopes[group.scope];
  json.open('{');
  json.key("scope");
  json.open('{');
  write_text(json, "name", batch.strings[scope.name]);
  write_text(json, "version", batch.strings[scope.version]);
  write_attributes(json, batch.strings, batch.shared(scope.attributes), scope.dropped_attributes);
  json.close('}');
  json.key("spans");
  json.open('[');
  for (const std::uint32_t i : group.spans) write_span(json, batch, i);
  json.close(']');
  write_text(json, "schemaUrl", batch.strings[scope.schema_url]);
  json.close('}');
}

}  // namespace

std::string encode_json(const SpanBatch& batch) {
  std::string out;
  Json json(out);
  json.open('{');
  json.key("resourceSpans");
  json.open('[');
  for (const ResourceGroup& group : group_spans(batch)) {
    const Resource& resource = batch.resources[group.resource];
    json.open('{');
    json.key("resource");
    json.open('{');
    write_attributes(json, batch.strings, batch.shared(resource.attributes),
                     resource.dropped_attributes);
    json.close('}');
    json.key("scopeSpans");
    json.open('[');
    for (const ScopeGroup& scope : group.scopes) write_scope_spans(json, batch, scope);
    json.close(']');
    write_text(json, "schemaUrl", batch.strings[resource.schema_url]);
    json.close('}');
  }
  json.close(']');
  json.close('}');
  return out;
}

}  // namespace binnacle::otlp
