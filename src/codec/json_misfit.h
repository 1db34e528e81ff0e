#pragma once

#include "base/error.h"
#include "codec/json_document.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

// The first place at which a JSON document is not what its reader expects. A reader's functions
// return false then, and on the way out each says where it was; so nothing is spent on places while
// all is well.
//
//   bool span(JsonValue v) {
//     if (!v.is_object()) return broken(v, "an object");
//     return name(v.find("name")) || break_at("name");
//   }

namespace binnacle::codec {

/// For a reader to derive from. Thread-confined.
class JsonMisfit {
 protected:
  JsonMisfit() = default;

  /// Ok, or e.g. "jaeger json: spans[3].tags: expected an array, found number at byte 171" if
  /// `document` is "jaeger json".
  [[nodiscard]] Status misfit(std::string_view document) const;

  // All return false.
  /// On the way out: it was in this member or element.
  bool break_at(std::string_view part);
  /// `what` says it all.
  bool wrong(JsonValue at, std::string what);
  bool broken(JsonValue at, std::string_view wanted);
  /// For texts and numbers: `what` comes before the text itself.
  bool broken_text(JsonValue at, std::string_view what);

  /// An object or null, which has no members.
  bool object(JsonValue v) { return v.is_object() || v.is_null() || broken(v, "an object"); }

  /// Calls `each(element)` or `each(element, index)` for the elements of an array until one returns
  /// false; null is an empty one.
  template <typename Each>
  bool array(JsonValue v, std::string_view name, Each each) {
    if (v.is_null()) return true;
    if (!v.is_array()) {
      broken(v, "an array");
      return break_at(name);
    }
    std::size_t index = 0;
    for (const JsonValue e : v.elements()) {
      bool is_good = false;
      if constexpr (std::is_invocable_v<Each, JsonValue, std::size_t>) {
        is_good = each(e, index);
      } else {
        is_good = each(e);
      }
      if (!is_good) return break_at_element(name, index);
      ++index;
    }
    return true;
  }

 private:
  bool break_at_element(std::string_view name, std::size_t index);

  std::string path_;
  std::string what_;
  std::size_t offset_ = 0;
};

}  // namespace binnacle::codec
