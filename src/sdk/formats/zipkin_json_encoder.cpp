#include "sdk/formats/zipkin_json_encoder.h"

#include "sdk/formats/json_text.h"

#include <binnacle/apm.h>
#include <binnacle/span.h>

#include <arpa/inet.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kUnknownService = "unknown_service";
constexpr auto kError = static_cast<std::uint8_t>(StatusCode::kError);

std::string_view kind_text(std::uint8_t kind) noexcept {
  switch (static_cast<SpanKind>(kind)) {
    case SpanKind::kServer:
      return "SERVER";
    case SpanKind::kClient:
      return "CLIENT";
    case SpanKind::kProducer:
      return "PRODUCER";
    case SpanKind::kConsumer:
      return "CONSUMER";
    default:
      return {};
  }
}

bool has_remote(std::uint8_t kind) noexcept {
  return kind == static_cast<std::uint8_t>(SpanKind::kClient) ||
         kind == static_cast<std::uint8_t>(SpanKind::kProducer);
}

/// What names the other side, best first.
struct RemoteKey {
  std::string_view key;
  std::string_view port_key;  ///< where `key` holds an address
};
constexpr RemoteKey kRemoteKeys[] = {
    {"peer.service", ""},
    {"server.address", ""},
    {"net.peer.name", ""},
    {"network.peer.address", "network.peer.port"},
    {"server.socket.domain", ""},
    {"server.socket.address", "server.socket.port"},
    {"net.sock.peer.name", ""},
    {"net.sock.peer.addr", "net.sock.peer.port"},
    {"peer.hostname", ""},
    {"peer.address", ""},
    {"db.name", ""},
};

/// Keys that this encoder writes itself.
bool is_written_anyway(std::string_view key) noexcept {
  return key == "otel.scope.name" || key == "otel.scope.version" || key == "otel.library.name" ||
         key == "otel.library.version";
}

void append_quoted_text(BatchAppender& out, ByteBuffer& scratch, const ValueView& value) noexcept {
  if (value.kind == ValueKind::kString) return append_json_string(out, value.text);
  const bool is_plain = value.kind != ValueKind::kArray && value.kind != ValueKind::kMap;
  if (is_plain) {  // digits and words need no escaping
    out.byte('"');
    append_tag_text(out, value);
    return out.byte('"');
  }
  scratch.truncate(0);
  BatchAppender text(scratch);
  append_tag_text(text, value);
  append_json_string(out, text.written());
}

void append_tag(BatchAppender& out, ByteBuffer& scratch, std::string_view key,
                const ValueView& value) noexcept {
  out.byte(',');
  append_json_string(out, key);
  out.byte(':');
  append_quoted_text(out, scratch, value);
}

void append_count(BatchAppender& out, std::string_view key, std::uint32_t count) noexcept {
  if (count == 0) return;
  out.text(key);
  append_decimal(out, std::uint64_t{count});
  out.byte('"');
}

void append_times(BatchAppender& out, const FinishedSpan& span) noexcept {
  const std::uint64_t start_us = span.start_unix_ns / 1000;
  const std::uint64_t duration_us = (span.end_unix_ns - span.start_unix_ns) / 1000;
  if (start_us != 0) {  // Zipkin takes 0 for a mistake
    out.text(R"(,"timestamp":)");
    append_decimal(out, start_us);
  }
  out.text(R"(,"duration":)");
  append_decimal(out, std::max<std::uint64_t>(duration_us, 1));
}

void append_annotations(BatchAppender& out, ByteBuffer& scratch,
                        const FinishedSpan& span) noexcept {
  std::string_view before = R"(,"annotations":[{"timestamp":)";
  for (const EventView event : events_of(span)) {
    out.text(before);
    before = R"(,{"timestamp":)";
    append_decimal(out, event.time_unix_ns / 1000);
    out.text(R"(,"value":)");
    if (event.attributes().empty()) {
      append_json_string(out, event.name);
    } else {
      scratch.truncate(0);
      BatchAppender text(scratch);
      append_json_string(text, event.name);
      text.byte(':');
      append_json_object(text, event.attributes());
      append_json_string(out, text.written());
    }
    out.byte('}');
  }
  out.byte(']');
}

