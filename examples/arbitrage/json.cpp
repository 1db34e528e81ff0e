#include "json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <stdexcept>

namespace arbitrage {

rapidjson::Document parse_json(std::string_view text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject()) {
    throw std::runtime_error("body is no JSON object");
  }
  return document;
}

std::string string_member(const rapidjson::Value& object, const char* name) {
  const auto it = object.FindMember(name);
  if (it == object.MemberEnd() || !it->value.IsString()) {
    throw std::runtime_error(std::string("\"") + name + "\" is missing or no string");
  }
  return {it->value.GetString(), it->value.GetStringLength()};
}

std::int64_t int_member(const rapidjson::Value& object, const char* name, std::int64_t fallback) {
  const auto it = object.FindMember(name);
  return it == object.MemberEnd() || !it->value.IsInt64() ? fallback : it->value.GetInt64();
}

std::string json_string(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace arbitrage
