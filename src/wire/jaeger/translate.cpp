#include "wire/jaeger/translate.h"

#include "model/predicate.h"
#include "model/semconv.h"

#include <algorithm>

namespace binnacle::jaeger {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_lower(std::string_view text, std::string_view wanted) {
  return std::ranges::equal(text, wanted, [](char a, char b) { return lower(a) == b; });
}

SpanKind kind_from(std::string_view text) {
  if (equals_lower(text, "server")) return SpanKind::kServer;
  if (equals_lower(text, "client")) return SpanKind::kClient;
  if (equals_lower(text, "producer")) return SpanKind::kProducer;
  if (equals_lower(text, "consumer")) return SpanKind::kConsumer;
  if (equals_lower(text, "internal")) return SpanKind::kInternal;
  return SpanKind::kUnspecified;
}

std::size_t open_attributes_begin(const SpanBatch& batch) {
  return batch.attribute_ends.empty() ? 0 : batch.attribute_ends.back();
}

}  // namespace

// What was found among the tags and is decided when all are seen.
struct Translator::Tags {
  StringId scope_name;
  StringId scope_version;
  StringId description;
  StatusCode code = StatusCode::kUnset;
  bool error = false;
};

std::uint32_t Translator::add_process(std::uint32_t begin, std::string_view service) {
  auto& pool = batch_.shared_attributes;
  const StringTable& strings = batch_.strings;
  const auto first = pool.begin() + begin;
  const auto has = [&](std::string_view key) {
    return std::any_of(first, pool.end(),
                       [&](const Attribute& a) { return strings[a.key()] == key; });
  };
  if (!has(semconv::kHostName)) {
    for (auto it = first; it != pool.end(); ++it) {
      if (strings[it->key()] == "hostname") {
        *it = Attribute(text_.intern(semconv::kHostName), it->value());
      }
    }
  }
  if (!service.empty()) {
    const Attribute name(text_.intern(semconv::kServiceName),
                         Value::of_string(text_.intern(service)));
    pool.erase(std::remove_if(pool.begin() + begin, pool.end(),
                              [&](const Attribute& a) { return a.key() == name.key(); }),
               pool.end());
    pool.insert(pool.begin() + begin, name);
  }
  return batch_.add_resource(begin);
}

bool Translator::absorb(const Attribute& tag, Tags& tags, SpanRow& row) {
  const std::string_view key = batch_.strings[tag.key()];
  const Value value = tag.value();
  const bool is_text = value.type() == ValueType::kString;
  const std::string_view text = is_text ? batch_.strings[value.as_string()] : std::string_view();
  if (key == "error") {
    // Old clients send the text "true". Other text is somebody's message, not a status.
    const bool error =
        value.type() == ValueType::kBool ? value.as_bool() : equals_lower(text, "true");
    tags.error = tags.error || error;
    return error;
  }
  if (!is_text) return false;
  if (key == "span.kind") {
    const SpanKind kind = kind_from(text);
    if (kind == SpanKind::kUnspecified) return false;
    row.kind = kind;
    return true;
  }
  if (key == "otel.status_code") {
    if (equals_lower(text, "error")) tags.code = StatusCode::kError;
    if (equals_lower(text, "ok")) tags.code = StatusCode::kOk;
    return true;
  }
  if (key == "otel.status_description") {
    tags.description = value.as_string();
  } else if (key == "otel.scope.name" || key == "otel.library.name") {
    tags.scope_name = value.as_string();
  } else if (key == "otel.scope.version" || key == "otel.library.version") {
    tags.scope_version = value.as_string();
  } else if (key == "w3c.tracestate") {
    row.trace_state = value.as_string();
  } else {
    return key == "internal.span.format";  // Jaeger's note of how a span came in
  }
  return true;
}

void Translator::absorb_tags(SpanRow& row) {
  auto& pool = batch_.attributes;
  Tags tags;
  const auto first = pool.begin() + static_cast<std::ptrdiff_t>(open_attributes_begin(batch_));
  pool.erase(
      std::remove_if(first, pool.end(), [&](const Attribute& a) { return absorb(a, tags, row); }),
      pool.end());
  row.status = tags.error ? StatusCode::kError : tags.code;
  row.status_message = tags.description;
  row.scope = scope_of(tags.scope_name, tags.scope_version);
}

std::uint32_t Translator::scope_of(StringId name, StringId version) {
  const std::uint64_t key = (std::uint64_t{name.value} << 32) | version.value;
  const auto [found, is_new] = scopes_.try_emplace(key, 0);
  if (is_new) {
    const auto begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
    found->second = batch_.add_scope(begin, name, version);
  }
  return found->second;
}

void Translator::add_log(std::size_t begin, std::uint64_t time_unix_ns) {
  auto& pool = batch_.event_attributes;
  SpanEvent event;
  event.time_unix_ns = time_unix_ns;
  for (std::size_t i = begin; i < pool.size(); ++i) {
    const std::string_view key = batch_.strings[pool[i].key()];
    if (pool[i].value().type() != ValueType::kString) continue;
    if (key == "event") {
      event.name = pool[i].value().as_string();
      pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
    if (key == "message" && event.name.empty()) event.name = pool[i].value().as_string();
  }
  event.attributes_end = static_cast<std::uint32_t>(pool.size());
  batch_.events.push_back(event);
}

void Translator::add_references(const std::vector<Reference>& references, SpanRow& row) {
  for (const ReferenceType type : {ReferenceType::kChildOf, ReferenceType::kFollowsFrom}) {
    for (const Reference& r : references) {
      if (!row.parent_span_id.valid() && r.type == type && r.trace_id == row.trace_id) {
        row.parent_span_id = r.span_id;
      }
    }
  }
  bool parent_seen = false;
  for (const Reference& r : references) {
    if (!parent_seen && r.trace_id == row.trace_id && r.span_id == row.parent_span_id) {
      parent_seen = true;
      continue;
    }
    batch_.link_attributes.emplace_back(
        text_.intern(semconv::kOpenTracingRefType),
        Value::of_string(text_.intern(r.type == ReferenceType::kChildOf
                                          ? semconv::kRefTypeChildOf
                                          : semconv::kRefTypeFollowsFrom)));
    SpanLink link;
    link.trace_id = r.trace_id;
    link.span_id = r.span_id;
    link.attributes_end = static_cast<std::uint32_t>(batch_.link_attributes.size());
    batch_.links.push_back(link);
  }
}

}  // namespace binnacle::jaeger
