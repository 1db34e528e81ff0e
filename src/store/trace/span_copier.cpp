#include "store/trace/span_copier.h"

namespace binnacle::trace {
namespace {

std::uint32_t size32(std::size_t n) { return static_cast<std::uint32_t>(n); }

void add_number(std::string& out, std::uint64_t n) {
  out.append(reinterpret_cast<const char*>(&n), sizeof n);
}

// The output's numbers of everything that a resource or scope is made of: equal content, equal
// bytes, because equal strings have one number in the output.
std::string content_key(std::span<const Attribute> attributes,
                        std::initializer_list<std::uint64_t> rest) {
  std::string out;
  for (const std::uint64_t n : rest) add_number(out, n);
  for (const Attribute& a : attributes) {
    add_number(out, a.key().value);
    add_number(out, static_cast<std::uint64_t>(a.value().type()));
    add_number(out, a.value().payload());
  }
  return out;
}

}  // namespace

void SpanCopier::reset() {
  sources_.clear();
  last_ = nullptr;
  resource_by_content_.clear();
  scope_by_content_.clear();
}

SpanCopier::Source& SpanCopier::source_of(std::uint64_t number, const SpanBatch& from) {
  if (last_ != nullptr && last_number_ == number) return *last_;
  Source& s = sources_[number];
  if (s.strings.empty()) {
    s.strings.resize(from.strings.size(), kUnknown);
    s.resources.resize(from.resources.size(), kUnknown);
    s.scopes.resize(from.scopes.size(), kUnknown);
  }
  last_ = &s;
  last_number_ = number;
  return s;
}

StringId SpanCopier::string(Source& s, const SpanBatch& from, StringId id) {
  std::uint32_t& known = s.strings[id.value];
  if (known == kUnknown) [[unlikely]] {
    known = out_.strings.intern(from.strings[id]).value;
  }
  return StringId{known};
}

void SpanCopier::attributes(Source& s, const SpanBatch& from, std::span<const Attribute> in,
                            std::vector<Attribute>& out) {
  for (const Attribute& a : in) {
    Value v = a.value();
    if (v.refers_to_string()) {
      v = Value::of_raw(v.type(), string(s, from, v.as_string()).value);
    }
    out.emplace_back(string(s, from, a.key()), v);
  }
}

std::uint32_t SpanCopier::resource(Source& s, const SpanBatch& from, std::uint32_t index) {
  std::uint32_t& known = s.resources[index];
  if (known != kUnknown) return known;
  const Resource& r = from.resources[index];
  const auto begin = size32(out_.shared_attributes.size());
  attributes(s, from, from.shared(r.attributes), out_.shared_attributes);
  const StringId schema = string(s, from, r.schema_url);
  const auto copied = std::span<const Attribute>(out_.shared_attributes).subspan(begin);
  const auto [it, added] = resource_by_content_.try_emplace(
      content_key(copied, {schema.value, r.dropped_attributes}), size32(out_.resources.size()));
  if (added) {
    out_.add_resource(begin, schema, r.dropped_attributes);
  } else {
    out_.shared_attributes.erase(out_.shared_attributes.begin() + begin,
                                 out_.shared_attributes.end());
  }
  known = it->second;
  return known;
}

std::uint32_t SpanCopier::scope(Source& s, const SpanBatch& from, std::uint32_t index) {
  std::uint32_t& known = s.scopes[index];
  if (known != kUnknown) return known;
  const Scope& c = from.scopes[index];
  const auto begin = size32(out_.shared_attributes.size());
  attributes(s, from, from.shared(c.attributes), out_.shared_attributes);
  const StringId name = string(s, from, c.name);
  const StringId version = string(s, from, c.version);
  const StringId schema = string(s, from, c.schema_url);
  const auto copied = std::span<const Attribute>(out_.shared_attributes).subspan(begin);
  const auto [it, added] = scope_by_content_.try_emplace(
      content_key(copied, {name.value, version.value, schema.value, c.dropped_attributes}),
      size32(out_.scopes.size()));
  if (added) {
    out_.add_scope(begin, name, version, schema, c.dropped_attributes);
  } else {
    out_.shared_attributes.erase(out_.shared_attributes.begin() + begin,
                                 out_.shared_attributes.end());
  }
  known = it->second;
  return known;
}

void SpanCopier::events(Source& s, const SpanBatch& from, std::size_t i) {
  const std::size_t end = from.event_ends[i];
  for (std::size_t e = from.first_event(i); e < end; ++e) {
    SpanEvent event = from.events[e];
    attributes(s, from, from.event_attributes_of(e), out_.event_attributes);
    event.name = string(s, from, event.name);
    event.attributes_end = size32(out_.event_attributes.size());
    out_.events.push_back(event);
  }
}

void SpanCopier::links(Source& s, const SpanBatch& from, std::size_t i) {
  const std::size_t end = from.link_ends[i];
  for (std::size_t l = from.first_link(i); l < end; ++l) {
    SpanLink link = from.links[l];
    attributes(s, from, from.link_attributes_of(l), out_.link_attributes);
    link.trace_state = string(s, from, link.trace_state);
    link.attributes_end = size32(out_.link_attributes.size());
    out_.links.push_back(link);
  }
}

void SpanCopier::copy(std::uint64_t source, const SpanBatch& from, std::size_t i) {
  Source& s = source_of(source, from);
  SpanRow row = from.row(i);
  row.name = string(s, from, row.name);
  row.trace_state = string(s, from, row.trace_state);
  row.status_message = string(s, from, row.status_message);
  row.resource = resource(s, from, row.resource);
  row.scope = scope(s, from, row.scope);
  attributes(s, from, from.attributes_of(i), out_.attributes);
  events(s, from, i);
  links(s, from, i);
  out_.append(row);
}

}  // namespace binnacle::trace
