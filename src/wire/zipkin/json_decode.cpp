#include "wire/zipkin/json_decode.h"

#include "codec/decimal.h"
#include "codec/json_document.h"
#include "model/semconv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace binnacle::zipkin {
namespace {

using codec::JsonDocument;
using codec::JsonMember;
using codec::JsonValue;

// Prefixes of tags that are properties of the sender, not of the span.
constexpr std::array<std::string_view, 9> kResourcePrefixes = {
    "service.",  "telemetry.sdk.", "deployment.environment",
    "k8s.",      "container.",     "cloud.",
    "host.name", "host.id",        "os.type"};

constexpr std::string_view kAbsentStart = "otel.zipkin.absentField.startTime";

bool is_of_resource(std::string_view tag) {
  return std::ranges::any_of(kResourcePrefixes,
                             [tag](std::string_view prefix) { return tag.starts_with(prefix); });
}

SpanKind kind_of(std::string_view text) {
  if (text == "CLIENT") return SpanKind::kClient;
  if (text == "SERVER") return SpanKind::kServer;
  if (text == "PRODUCER") return SpanKind::kProducer;
  if (text == "CONSUMER") return SpanKind::kConsumer;
  return text.empty() ? SpanKind::kInternal : SpanKind::kUnspecified;
}

// What one span's tags hold besides its attributes.
struct Tags {
  std::vector<std::pair<std::string_view, std::string_view>> resource;
  std::string_view scope_name;
  std::string_view scope_version;
  std::string_view status_code;
  std::string_view status_description;
  std::optional<std::string_view> error;
};

class Decoder {
 public:
  explicit Decoder(DecodedSpans& out) : out_(out), batch_(out.batch) {}

  Status run(JsonValue root) {
    if (!root.is_array()) return wrong("", root, "a list of spans");
    std::size_t index = 0;
    for (const JsonValue element : root.elements()) {
      const std::string place = fmt::format("[{}]", index++);
      if (!element.is_array()) {
        if (auto ok = span(place, element); !ok) return ok;
        continue;
      }
      std::size_t inner = 0;
      for (const JsonValue nested : element.elements()) {
        if (auto ok = span(fmt::format("{}[{}]", place, inner++), nested); !ok) return ok;
      }
    }
    fill_absent_starts();
    return {};
  }

