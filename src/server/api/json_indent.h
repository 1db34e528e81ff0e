#pragma once

#include <string>
#include <string_view>

// Lays compact JSON out for people (prettyPrint=true), as it streams by. Thread-confined.

namespace binnacle {

/// Four blanks a level, a line per member, `{}` and `[]` for empty ones: Go's
/// json.Encoder.SetIndent("", "    "), which Jaeger uses. Feed valid compact JSON in any pieces.
class JsonIndenter {
 public:
  void feed(std::string_view json, std::string& out);

 private:
  void line(std::string& out) const;
  void structure(char c, std::string& out);

  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool just_opened_ = false;
};

}  // namespace binnacle
