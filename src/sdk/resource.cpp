#include "sdk/resource.h"

#include "sdk/fields.h"
#include "sdk/resource_detectors.h"
#include "wire/otlp/span_writer.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
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

void append_attribute(std::string& out, const Attribute& attribute) {
  const auto append = [&](const AttributeValue& value) {
    const std::size_t before = out.size();
    out.resize(before + attribute_size(attribute.key, value));
    put_attribute(out.data() + before, wire::otlp::kResourceAttributes, attribute.key, value);
  };
  if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    if (!text->empty()) append(*text);  // unknown
  } else if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
    append(*number);
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&attribute.value)) {
    append(*texts);
  }
}

}  // namespace

std::string encode_resource(const Config& config) {
  std::vector<Attribute> all = {{"service.name", config.service_name},
                                {"service.version", config.service_version},
                                {"deployment.environment.name", config.environment},
                                {"service.instance.id", make_instance_id()},
                                {"telemetry.sdk.name", std::string("binnacle")},
                                {"telemetry.sdk.language", std::string("cpp")},
                                {"telemetry.sdk.version", std::string(kVersion)}};
  constexpr std::size_t kSettled = 3;  // in Config already
  for (Attribute& found :
       detect_resource(config.resource_detectors, this_machine(config.captures_command_args))) {
    all.push_back(std::move(found));
  }
  for (const auto& [key, value] : config.resource_attributes) {
    const auto same = std::find_if(all.begin(), all.end(),
                                   [&k = key](const Attribute& one) { return one.key == k; });
    if (same == all.end()) {
      all.push_back({key, value});
    } else if (same - all.begin() >= static_cast<std::ptrdiff_t>(kSettled)) {
      same->value = value;
    }
  }
  std::string resource;
  for (const Attribute& attribute : all) append_attribute(resource, attribute);
  return resource;
}

}  // namespace binnacle::sdk
