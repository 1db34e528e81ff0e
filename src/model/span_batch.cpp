#include "model/span_batch.h"

#include "base/check.h"
#include "model/semconv.h"

#include <fmt/format.h>

namespace binnacle {
namespace {

template <typename T>
std::span<const T> cut(const std::vector<T>& pool, std::size_t begin, std::size_t end) {
  return std::span<const T>(pool).subspan(begin, end - begin);
}

std::size_t before(const std::vector<std::uint32_t>& ends, std::size_t i) {
  return i == 0 ? 0 : ends[i - 1];
}

template <typename T>
std::size_t heap_bytes(const std::vector<T>& column) {
  return column.capacity() * sizeof(T);
}

std::uint32_t size32(std::size_t n) { return static_cast<std::uint32_t>(n); }

template <typename Entry>
std::size_t attributes_begin(const std::vector<Entry>& entries, std::size_t i) {
  return i == 0 ? 0 : entries[i - 1].attributes_end;
}

void copy_attributes(const StringTable& from, std::span<const Attribute> in, StringTable& to,
                     std::vector<Attribute>& out) {
  for (const Attribute& a : in) {
    out.emplace_back(to.intern(from[a.key()]), copy_value(from, a.value(), to));
  }
}

// `ends` must rise to exactly `total`.
bool cuts_exactly(const std::vector<std::uint32_t>& ends, std::size_t total) {
  std::uint32_t last = 0;
  for (const std::uint32_t end : ends) {
    if (end < last) return false;
    last = end;
  }
  return last == total;
}

template <typename Entry>
bool entries_cut_exactly(const std::vector<Entry>& entries, std::size_t total) {
  std::uint32_t last = 0;
  for (const Entry& e : entries) {
    if (e.attributes_end < last) return false;
    last = e.attributes_end;
  }
  return last == total;
}

bool attributes_valid(const std::vector<Attribute>& pool, std::size_t strings) {
  for (const Attribute& a : pool) {
    const Value v = a.value();
    if (a.key().value >= strings || v.type() > ValueType::kMap) return false;
    if (v.refers_to_string() && v.payload() >= strings) return false;
  }
  return true;
}

template <typename T>
bool each_below(const std::vector<T>& ids, std::size_t limit) {
  for (const T& id : ids) {
    if constexpr (requires { id.value; }) {
      if (id.value >= limit) return false;
    } else {
      if (id >= limit) return false;
    }
  }
  return true;
}

}  // namespace

std::uint32_t SpanBatch::add_resource(std::uint32_t attributes_begin, StringId schema_url,
                                      std::uint32_t dropped) {
  Resource resource{{attributes_begin, size32(shared_attributes.size())}, {}, schema_url, dropped};
  for (const Attribute& a : shared(resource.attributes)) {
    if (a.value().type() == ValueType::kString && strings[a.key()] == semconv::kServiceName) {
      resource.service = a.value().as_string();
    }
  }
  resources.push_back(resource);
  return size32(resources.size() - 1);
}

std::uint32_t SpanBatch::add_scope(std::uint32_t attributes_begin, StringId name, StringId version,
                                   StringId schema_url, std::uint32_t dropped) {
  scopes.push_back(Scope{
      {attributes_begin, size32(shared_attributes.size())}, name, version, schema_url, dropped});
  return size32(scopes.size() - 1);
}

void SpanBatch::append(const SpanRow& row) {
  BINNACLE_DCHECK(row.resource < resources.size(), "a span's resource is added first");
  BINNACLE_DCHECK(row.scope < scopes.size(), "a span's scope is added first");
  trace_ids.push_back(row.trace_id);
  span_ids.push_back(row.span_id);
  parent_span_ids.push_back(row.parent_span_id);
  start_unix_ns.push_back(row.start_unix_ns);
  end_unix_ns.push_back(row.end_unix_ns);
  names.push_back(row.name);
  trace_states.push_back(row.trace_state);
  status_messages.push_back(row.status_message);
  kinds.push_back(row.kind);
  statuses.push_back(row.status);
  flags.push_back(row.flags);
  resource_of.push_back(row.resource);
  scope_of.push_back(row.scope);
  dropped_attributes.push_back(row.dropped_attributes);
  dropped_events.push_back(row.dropped_events);
  dropped_links.push_back(row.dropped_links);
  attribute_ends.push_back(size32(attributes.size()));
  event_ends.push_back(size32(events.size()));
  link_ends.push_back(size32(links.size()));
}

void SpanBatch::abandon_open_span() noexcept {
  const std::size_t n = size();
  const auto shrink = [](auto& pool, std::size_t keep) {
    pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(keep), pool.end());
  };
  shrink(attributes, before(attribute_ends, n));
  shrink(events, before(event_ends, n));
  shrink(links, before(link_ends, n));
  shrink(event_attributes, attributes_begin(events, events.size()));
  shrink(link_attributes, attributes_begin(links, links.size()));
}

