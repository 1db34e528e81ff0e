#include "server/api/json_indent.h"

namespace binnacle {
namespace {

constexpr int kBlanksPerLevel = 4;

}  // namespace

void JsonIndenter::line(std::string& out) const {
  out.push_back('\n');
  out.append(static_cast<std::size_t>(depth_ * kBlanksPerLevel), ' ');
}

void JsonIndenter::structure(char c, std::string& out) {
  const bool closes = c == '}' || c == ']';
  if (closes) {
    --depth_;
    if (!just_opened_) line(out);
  } else if (just_opened_) {
    line(out);
  }
  just_opened_ = false;
  out.push_back(c);
  if (c == '{' || c == '[') {
    ++depth_;
    just_opened_ = true;
  } else if (c == ',') {
    line(out);
  } else if (c == ':') {
    out.push_back(' ');
  } else if (c == '"') {
    in_string_ = true;
  }
}

void JsonIndenter::feed(std::string_view json, std::string& out) {
  for (const char c : json) {
    if (!in_string_) {
      structure(c, out);
      continue;
    }
    out.push_back(c);
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
  }
}

}  // namespace binnacle
