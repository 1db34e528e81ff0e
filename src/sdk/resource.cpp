#include "sdk/resource.h"

#include "sdk/fields.h"
#include "wire/otlp/span_writer.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace binnacle::sdk {

namespace {

/// A random UUID (version 4, RFC 9562).
std::string make_instance_id() {
  std::uint8_t bytes[16] = {};
  if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof bytes)) {
    return std::to_string(getpid());
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0xFU];
  }
  return text;
}

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "";
  return name;
}

void append_attribute(std::string& out, std::string_view key, const AttributeValue& value) {
  const std::size_t before = out.size();
  out.resize(before + attribute_size(key, value));
  put_attribute(out.data() + before, wire::otlp::kResourceAttributes, key, value);
}

}  // namespace

std::string encode_resource(const Config& config) {
  std::vector<std::pair<std::string, std::string>> texts = {
      {"service.name", config.service_name},
      {"service.version", config.service_version},
      {"deployment.environment.name", config.environment},
      {"service.instance.id", make_instance_id()},
      {"host.name", host_name()},
      {"telemetry.sdk.name", "binnacle"},
      {"telemetry.sdk.language", "cpp"},
      {"telemetry.sdk.version", kVersion}};
  bool has_pid = false;
  for (const auto& [key, value] : config.resource_attributes) {
    has_pid = has_pid || key == "process.pid";
    const auto same = std::find_if(texts.begin(), texts.end(),
                                   [&k = key](const auto& text) { return text.first == k; });
    if (same == texts.end()) {
      texts.emplace_back(key, value);
    } else if (key != "service.name" && key != "service.version" &&
               key != "deployment.environment.name") {
      same->second = value;  // those three are settled in Config already
    }
  }
  std::string resource;
  for (const auto& [key, value] : texts) {
    if (!value.empty()) append_attribute(resource, key, value);
  }
  if (!has_pid) append_attribute(resource, "process.pid", static_cast<std::int64_t>(getpid()));
  return resource;
}

}  // namespace binnacle::sdk
