#include "sdk/formats/datadog_names.h"

#include "sdk/formats/batch_appender.h"

#include <binnacle/span.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::pair<std::string_view, std::string_view DatadogNames::*> kTextKeys[] = {
    {"operation.name", &DatadogNames::operation},
    {"resource.name", &DatadogNames::resource},
    {"span.type", &DatadogNames::type},
    {"db.system.name", &DatadogNames::db_system},
    {"db.system", &DatadogNames::db_system},
    {"messaging.system", &DatadogNames::messaging_system},
    {"messaging.operation.type", &DatadogNames::messaging_operation},
    {"messaging.operation", &DatadogNames::messaging_operation},
    {"rpc.system", &DatadogNames::rpc_system},
    {"network.protocol.name", &DatadogNames::protocol},
};

// OpenTelemetry's stable names and the ones that Datadog's product looks for.
constexpr std::pair<std::string_view, std::string_view> kHttpKeys[] = {
    {"http.request.method", "http.method"},
    {"http.response.status_code", "http.status_code"},
    {"http.response.body.size", "http.response.content_length"},
    {"http.request.body.size", "http.request.content_length"},
    {"http.request.header.referer", "http.referer"},
    {"client.address", "http.client_ip"},
    {"network.protocol.version", "http.version"},
    {"server.address", "http.server_name"},
    {"url.full", "http.url"},
    {"user_agent.original", "http.useragent"},
};

/// Whether `byte` is one of these lowercase letters.
template <std::size_t Size>
constexpr bool is_one_of(char byte, const char (&letters)[Size]) noexcept {
  std::uint32_t set = 0;
  for (std::size_t i = 0; i + 1 < Size; ++i) set |= 1U << (letters[i] & 31);
  return byte >= 'a' && byte <= 'z' && (set >> (byte & 31) & 1U) != 0;
}

void append_parts(BatchAppender& out, std::string_view first, std::string_view second) noexcept {
  out.text(first);
  out.text(second);
}

}  // namespace

void DatadogNames::take(const AttributeView& attribute) noexcept {
  const std::string_view key = attribute.key;
  // Most attributes are none of these: look at one byte first.
  if (key.size() < 9 || !is_one_of(key[0], "orsdmnh")) return;
  if (key == "http.request.method" || key == "http.method") {
    is_http = true;
    return;
  }
  if (attribute.value.kind != ValueKind::kString) return;
  for (const auto& [name, member] : kTextKeys) {
    if (key == name) this->*member = attribute.value.text;
  }
}

void DatadogNames::append_operation(BatchAppender& out, std::uint8_t kind) const noexcept {
  const auto span_kind = static_cast<SpanKind>(kind);
  const bool is_server = span_kind == SpanKind::kServer;
  const bool is_client = span_kind == SpanKind::kClient;
  const bool has_peer = is_server || is_client;
  if (!operation.empty()) return out.text(operation);
  if (is_http && has_peer) {
    return out.text(is_server ? "http.server.request" : "http.client.request");
  }
  if (!db_system.empty() && is_client) return append_parts(out, db_system, ".query");
  if (!messaging_system.empty() && !messaging_operation.empty() &&
      span_kind != SpanKind::kInternal) {
    append_parts(out, messaging_system, ".");
    return out.text(messaging_operation);
  }
  if (!rpc_system.empty() && has_peer) {
    return append_parts(out, rpc_system, is_server ? ".server.request" : ".client.request");
  }
  if (!has_peer) return out.text(span_kind_text(kind));
  if (!protocol.empty()) append_parts(out, protocol, ".");
  out.text(is_server ? "server.request" : "client.request");
}

std::string_view DatadogNames::span_type(std::uint8_t kind) const noexcept {
  if (!type.empty()) return type;
  const auto span_kind = static_cast<SpanKind>(kind);
  if (span_kind == SpanKind::kServer) return "web";
  if (span_kind != SpanKind::kClient) return "custom";
  if (db_system.empty()) return "http";
  return db_system == "redis" || db_system == "memcached" ? "cache" : "db";
}

std::string_view datadog_key(std::string_view key) noexcept {
  if (key.size() < 8 || !is_one_of(key[0], "hcnsu")) return key;
  for (const auto& [otel, datadog] : kHttpKeys) {
    if (key == otel) return datadog;
  }
  return key;
}

}  // namespace binnacle::sdk