SpanRow SpanBatch::row(std::size_t i) const noexcept {
  return SpanRow{.trace_id = trace_ids[i],
                 .span_id = span_ids[i],
                 .parent_span_id = parent_span_ids[i],
                 .start_unix_ns = start_unix_ns[i],
                 .end_unix_ns = end_unix_ns[i],
                 .name = names[i],
                 .trace_state = trace_states[i],
                 .status_message = status_messages[i],
                 .kind = kinds[i],
                 .status = statuses[i],
                 .flags = flags[i],
                 .resource = resource_of[i],
                 .scope = scope_of[i],
                 .dropped_attributes = dropped_attributes[i],
                 .dropped_events = dropped_events[i],
                 .dropped_links = dropped_links[i]};
}

std::span<const Attribute> SpanBatch::attributes_of(std::size_t i) const noexcept {
  return cut(attributes, before(attribute_ends, i), attribute_ends[i]);
}

std::span<const SpanEvent> SpanBatch::events_of(std::size_t i) const noexcept {
  return cut(events, before(event_ends, i), event_ends[i]);
}

std::span<const SpanLink> SpanBatch::links_of(std::size_t i) const noexcept {
  return cut(links, before(link_ends, i), link_ends[i]);
}

std::span<const Attribute> SpanBatch::event_attributes_of(std::size_t event) const noexcept {
  return cut(event_attributes, attributes_begin(events, event), events[event].attributes_end);
}

std::span<const Attribute> SpanBatch::link_attributes_of(std::size_t link) const noexcept {
  return cut(link_attributes, attributes_begin(links, link), links[link].attributes_end);
}

std::size_t SpanBatch::first_event(std::size_t i) const noexcept { return before(event_ends, i); }
std::size_t SpanBatch::first_link(std::size_t i) const noexcept { return before(link_ends, i); }

std::span<const Attribute> SpanBatch::shared(AttributeRange range) const noexcept {
  return cut(shared_attributes, range.begin, range.end);
}

std::string_view SpanBatch::service_of(std::size_t i) const noexcept {
  const StringId service = resources[resource_of[i]].service;
  return service.empty() ? kUnknownService : strings[service];
}

std::uint64_t SpanBatch::duration_ns(std::size_t i) const noexcept {
  return end_unix_ns[i] > start_unix_ns[i] ? end_unix_ns[i] - start_unix_ns[i] : 0;
}

std::size_t SpanBatch::memory_bytes() const noexcept {
  return strings.memory_bytes() + heap_bytes(resources) + heap_bytes(scopes) +
         heap_bytes(shared_attributes) + heap_bytes(trace_ids) + heap_bytes(span_ids) +
         heap_bytes(parent_span_ids) + heap_bytes(start_unix_ns) + heap_bytes(end_unix_ns) +
         heap_bytes(names) + heap_bytes(trace_states) + heap_bytes(status_messages) +
         heap_bytes(kinds) + heap_bytes(statuses) + heap_bytes(flags) + heap_bytes(resource_of) +
         heap_bytes(scope_of) + heap_bytes(dropped_attributes) + heap_bytes(dropped_events) +
         heap_bytes(dropped_links) + heap_bytes(attribute_ends) + heap_bytes(event_ends) +
         heap_bytes(link_ends) + heap_bytes(attributes) + heap_bytes(events) +
         heap_bytes(event_attributes) + heap_bytes(links) + heap_bytes(link_attributes);
}

void SpanBatch::clear() {
  strings.clear();
  const auto empty = [](auto&... columns) { (columns.clear(), ...); };
  empty(resources, scopes, shared_attributes, trace_ids, span_ids, parent_span_ids, start_unix_ns,
        end_unix_ns, names, trace_states, status_messages, kinds, statuses, flags, resource_of,
        scope_of, dropped_attributes, dropped_events, dropped_links, attribute_ends, event_ends,
        link_ends, attributes, events, event_attributes, links, link_attributes);
}

