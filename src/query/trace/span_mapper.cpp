#include "query/trace/span_mapper.h"

#include <algorithm>
#include <initializer_list>

namespace binnacle {
namespace {

std::uint32_t size32(std::size_t n) { return static_cast<std::uint32_t>(n); }

// Mixes the numbers that make up a resource or scope of the target; equality is checked after.
class ContentHash {
 public:
  void add(std::uint64_t v) { state_ = (state_ ^ v) * 0x9E3779B97F4A7C15ULL; }
  void add(std::span<const Attribute> attributes) {
    for (const Attribute& a : attributes) {
      add(a.key().value);
      add(a.value().payload());
    }
  }
  [[nodiscard]] std::uint64_t value() const { return state_ ^ (state_ >> 32); }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

bool same(std::span<const Attribute> a, std::span<const Attribute> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// Drops the shared attributes pushed since `begin`: an equal resource or scope was there already.
void take_back(SpanBatch& batch, std::uint32_t begin) {
  batch.shared_attributes.erase(batch.shared_attributes.begin() + begin,
                                batch.shared_attributes.end());
}

}  // namespace

SpanMapper::SpanMapper(const SpanBatch& from)
    : from_(&from),
      strings_(from.strings.size()),
      resources_(from.resources.size()),
      scopes_(from.scopes.size()) {}

void SpanMapper::aim(SpanBatch& to, SharedIndex& shared) {
  to_ = &to;
  shared_ = &shared;
  ++epoch_;
}

std::size_t SpanMapper::memory_bytes() const noexcept {
  return (strings_.capacity() + resources_.capacity() + scopes_.capacity()) * sizeof(Mapped);
}

StringId SpanMapper::string(StringId id) {
  Mapped& mapped = strings_[id.value];
  if (mapped.epoch != epoch_) {
    mapped = {epoch_, to_->strings.intern(from_->strings[id]).value};
  }
  return StringId{mapped.number};
}

void SpanMapper::attributes(std::span<const Attribute> in, std::vector<Attribute>& out) {
  for (const Attribute& a : in) {
    Value value = a.value();
    if (value.refers_to_string()) {
      value = Value::of_raw(value.type(), string(value.as_string()).value);
    }
    out.emplace_back(string(a.key()), value);
  }
}

std::uint32_t SpanMapper::resource(std::uint32_t index) {
  Mapped& mapped = resources_[index];
  if (mapped.epoch == epoch_) return mapped.number;
  const Resource& source = from_->resources[index];
  const std::uint32_t begin = size32(to_->shared_attributes.size());
  attributes(from_->shared(source.attributes), to_->shared_attributes);
  const StringId schema_url = string(source.schema_url);
  const AttributeRange range{begin, size32(to_->shared_attributes.size())};

  ContentHash hash;
  hash.add(schema_url.value);
  hash.add(source.dropped_attributes);
  hash.add(to_->shared(range));
  const auto [first, last] = shared_->resources.equal_range(hash.value());
  for (auto it = first; it != last; ++it) {
    const Resource& there = to_->resources[it->second];
    if (there.schema_url == schema_url && there.dropped_attributes == source.dropped_attributes &&
        same(to_->shared(there.attributes), to_->shared(range))) {
      take_back(*to_, begin);
      mapped = {epoch_, it->second};
      return mapped.number;
    }
  }
  mapped = {epoch_, to_->add_resource(begin, schema_url, source.dropped_attributes)};
  shared_->resources.emplace(hash.value(), mapped.number);
  return mapped.number;
}

std::uint32_t SpanMapper::scope(std::uint32_t index) {
  Mapped& mapped = scopes_[index];
  if (mapped.epoch == epoch_) return mapped.number;
  const Scope& source = from_->scopes[index];
  const std::uint32_t begin = size32(to_->shared_attributes.size());
  attributes(from_->shared(source.attributes), to_->shared_attributes);
  const StringId name = string(source.name);
  const StringId version = string(source.version);
  const StringId schema_url = string(source.schema_url);
  const AttributeRange range{begin, size32(to_->shared_attributes.size())};

  ContentHash hash;
  for (const std::uint32_t v :
       {name.value, version.value, schema_url.value, source.dropped_attributes}) {
    hash.add(v);
  }
  hash.add(to_->shared(range));
  const auto [first, last] = shared_->scopes.equal_range(hash.value());
  for (auto it = first; it != last; ++it) {
    const Scope& there = to_->scopes[it->second];
    if (there.name == name && there.version == version && there.schema_url == schema_url &&
        there.dropped_attributes == source.dropped_attributes &&
        same(to_->shared(there.attributes), to_->shared(range))) {
      take_back(*to_, begin);
      mapped = {epoch_, it->second};
      return mapped.number;
    }
  }
  mapped = {epoch_, to_->add_scope(begin, name, version, schema_url, source.dropped_attributes)};
  shared_->scopes.emplace(hash.value(), mapped.number);
  return mapped.number;
}

void SpanMapper::events(std::size_t row) {
  const std::size_t end = from_->event_ends[row];
  for (std::size_t e = from_->first_event(row); e < end; ++e) {
    SpanEvent event = from_->events[e];
    attributes(from_->event_attributes_of(e), to_->event_attributes);
    event.name = string(event.name);
    event.attributes_end = size32(to_->event_attributes.size());
    to_->events.push_back(event);
  }
}

void SpanMapper::links(std::size_t row) {
  const std::size_t end = from_->link_ends[row];
  for (std::size_t l = from_->first_link(row); l < end; ++l) {
    SpanLink link = from_->links[l];
    attributes(from_->link_attributes_of(l), to_->link_attributes);
    link.trace_state = string(link.trace_state);
    link.attributes_end = size32(to_->link_attributes.size());
    to_->links.push_back(link);
  }
}

void SpanMapper::copy(std::size_t row) {
  SpanRow span = from_->row(row);
  span.name = string(span.name);
  span.trace_state = string(span.trace_state);
  span.status_message = string(span.status_message);
  span.resource = resource(span.resource);
  span.scope = scope(span.scope);
  attributes(from_->attributes_of(row), to_->attributes);
  events(row);
  links(row);
  to_->append(span);
}

}  // namespace binnacle
