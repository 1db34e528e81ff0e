#include "tests/golden/span_batch_text.h"

#include "codec/json_writer.h"
#include "model/predicate.h"

#include <fmt/format.h>

namespace binnacle::golden {
namespace {

constexpr std::string_view kTypes[] = {"empty",  "string", "bool",  "int",
                                       "double", "bytes",  "array", "map"};
constexpr std::string_view kKinds[] = {"unspecified", "internal", "server",
                                       "client",      "producer", "consumer"};
constexpr std::string_view kStatuses[] = {"unset", "ok", "error"};

class Writer {
 public:
  explicit Writer(const SpanBatch& batch) : batch_(batch) {}

  std::string run() {
    for (std::size_t i = 0; i < batch_.size(); ++i) span(i);
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void line(int indent, fmt::format_string<Args...> format, Args&&... args) {
    out_.append(static_cast<std::size_t>(indent) * 2, ' ');
    out_ += fmt::format(format, std::forward<Args>(args)...);
    while (out_.ends_with(' ')) out_.pop_back();
    out_.push_back('\n');
  }
  std::string quoted(StringId id) const {
    std::string text;
    codec::append_json_string(batch_.strings[id], text);
    return text;
  }
  // " name value" if the value is set.
  template <typename T>
  static std::string set(std::string_view name, T value) {
    return value == T{} ? std::string() : fmt::format(" {} {}", name, value);
  }
  std::string set_text(std::string_view name, StringId id) const {
    return id.empty() ? std::string() : fmt::format(" {} {}", name, quoted(id));
  }

  void attributes(int indent, std::span<const Attribute> list) {
    for (const Attribute& a : list) {
      const Value v = a.value();
      std::string text = value_text(batch_.strings, v);
      if (v.type() == ValueType::kString) text = quoted(v.as_string());
      line(indent, "{} = {} {}", quoted(a.key()), kTypes[static_cast<int>(v.type())], text);
    }
  }

  // Where spans share a resource and scope with the span before, these are not said again.
  void owners(std::size_t i) {
    const bool same_resource = i > 0 && batch_.resource_of[i] == batch_.resource_of[i - 1];
    if (!same_resource) {
      const Resource& r = batch_.resources[batch_.resource_of[i]];
      line(0, "resource{}{}{}", set_text("service", r.service), set_text("schema", r.schema_url),
           set("dropped", r.dropped_attributes));
      attributes(1, batch_.shared(r.attributes));
    }
    if (same_resource && batch_.scope_of[i] == batch_.scope_of[i - 1]) return;
    const Scope& s = batch_.scopes[batch_.scope_of[i]];
    line(0, "scope{}{}{}{}", set_text("name", s.name), set_text("version", s.version),
         set_text("schema", s.schema_url), set("dropped", s.dropped_attributes));
    attributes(1, batch_.shared(s.attributes));
  }

  void span(std::size_t i) {
    owners(i);
    const SpanRow row = batch_.row(i);
    line(1, "span {} {} {}", to_hex(row.trace_id), to_hex(row.span_id), quoted(row.name));
    if (row.parent_span_id.valid()) line(2, "parent {}", to_hex(row.parent_span_id));
    line(2, "kind {} start {} end {}{}{}", kKinds[static_cast<int>(row.kind)], row.start_unix_ns,
         row.end_unix_ns, set("flags", row.flags), set_text("state", row.trace_state));
    if (row.status != StatusCode::kUnset || !row.status_message.empty()) {
      line(2, "status {}{}", kStatuses[static_cast<int>(row.status)],
           set_text("message", row.status_message));
    }
    if ((row.dropped_attributes | row.dropped_events | row.dropped_links) != 0) {
      line(2, "dropped attributes {} events {} links {}", row.dropped_attributes,
           row.dropped_events, row.dropped_links);
    }
    attributes(2, batch_.attributes_of(i));
    for (std::size_t e = batch_.first_event(i); e < batch_.event_ends[i]; ++e) {
      const SpanEvent& event = batch_.events[e];
      line(2, "event {} at {}{}", quoted(event.name), event.time_unix_ns,
           set("dropped", event.dropped_attributes));
      attributes(3, batch_.event_attributes_of(e));
    }
    for (std::size_t l = batch_.first_link(i); l < batch_.link_ends[i]; ++l) {
      const SpanLink& link = batch_.links[l];
      line(2, "link {} {}{}{}{}", to_hex(link.trace_id), to_hex(link.span_id),
           set("flags", link.flags), set_text("state", link.trace_state),
           set("dropped", link.dropped_attributes));
      attributes(3, batch_.link_attributes_of(l));
    }
  }

  const SpanBatch& batch_;
  std::string out_;
};

}  // namespace

std::string span_batch_text(const SpanBatch& batch) { return Writer(batch).run(); }

}  // namespace binnacle::golden
