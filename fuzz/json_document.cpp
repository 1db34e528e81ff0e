// JSON text against simdjson: ours accepts whatever simdjson does; strings survive being written
// and read again.

#include "codec/json_document.h"

#include "base/check.h"
#include "codec/json_writer.h"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>

using namespace binnacle;

namespace {

void check_text(std::string_view text) {
  std::string json;
  codec::append_json_string(text, json);
  const auto again = codec::JsonDocument::parse(json);
  BINNACLE_CHECK(again && again->root().string() == text, "strings survive");
}

void walk(codec::JsonValue v) {
  if (v.is_string()) check_text(v.string());
  for (const codec::JsonValue e : v.elements()) walk(e);
  for (const codec::JsonMember& m : v.members()) {
    check_text(m.name);
    walk(m.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto ours = codec::JsonDocument::parse(text);
  static simdjson::dom::parser parser;
  const bool theirs = parser.parse(text).error() == simdjson::SUCCESS;
  const bool too_deep = !ours && ours.error().message.find("too deep") != std::string::npos;
  BINNACLE_CHECK(ours || !theirs || too_deep, "ours is the lenient one");
  if (ours) walk(ours->root());
  return 0;
}