 private:
  static Status wrong(std::string_view place, JsonValue found, std::string_view wanted) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("zipkin json: {}{}expected {}, found {} at byte {}", place,
                            place.empty() ? "" : ": ", wanted, codec::to_string(found.type()),
                            found.offset()));
  }

  // Unescaped strings live in the document, which outlives the decoder.
  static std::string_view text_of(JsonValue object, std::string_view name) {
    return object.find(name).number_text();
  }

  Status span(const std::string& place, JsonValue v) {
    if (!v.is_object()) return wrong(place, v, "a span object");
    for (const auto& [name, wanted_array] : {std::pair{"annotations", true},
                                             {"tags", false},
                                             {"localEndpoint", false},
                                             {"remoteEndpoint", false}}) {
      const JsonValue field = v.find(name);
      if (field.is_null() || (wanted_array ? field.is_array() : field.is_object())) continue;
      return wrong(place + "." + name, field, wanted_array ? "a list" : "an object");
    }
    const auto trace_id = parse_trace_id(text_of(v, "traceId"));
    const auto id = parse_span_id(text_of(v, "id"));
    if (!trace_id || !trace_id->valid() || !id || !id->valid()) {
      out_.reject(
          fmt::format("zipkin json: {}: {} \"{}\" is no id of 16 or 32 hexadecimal digits", place,
                      !trace_id || !trace_id->valid() ? "traceId" : "id",
                      !trace_id || !trace_id->valid() ? text_of(v, "traceId") : text_of(v, "id")));
      return {};
    }
    append(v, *trace_id, *id);
    return {};
  }

  void append(JsonValue v, TraceId trace_id, SpanId id) {
    const std::uint64_t first_annotation = annotations(v.find("annotations"));
    const Tags tags = read_tags(v.find("tags"));
    endpoints(v);
    if (v.find("shared").boolean()) flag("zipkin.shared");
    if (v.find("debug").boolean()) flag("zipkin.debug");
    SpanRow row;
    row.trace_id = trace_id;
    row.span_id = id;
    row.parent_span_id = parse_span_id(text_of(v, "parentId")).value_or(SpanId{});
    row.name = intern(text_of(v, "name"));
    row.kind = kind_of(text_of(v, "kind"));
    row.start_unix_ns = nanos(v.find("timestamp"));
    if (row.start_unix_ns == 0) {
      flag(kAbsentStart);
      row.start_unix_ns = first_annotation;
      if (first_annotation == 0) absent_.push_back(batch_.size());
    }
    const std::uint64_t duration_ns = nanos(v.find("duration"));
    row.end_unix_ns = row.start_unix_ns > ~std::uint64_t{0} - duration_ns
                          ? ~std::uint64_t{0}
                          : row.start_unix_ns + duration_ns;
    set_status(tags, row);
    row.resource = resource_of(v.find("localEndpoint").find("serviceName").string(), tags);
    row.scope = scope_of(tags);
    batch_.append(row);
  }

  // Microseconds, whole or with a fraction, as a number or a string; 0 for what is none.
  static std::uint64_t nanos(JsonValue v) {
    const auto ns = codec::parse_decimal(v.number_text(), 3);
    return ns ? ns->to_uint64().value_or(0) : 0;
  }

  StringId intern(std::string_view text) { return batch_.strings.intern(text); }

  void add(std::string_view key, Value value) {
    batch_.attributes.emplace_back(intern(key), value);
  }
  void add_text(std::string_view key, std::string_view text) {
    if (!text.empty()) add(key, Value::of_string(intern(text)));
  }
  void flag(std::string_view key) { add(key, Value::of_bool(true)); }

  // Returns the earliest annotation's time, 0 if there is none.
  std::uint64_t annotations(JsonValue list) {
    std::uint64_t first = 0;
    for (const JsonValue annotation : list.elements()) {
      const std::uint64_t time = nanos(annotation.find("timestamp"));
      if (time != 0 && (first == 0 || time < first)) first = time;
      batch_.events.push_back(
          SpanEvent{.time_unix_ns = time,
                    .name = intern(annotation.find("value").string()),
                    .attributes_end = static_cast<std::uint32_t>(batch_.event_attributes.size())});
    }
    return first;
  }

  Tags read_tags(JsonValue object) {
    Tags tags;
    for (const JsonMember tag : object.members()) {
      const std::string_view text = tag_text(tag.value);
      if (tag.name == "error") {
        tags.error = text;
      } else if (tag.name == "otel.status_code") {
        tags.status_code = text;
      } else if (tag.name == "otel.status_description") {
        tags.status_description = text;
      } else if (tag.name == "otel.scope.name" || tag.name == "otel.library.name") {
        tags.scope_name = text;
      } else if (tag.name == "otel.scope.version" || tag.name == "otel.library.version") {
        tags.scope_version = text;
      } else if (is_of_resource(tag.name)) {
        tags.resource.emplace_back(tag.name, text);
      } else {
        add(tag.name, Value::of_string(intern(text)));
      }
    }
    return tags;
  }

  // Tags are strings by the API; old tracers send numbers and booleans all the same.
  static std::string_view tag_text(JsonValue v) {
    if (v.is_bool()) return v.boolean() ? "true" : "false";
    return v.number_text();
  }

  void endpoints(JsonValue v) {
    const JsonValue remote = v.find("remoteEndpoint");
    add_text(semconv::kPeerService, remote.find("serviceName").string());
    address(remote, semconv::kNetworkPeerAddress, semconv::kNetworkPeerPort);
    address(v.find("localEndpoint"), "network.local.address", "network.local.port");
  }

  void address(JsonValue endpoint, std::string_view address_key, std::string_view port_key) {
    const std::string_view v4 = endpoint.find("ipv4").string();
    add_text(address_key, v4.empty() ? endpoint.find("ipv6").string() : v4);
    const auto decimal = codec::parse_decimal(endpoint.find("port").number_text());
    const std::int64_t port = decimal ? decimal->to_int64().value_or(0) : 0;
    if (port > 0) add(port_key, Value::of_int(port));
  }

  void set_status(const Tags& tags, SpanRow& row) {
    if (tags.status_code == "OK") row.status = StatusCode::kOk;
    const bool is_error = tags.error.has_value() && *tags.error != "false";
    if (!is_error && tags.status_code != "ERROR") return;
    row.status = StatusCode::kError;
    std::string_view message = tags.status_description;
    // `error: "true"` only says that there was one.
    if (message.empty() && is_error && *tags.error != "true") message = *tags.error;
    row.status_message = intern(message);
  }

  std::uint32_t resource_of(std::string_view service, const Tags& tags) {
    std::string key(service);
    for (const auto& [name, text] : tags.resource) {
      key.append(1, '\0').append(name).append(1, '\0').append(text);
    }
    const auto [it, is_new] = resources_.try_emplace(std::move(key), 0U);
    if (!is_new) return it->second;
    const auto begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
    const auto put = [&](std::string_view name, std::string_view text) {
      batch_.shared_attributes.emplace_back(intern(name), Value::of_string(intern(text)));
    };
    if (!service.empty()) put(semconv::kServiceName, service);
    for (const auto& [name, text] : tags.resource) {
      if (name != semconv::kServiceName || service.empty()) put(name, text);
    }
    return it->second = batch_.add_resource(begin);
  }

  std::uint32_t scope_of(const Tags& tags) {
    std::string key(tags.scope_name);
    key.append(1, '\0').append(tags.scope_version);
    const auto [it, is_new] = scopes_.try_emplace(std::move(key), 0U);
    if (is_new) {
      it->second = batch_.add_scope(static_cast<std::uint32_t>(batch_.shared_attributes.size()),
                                    intern(tags.scope_name), intern(tags.scope_version));
    }
    return it->second;
  }

  void fill_absent_starts() {
    if (absent_.empty()) return;
    std::unordered_map<TraceId, std::uint64_t> first_of;
    std::map<std::pair<TraceId, SpanId>, std::uint64_t> start_of;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      const std::uint64_t start = batch_.start_unix_ns[i];
      if (start == 0) continue;
      const auto [first, is_new] = first_of.try_emplace(batch_.trace_ids[i], start);
      if (!is_new) first->second = std::min(first->second, start);
      start_of.try_emplace({batch_.trace_ids[i], batch_.span_ids[i]}, start);
    }
    for (const std::size_t i : absent_) {
      const auto parent = start_of.find({batch_.trace_ids[i], batch_.parent_span_ids[i]});
      const auto first = first_of.find(batch_.trace_ids[i]);
      const std::uint64_t start = parent != start_of.end()  ? parent->second
                                  : first != first_of.end() ? first->second
                                                            : 0;
      const std::uint64_t duration_ns = batch_.end_unix_ns[i] - batch_.start_unix_ns[i];
      batch_.start_unix_ns[i] = start;
      batch_.end_unix_ns[i] = start + std::min(duration_ns, ~std::uint64_t{0} - start);
    }
  }

  DecodedSpans& out_;
  SpanBatch& batch_;
  std::unordered_map<std::string, std::uint32_t> resources_;
  std::unordered_map<std::string, std::uint32_t> scopes_;
  std::vector<std::size_t> absent_;
};

}  // namespace

Result<DecodedSpans> decode_json(std::string body) {
  const auto document = JsonDocument::parse(std::move(body));
  if (!document) return std::unexpected(document.error().in("zipkin json"));
  DecodedSpans out;
  Decoder decoder(out);
  if (auto decoded = decoder.run(document->root()); !decoded)
    return std::unexpected(decoded.error());
  return out;
}

}  // namespace binnacle::zipkin
