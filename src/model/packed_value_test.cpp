#include "model/packed_value.h"

#include "model/predicate.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle {
namespace {

std::string text_of(const std::string& packed, ValueType type) {
  StringTable strings;
  return value_text(strings, Value::of_raw(type, strings.intern(packed).value));
}

TEST(PackedValue, IsShownAsJson) {
  std::string packed;
  PackedWriter w(packed);
  w.begin_map(3);
  w.key("a");
  w.begin_array(4);
  w.integer(-5);
  w.real(0.5);
  w.boolean(true);
  w.empty();
  w.key("quote\"");
  w.string("line\n");
  w.key("raw");
  w.bytes("\x01\x02");
  EXPECT_EQ(text_of(packed, ValueType::kMap),
            R"({"a":[-5,0.5,true,null],"quote\"":"line\u000a","raw":"AQI="})");
}

TEST(PackedValue, IntegersRoundTripAtTheirLimits) {
  std::string packed;
  PackedWriter w(packed);
  w.begin_array(2);
  w.integer(INT64_MIN);
  w.integer(INT64_MAX);
  EXPECT_EQ(text_of(packed, ValueType::kArray), "[-9223372036854775808,9223372036854775807]");
}

class Ignore final : public PackedVisitor {
 public:
  void on_empty() override {}
  void on_string(std::string_view) override {}
  void on_bool(bool) override {}
  void on_int(std::int64_t) override {}
  void on_double(double) override {}
  void on_bytes(std::string_view) override {}
  void on_array_begin(std::uint64_t) override {}
  void on_array_end() override {}
  void on_map_begin(std::uint64_t) override {}
  void on_key(std::string_view) override {}
  void on_map_end() override {}
};

TEST(PackedValue, EveryTruncationIsRefused) {
  std::string packed;
  PackedWriter w(packed);
  w.begin_map(2);
  w.key("numbers");
  w.begin_array(2);
  w.real(1.25);
  w.integer(1'000'000);
  w.key("text");
  w.string("hello");
  Ignore ignore;
  ASSERT_TRUE(visit_packed(packed, ignore));
  for (std::size_t n = 0; n < packed.size(); ++n) {
    EXPECT_FALSE(visit_packed(std::string_view(packed).substr(0, n), ignore)) << n;
  }
  EXPECT_FALSE(visit_packed(packed + '\0', ignore));
}

TEST(PackedValue, NestingBeyondTheLimitIsRefused) {
  Ignore ignore;
  const auto nested = [](int depth) {
    std::string packed;
    PackedWriter w(packed);
    for (int i = 0; i < depth; ++i) w.begin_array(1);
    w.empty();
    return packed;
  };
  EXPECT_TRUE(visit_packed(nested(kMaxValueDepth), ignore));
  EXPECT_FALSE(visit_packed(nested(kMaxValueDepth + 1), ignore));
}

}  // namespace
}  // namespace binnacle
