#include "json.h"

#include <boost/json/src.hpp>

#include <stdexcept>

namespace arbitrage {
namespace {

[[noreturn]] void throw_missing(std::string_view name, const char* kind) {
  throw std::runtime_error("\"" + std::string(name) + "\" is missing or no " + kind);
}

}  // namespace

boost::json::object parse_json(std::string_view text) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error || !value.is_object()) throw std::runtime_error("body is no JSON object");
  return std::move(value.get_object());
}

std::string string_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) throw_missing(name, "string");
  const boost::json::string& text = value->get_string();
  return {text.data(), text.size()};
}

std::int64_t int_member(const boost::json::object& object, std::string_view name,
                        std::int64_t fallback) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr || !value->is_int64() ? fallback : value->get_int64();
}

const boost::json::object& object_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr) throw_missing(name, "object");
  return as_object(*value, name);
}

const boost::json::array& array_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) throw_missing(name, "array");
  return value->get_array();
}

const boost::json::object& as_object(const boost::json::value& value, std::string_view name) {
  if (!value.is_object()) throw_missing(name, "object");
  return value.get_object();
}

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

}  // namespace arbitrage
