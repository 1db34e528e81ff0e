#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

// The few JSON moves the demo needs, over RapidJSON. Reading throws std::runtime_error with what
// was missing, which the service turns into an error span and a 400 or 500.

namespace arbitrage {

[[nodiscard]] rapidjson::Document parse_json(std::string_view text);
[[nodiscard]] std::string string_member(const rapidjson::Value& object, const char* name);
[[nodiscard]] std::int64_t int_member(const rapidjson::Value& object, const char* name,
                                      std::int64_t fallback);
/// Quoted and escaped.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace arbitrage
