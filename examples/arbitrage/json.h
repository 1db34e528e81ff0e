#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// The few JSON moves the demo needs, over Boost.JSON, whose sources json.cpp compiles: no library
// to link. What is asked for and missing throws std::runtime_error with its name, which the service
// turns into an error span and a 400 or 500.

namespace arbitrage {

[[nodiscard]] boost::json::object parse_json(std::string_view text);
[[nodiscard]] std::string string_member(const boost::json::object& object, std::string_view name);
[[nodiscard]] std::int64_t int_member(const boost::json::object& object, std::string_view name,
                                      std::int64_t fallback);
[[nodiscard]] const boost::json::object& object_member(const boost::json::object& object,
                                                       std::string_view name);
[[nodiscard]] const boost::json::array& array_member(const boost::json::object& object,
                                                     std::string_view name);
/// One object of an array; throws like the others when it is none.
[[nodiscard]] const boost::json::object& as_object(const boost::json::value& value,
                                                   std::string_view name);
/// Quoted and escaped.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace arbitrage