/// The best of what names the other side; `index` is past the end if nothing does.
struct Remote {
  std::size_t index = std::size(kRemoteKeys);
  std::string_view name;
  std::int64_t port = 0;
};

Remote find_remote(const FinishedSpan& span) noexcept {
  Remote remote;
  for (const AttributeView attribute : attributes_of(span)) {
    if (attribute.value.kind != ValueKind::kString || attribute.value.text.empty()) continue;
    for (std::size_t i = 0; i < remote.index; ++i) {
      if (attribute.key == kRemoteKeys[i].key) {
        remote.index = i;
        remote.name = attribute.value.text;
      }
    }
  }
  if (remote.index == std::size(kRemoteKeys)) return remote;
  const std::string_view port_key = kRemoteKeys[remote.index].port_key;
  if (port_key.empty()) return remote;
  for (const AttributeView attribute : attributes_of(span)) {
    if (attribute.key == port_key && attribute.value.kind == ValueKind::kInt) {
      remote.port = attribute.value.integer;
    }
  }
  return remote;
}

bool is_address(int family, std::string_view text) noexcept {
  char copy[INET6_ADDRSTRLEN] = {};
  char bytes[16];
  if (text.size() >= sizeof copy) return false;
  text.copy(copy, text.size());
  return inet_pton(family, copy, bytes) == 1;
}

void append_remote(BatchAppender& out, const FinishedSpan& span) noexcept {
  const Remote remote = find_remote(span);
  if (remote.index == std::size(kRemoteKeys)) return;
  const bool is_socket = !kRemoteKeys[remote.index].port_key.empty();
  if (is_socket && is_address(AF_INET, remote.name)) {
    out.text(R"(,"remoteEndpoint":{"ipv4":)");
  } else if (is_socket && is_address(AF_INET6, remote.name)) {
    out.text(R"(,"remoteEndpoint":{"ipv6":)");
  } else {
    out.text(R"(,"remoteEndpoint":{"serviceName":)");
  }
  append_json_string(out, remote.name);
  if (remote.port > 0 && remote.port <= 65535) {
    out.text(R"(,"port":)");
    append_decimal(out, remote.port);
  }
  out.byte('}');
}

}  // namespace

/// Writes the tags and keeps the rest for later.
struct ZipkinJsonEncoder::TagPass {
  ZipkinJsonEncoder& encoder;
  BatchAppender& out;
  const bool is_error;
  const bool has_status;
  std::string_view name = {};
  std::string_view description = {};
  bool has_events = false;

  void on_name(std::string_view text) noexcept { name = text; }
  void on_attribute(const AttributeView& attribute) noexcept {
    if (attribute.key == "error") {
      // Zipkin takes any text, even "false", for an error; what the status says stands once.
      const ValueView& value = attribute.value;
      const bool is_false = (value.kind == ValueKind::kBool && !value.boolean) ||
                            (value.kind == ValueKind::kString && value.text == "false");
      if (is_error || is_false) return;
    }
    if (attribute.key.starts_with("otel.") &&
        (is_written_anyway(attribute.key) || (has_status && attribute.key == "otel.status_code"))) {
      return;
    }
    append_tag(out, encoder.scratch_, attribute.key, attribute.value);
  }
  void on_event(const EventView& /*event*/) noexcept { has_events = true; }
  void on_status(const StatusView& status) noexcept { description = status.message; }
};

