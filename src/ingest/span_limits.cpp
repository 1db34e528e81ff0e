#include "ingest/span_limits.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace binnacle {
namespace {

/// At most `limit` bytes of `text`, not ending inside a UTF-8 sequence.
std::string_view cut_text(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  // Continuation bytes are 10xxxxxx; a sequence has at most three.
  for (int i = 0; i < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U;
       ++i) {
    --end;
  }
  return text.substr(0, end);
}

class Cutter {
 public:
  Cutter(const SpanBatch& from, const SpanLimits& limits, IngestProbe& probe)
      : from_(from), limits_(limits), probe_(probe) {}

  SpanBatch run() {
    for (const Resource& r : from_.resources) {
      const auto begin = static_cast<std::uint32_t>(to_.shared_attributes.size());
      const std::uint32_t dropped = copy(from_.shared(r.attributes), to_.shared_attributes);
      to_.add_resource(begin, text(r.schema_url), r.dropped_attributes + dropped);
    }
    for (const Scope& s : from_.scopes) {
      const auto begin = static_cast<std::uint32_t>(to_.shared_attributes.size());
      const std::uint32_t dropped = copy(from_.shared(s.attributes), to_.shared_attributes);
      to_.add_scope(begin, text(s.name), text(s.version), text(s.schema_url),
                    s.dropped_attributes + dropped);
    }
    for (std::size_t i = 0; i < from_.size(); ++i) copy_span_cut(i);
    return std::move(to_);
  }

 private:
  StringId text(StringId id) {
    const std::string_view whole = from_.strings[id];
    const std::string_view cut = cut_text(whole, limits_.value_bytes);
    if (cut.size() != whole.size()) probe_.values_truncated.add();
    return to_.strings.intern(cut);
  }

  /// Copies what fits; returns how many attributes did not.
  std::uint32_t copy(std::span<const Attribute> attributes, std::vector<Attribute>& out) {
    std::uint32_t dropped = 0;
    std::size_t kept = 0;
    for (const Attribute& attribute : attributes) {
      const Value value = attribute.value();
      const bool composite = value.type() == ValueType::kArray || value.type() == ValueType::kMap;
      const std::string_view key = from_.strings[attribute.key()];
      if (kept == limits_.attributes || key.size() > limits_.key_bytes ||
          (composite && from_.strings[value.as_string()].size() > limits_.value_bytes)) {
        ++dropped;
        continue;
      }
      ++kept;
      const StringId to_key = to_.strings.intern(key);
      if (value.refers_to_string()) {
        out.emplace_back(to_key, Value::of_raw(value.type(), text(value.as_string()).value));
      } else {
        out.emplace_back(to_key, value);
      }
    }
    probe_.attributes_dropped.add(dropped);
    return dropped;
  }

  void copy_span_cut(std::size_t i) {
    SpanRow row = from_.row(i);
    row.name = text(row.name);
    row.trace_state = text(row.trace_state);
    row.status_message = text(row.status_message);
    row.dropped_attributes += copy(from_.attributes_of(i), to_.attributes);
    row.dropped_events += copy_events(i);
    row.dropped_links += copy_links(i);
    to_.append(row);
  }

  std::uint32_t copy_events(std::size_t i) {
    const std::span<const SpanEvent> events = from_.events_of(i);
    const std::size_t kept = std::min(events.size(), limits_.events);
    for (std::size_t k = 0; k < kept; ++k) {
      SpanEvent event = events[k];
      event.name = text(event.name);
      event.dropped_attributes +=
          copy(from_.event_attributes_of(from_.first_event(i) + k), to_.event_attributes);
      event.attributes_end = static_cast<std::uint32_t>(to_.event_attributes.size());
      to_.events.push_back(event);
    }
    probe_.events_dropped.add(events.size() - kept);
    return static_cast<std::uint32_t>(events.size() - kept);
  }

  std::uint32_t copy_links(std::size_t i) {
    const std::span<const SpanLink> links = from_.links_of(i);
    const std::size_t kept = std::min(links.size(), limits_.links);
    for (std::size_t k = 0; k < kept; ++k) {
      SpanLink link = links[k];
      link.trace_state = text(link.trace_state);
      link.dropped_attributes +=
          copy(from_.link_attributes_of(from_.first_link(i) + k), to_.link_attributes);
      link.attributes_end = static_cast<std::uint32_t>(to_.link_attributes.size());
      to_.links.push_back(link);
    }
    probe_.links_dropped.add(links.size() - kept);
    return static_cast<std::uint32_t>(links.size() - kept);
  }

  const SpanBatch& from_;
  const SpanLimits& limits_;
  IngestProbe& probe_;
  SpanBatch to_;
};

/// True if any of the ranges that `ends` cuts is longer than `limit`.
bool any_longer(std::span<const std::uint32_t> ends, std::size_t limit) noexcept {
  std::uint32_t begin = 0;
  for (const std::uint32_t end : ends) {
    if (end - begin > limit) return true;
    begin = end;
  }
  return false;
}

template <typename Item>
bool any_attributes_longer(std::span<const Item> items, std::size_t limit) noexcept {
  std::uint32_t begin = 0;
  for (const Item& item : items) {
    if (item.attributes_end - begin > limit) return true;
    begin = item.attributes_end;
  }
  return false;
}

}  // namespace

bool within_limits(const SpanBatch& batch, const SpanLimits& limits) noexcept {
  // Keys are strings of the same table: a string between the two limits may be either, and only
  // then are the keys looked at.
  std::size_t longest = 0;
  for (std::uint32_t id = 0; id < batch.strings.size(); ++id) {
    longest = std::max(longest, batch.strings[StringId{id}].size());
  }
  if (longest > limits.value_bytes) return false;
  if (longest > limits.key_bytes) {
    const auto long_key = [&](const Attribute& attribute) {
      return batch.strings[attribute.key()].size() > limits.key_bytes;
    };
    for (const auto* pool : {&batch.attributes, &batch.shared_attributes, &batch.event_attributes,
                             &batch.link_attributes}) {
      if (std::any_of(pool->begin(), pool->end(), long_key)) return false;
    }
  }
  const auto shared_longer = [&](const auto& item) {
    return item.attributes.end - item.attributes.begin > limits.attributes;
  };
  return !any_longer(batch.attribute_ends, limits.attributes) &&
         !any_longer(batch.event_ends, limits.events) &&
         !any_longer(batch.link_ends, limits.links) &&
         !any_attributes_longer(std::span<const SpanEvent>(batch.events), limits.attributes) &&
         !any_attributes_longer(std::span<const SpanLink>(batch.links), limits.attributes) &&
         std::none_of(batch.resources.begin(), batch.resources.end(), shared_longer) &&
         std::none_of(batch.scopes.begin(), batch.scopes.end(), shared_longer);
}

SpanBatch cut_to_limits(const SpanBatch& batch, const SpanLimits& limits, IngestProbe& probe) {
  return Cutter(batch, limits, probe).run();
}

}  // namespace binnacle
