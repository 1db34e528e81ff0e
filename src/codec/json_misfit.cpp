#include "codec/json_misfit.h"

#include <fmt/format.h>

#include <utility>

namespace binnacle::codec {

Status JsonMisfit::misfit(std::string_view document) const {
  if (what_.empty()) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}{}{} at byte {}", document, path_,
                                                       path_.empty() ? "" : ": ", what_, offset_));
}

bool JsonMisfit::break_at(std::string_view part) {
  path_ = path_.empty() ? std::string(part) : fmt::format("{}.{}", part, path_);
  return false;
}

bool JsonMisfit::break_at_element(std::string_view name, std::size_t index) {
  return break_at(fmt::format("{}[{}]", name, index));
}

bool JsonMisfit::wrong(JsonValue at, std::string what) {
  what_ = std::move(what);
  offset_ = at.offset();
  return false;
}

bool JsonMisfit::broken(JsonValue at, std::string_view wanted) {
  return wrong(at, fmt::format("expected {}, found {}", wanted, to_string(at.type())));
}

bool JsonMisfit::broken_text(JsonValue at, std::string_view what) {
  constexpr std::size_t kShownBytes = 100;
  return wrong(at, fmt::format("{} \"{}\"", what, at.number_text().substr(0, kShownBytes)));
}

}  // namespace binnacle::codec