ZipkinJsonEncoder::ZipkinJsonEncoder(std::string_view resource) {
  const std::string_view service = resource_text(resource, "service.name");
  endpoint_ = made_once([&](BatchAppender& out) {
    out.text(R"(,"localEndpoint":{"serviceName":)");
    append_json_string(out, service.empty() ? kUnknownService : service);
    out.text(R"(},"tags":{"otel.scope.name":"binnacle","otel.scope.version":)");
    append_json_string(out, kVersion);
    // Of old, and still demanded by the specification.
    out.text(R"(,"otel.library.name":"binnacle","otel.library.version":)");
    append_json_string(out, kVersion);
  });
  for (const AttributeView attribute : attributes_of_resource(resource)) {
    if (attribute.key == "service.name" || is_written_anyway(attribute.key)) continue;
    resource_tags_.push_back({std::string(attribute.key), made_once([&](BatchAppender& out) {
                                append_tag(out, scratch_, attribute.key, attribute.value);
                              })});
    all_resource_tags_ += resource_tags_.back().json;
    resource_key_sizes_ |= std::uint64_t{1} << (attribute.key.size() & 63U);
  }
}

/// Those that the span does not have itself: a key stands once.
void ZipkinJsonEncoder::append_resource_tags(BatchAppender& out, const FinishedSpan& span) const {
  const auto is_of_span = [&](std::string_view key) {
    for (const KeyView attribute : keys_of(span)) {
      if (attribute.key == key) return true;
    }
    return false;
  };
  const auto is_of_resource = [this](std::string_view key) {
    for (const ResourceTag& tag : resource_tags_) {
      if (tag.key == key) return true;
    }
    return false;
  };
  bool is_repeated = false;
  for (const KeyView attribute : keys_of(span)) {
    if (may_be_of_resource(attribute.key)) is_repeated |= is_of_resource(attribute.key);
  }
  if (!is_repeated) return out.text(all_resource_tags_);
  for (const ResourceTag& tag : resource_tags_) {
    if (!is_of_span(tag.key)) out.text(tag.json);
  }
}

void ZipkinJsonEncoder::append_span(BatchAppender& out, const FinishedSpan& span) {
  out.text(R"({"traceId":")");
  append_hex(out, span.trace_id, 16);
  out.text(R"(","id":")");
  append_hex(out, span.span_id, 8);
  if (span.parent_span_id != nullptr) {
    out.text(R"(","parentId":")");
    append_hex(out, span.parent_span_id, 8);
  }
  out.byte('"');
  if (const std::string_view kind = kind_text(span.kind); !kind.empty()) {
    out.text(R"(,"kind":")");
    out.text(kind);
    out.byte('"');
  }
  append_times(out, span);
  if (has_remote(span.kind)) append_remote(out, span);
  out.text(endpoint_);
  append_resource_tags(out, span);
  TagPass pass{.encoder = *this,
               .out = out,
               .is_error = span.status == kError,
               .has_status = span.status != 0};
  visit_span(span, pass);
  if (span.status != 0) {
    out.text(pass.is_error ? R"(,"otel.status_code":"ERROR","error":)"
                           : R"(,"otel.status_code":"OK")");
  }
  if (pass.is_error) append_json_string(out, pass.description);
  append_count(out, R"(,"otel.dropped_attributes_count":")", span.dropped_attributes);
  append_count(out, R"(,"otel.dropped_events_count":")", span.dropped_events);
  append_count(out, R"(,"otel.dropped_links_count":")", span.dropped_links);
  out.text(R"(},"name":)");
  append_json_string(out, pass.name);
  if (pass.has_events) append_annotations(out, scratch_, span);
  out.byte('}');
}

void ZipkinJsonEncoder::add(const FinishedSpan& span) {
  BatchAppender out(batch_.bytes);
  out.byte(batch_.items == 0 ? '[' : ',');
  append_span(out, span);
  if (out.commit(1)) ++batch_.items;
}

EncodedBatch ZipkinJsonEncoder::finish() {
  BatchAppender(batch_.bytes).byte(']');
  return std::exchange(batch_, EncodedBatch{});
}

}  // namespace binnacle::sdk