Status SpanBatch::validate() const {
  const std::size_t n = size();
  const auto bad = [](std::string_view what) {
    return fail(ErrorCode::kInternal, fmt::format("span batch: {}", what));
  };
  const std::size_t sizes[] = {
      span_ids.size(),        parent_span_ids.size(), start_unix_ns.size(),
      end_unix_ns.size(),     names.size(),           trace_states.size(),
      status_messages.size(), kinds.size(),           statuses.size(),
      flags.size(),           resource_of.size(),     scope_of.size(),
      dropped_events.size(),  dropped_links.size(),   dropped_attributes.size(),
      attribute_ends.size(),  event_ends.size(),      link_ends.size()};
  for (const std::size_t size : sizes) {
    if (size != n) return bad("columns differ in length");
  }
  if (!cuts_exactly(attribute_ends, attributes.size())) return bad("attribute ranges");
  if (!cuts_exactly(event_ends, events.size())) return bad("event ranges");
  if (!cuts_exactly(link_ends, links.size())) return bad("link ranges");
  if (!entries_cut_exactly(events, event_attributes.size())) return bad("event attribute ranges");
  if (!entries_cut_exactly(links, link_attributes.size())) return bad("link attribute ranges");
  if (!each_below(resource_of, resources.size())) return bad("resource index");
  if (!each_below(scope_of, scopes.size())) return bad("scope index");
  const std::size_t m = strings.size();
  if (!each_below(names, m) || !each_below(trace_states, m) || !each_below(status_messages, m)) {
    return bad("string number");
  }
  for (const auto* pool : {&attributes, &event_attributes, &link_attributes, &shared_attributes}) {
    if (!attributes_valid(*pool, m)) return bad("attribute");
  }
  for (const SpanEvent& e : events) {
    if (e.name.value >= m) return bad("event name");
  }
  for (const SpanLink& l : links) {
    if (l.trace_state.value >= m) return bad("link trace state");
  }
  const auto shared_ok = [&](AttributeRange r) {
    return r.begin <= r.end && r.end <= shared_attributes.size();
  };
  for (const Resource& r : resources) {
    if (!shared_ok(r.attributes) || r.service.value >= m || r.schema_url.value >= m)
      return bad("resource");
  }
  for (const Scope& s : scopes) {
    if (!shared_ok(s.attributes) || s.name.value >= m || s.version.value >= m ||
        s.schema_url.value >= m) {
      return bad("scope");
    }
  }
  for (const SpanKind k : kinds) {
    if (k > SpanKind::kConsumer) return bad("kind");
  }
  for (const StatusCode s : statuses) {
    if (s > StatusCode::kError) return bad("status");
  }
  return {};
}

Value copy_value(const StringTable& from, Value value, StringTable& to) {
  if (!value.refers_to_string()) return value;
  return Value::of_raw(value.type(), to.intern(from[value.as_string()]).value);
}

std::uint32_t copy_resource(const SpanBatch& from, std::uint32_t resource, SpanBatch& to) {
  const Resource& r = from.resources[resource];
  const auto begin = size32(to.shared_attributes.size());
  copy_attributes(from.strings, from.shared(r.attributes), to.strings, to.shared_attributes);
  return to.add_resource(begin, to.strings.intern(from.strings[r.schema_url]),
                         r.dropped_attributes);
}

std::uint32_t copy_scope(const SpanBatch& from, std::uint32_t scope, SpanBatch& to) {
  const Scope& s = from.scopes[scope];
  const auto begin = size32(to.shared_attributes.size());
  copy_attributes(from.strings, from.shared(s.attributes), to.strings, to.shared_attributes);
  return to.add_scope(begin, to.strings.intern(from.strings[s.name]),
                      to.strings.intern(from.strings[s.version]),
                      to.strings.intern(from.strings[s.schema_url]), s.dropped_attributes);
}

void copy_span(const SpanBatch& from, std::size_t i, std::uint32_t resource, std::uint32_t scope,
               SpanBatch& to) {
  SpanRow row = from.row(i);
  row.name = to.strings.intern(from.strings[row.name]);
  row.trace_state = to.strings.intern(from.strings[row.trace_state]);
  row.status_message = to.strings.intern(from.strings[row.status_message]);
  row.resource = resource;
  row.scope = scope;
  copy_attributes(from.strings, from.attributes_of(i), to.strings, to.attributes);
  const std::size_t event_end = from.event_ends[i];
  for (std::size_t e = from.first_event(i); e < event_end; ++e) {
    SpanEvent event = from.events[e];
    copy_attributes(from.strings, from.event_attributes_of(e), to.strings, to.event_attributes);
    event.name = to.strings.intern(from.strings[event.name]);
    event.attributes_end = size32(to.event_attributes.size());
    to.events.push_back(event);
  }
  const std::size_t link_end = from.link_ends[i];
  for (std::size_t l = from.first_link(i); l < link_end; ++l) {
    SpanLink link = from.links[l];
    copy_attributes(from.strings, from.link_attributes_of(l), to.strings, to.link_attributes);
    link.trace_state = to.strings.intern(from.strings[link.trace_state]);
    link.attributes_end = size32(to.link_attributes.size());
    to.links.push_back(link);
  }
  to.append(row);
}

}  // namespace binnacle
