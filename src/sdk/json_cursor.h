#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Reads one small JSON text front to back: what the SDK is told by servers (sampling strategies).
// In its own few lines, because the project's JSON library must not come into hosts. Bounded depth,
// no allocation but for strings. Once something is wrong, everything fails. Thread-confined.
//
//   JsonCursor json(text);
//   json.object([&](std::string_view key) {
//     if (key == "samplingRate") rate = json.number(); else json.skip();
//   });
//   if (!json.is_complete()) ...
//
// Source: RFC 8259.

namespace binnacle::sdk {

class JsonCursor {
 public:
  static constexpr int kMaxDepth = 32;

  explicit JsonCursor(std::string_view text) noexcept : rest_(text) {}

  /// Calls `member(key)` for each member; it must consume the value. False if this is no object.
  template <typename F>
  bool object(F&& member) {
    return enclosed('{', '}', [&] {
      const std::optional<std::string> key = string();
      if (!key || !take(':')) return fail();
      member(std::string_view(*key));
      return !has_failed_;
    });
  }
  /// Calls `element()` for each; it must consume the value. False if this is no array.
  template <typename F>
  bool array(F&& element) {
    return enclosed('[', ']', [&] {
      element();
      return !has_failed_;
    });
  }
  std::optional<std::string> string();
  std::optional<double> number() noexcept;
  /// Passes over any value.
  bool skip();
  /// Passes over null; false, and nothing consumed, if something else comes next.
  bool take_null() noexcept { return peek() == 'n' && take_word("null"); }

  /// Whether the whole text was one good value and has been consumed.
  bool is_complete() noexcept {
    skip_space();
    return !has_failed_ && rest_.empty();
  }

 private:
  template <typename F>
  bool enclosed(char open, char close, F&& each) {
    if (!take(open) || ++depth_ > kMaxDepth) return fail();
    if (!take(close)) {
      do {
        if (!each()) return fail();
      } while (take(','));
      if (!take(close)) return fail();
    }
    --depth_;
    return true;
  }
  bool fail() noexcept {
    has_failed_ = true;
    rest_ = {};
    return false;
  }
  void skip_space() noexcept;
  char peek() noexcept;
  /// Consumes a character if it comes next.
  bool take(char wanted) noexcept;
  bool take_word(std::string_view word) noexcept;
  bool append_escape(std::string& out);
  std::optional<unsigned> hex4() noexcept;

  std::string_view rest_;
  int depth_ = 0;
  bool has_failed_ = false;
};

}  // namespace binnacle::sdk
