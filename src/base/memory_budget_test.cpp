#include "base/memory_budget.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

TEST(MemoryBudget, RefusesBeyondItsLimitAndNamesItself) {
  MemoryBudget budget("query", 100);
  EXPECT_TRUE(budget.reserve(60));
  const auto refused = budget.reserve(41);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(refused.error().message.find("query"), std::string::npos);
  EXPECT_EQ(budget.refused(), 1U);
  budget.release(60);
  EXPECT_TRUE(budget.reserve(100));
}

TEST(MemoryBudget, ARefusalFurtherUpTakesNothingHere) {
  MemoryBudget process("process", 50);
  MemoryBudget query("query", 100, &process);
  EXPECT_FALSE(query.reserve(60));
  EXPECT_EQ(query.used_bytes(), 0U);
  EXPECT_EQ(process.used_bytes(), 0U);
}

TEST(MemoryReservation, GivesBackWhenItGoes) {
  MemoryBudget budget("query", 100);
  {
    auto first = MemoryReservation::take(&budget, 30);
    ASSERT_TRUE(first);
    ASSERT_TRUE(first->grow(20));
    MemoryReservation moved = std::move(*first);
    EXPECT_EQ(moved.bytes(), 50U);
    EXPECT_EQ(budget.used_bytes(), 50U);
  }
  EXPECT_EQ(budget.used_bytes(), 0U);
}

}  // namespace
}  // namespace binnacle
