#include "server/api/json_indent.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

constexpr std::string_view kCompact =
    R"({"data":[],"o":{},"a":[1,"x\"{,:\\",{"k":null}],"errors":null})";
constexpr std::string_view kIndented = R"({
    "data": [],
    "o": {},
    "a": [
        1,
        "x\"{,:\\",
        {
            "k": null
        }
    ],
    "errors": null
})";

TEST(JsonIndent, LaysOutAsGoDoes) {
  std::string out;
  JsonIndenter().feed(kCompact, out);
  EXPECT_EQ(out, kIndented);
}

TEST(JsonIndent, PiecesMayBreakAnywhere) {
  std::string out;
  JsonIndenter indenter;
  for (const char& c : kCompact) indenter.feed({&c, 1}, out);
  EXPECT_EQ(out, kIndented);
}

}  // namespace
}  // namespace binnacle
