#include "tests/interop/json_shape.h"

#include <fmt/format.h>

#include <string_view>

namespace binnacle::interop {
namespace {

std::string_view type_name(codec::JsonType type) {
  switch (type) {
    case codec::JsonType::kNull:
      return "null";
    case codec::JsonType::kBool:
      return "boolean";
    case codec::JsonType::kNumber:
      return "number";
    case codec::JsonType::kString:
      return "string";
    case codec::JsonType::kArray:
      return "array";
    case codec::JsonType::kObject:
      return "object";
  }
  return "";
}

bool is_of_type(codec::JsonValue value, std::string_view types) {
  for (;;) {
    const std::size_t bar = types.find('|');
    const std::string_view type = types.substr(0, bar);
    if (type == "any" || type == type_name(value.type())) return true;
    if (bar == std::string_view::npos) return false;
    types.remove_prefix(bar + 1);
  }
}

std::string misfit_members(codec::JsonValue value, codec::JsonValue shape,
                           const std::string& path) {
  if (!value.is_object()) return fmt::format("{} is no object", path);
  for (const codec::JsonMember& wanted : shape.members()) {
    const bool optional = wanted.name.ends_with('?');
    const std::string_view name = wanted.name.substr(0, wanted.name.size() - (optional ? 1 : 0));
    bool there = false;
    for (const codec::JsonMember& member : value.members()) {
      if (member.name != name) continue;
      there = true;
      auto why = misfit(member.value, wanted.value, fmt::format("{}.{}", path, name));
      if (!why.empty()) return why;
    }
    if (!there && !optional) return fmt::format("{}.{} is missing", path, name);
  }
  return {};
}

}  // namespace

std::string misfit(codec::JsonValue value, codec::JsonValue shape, const std::string& path) {
  if (shape.is_object()) return misfit_members(value, shape, path);
  if (shape.is_array()) {
    if (!value.is_array()) return fmt::format("{} is no array", path);
    std::size_t i = 0;
    for (const codec::JsonValue element : value.elements()) {
      auto why = misfit(element, *shape.elements().begin(), fmt::format("{}[{}]", path, i++));
      if (!why.empty()) return why;
    }
    return {};
  }
  if (is_of_type(value, shape.string())) return {};
  return fmt::format("{} is a {}, not {}", path, type_name(value.type()), shape.string());
}

}  // namespace binnacle::interop
