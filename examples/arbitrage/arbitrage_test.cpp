#include "auction.h"
#include "market.h"
#include "ngram_model.h"
#include "signature.h"
#include "text_index.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace arbitrage {
namespace {

std::string text(const std::string& name) {
  std::ifstream in(std::string(ARBITRAGE_TEXTS) + "/" + name + ".txt");
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(TextIndex, FindsThePassageThatAnswers) {
  TextIndex index;
  for (const char* name : {"fees", "shipping", "disputes", "sellers"})
    index.add_document(name, text(name));
  index.finish();
  const auto hits = index.search("insured shipping of fragile instruments", 3);
  ASSERT_EQ(hits.size(), 3U);
  EXPECT_EQ(index.passage(hits[0].passage).document, "shipping");
  EXPECT_NE(index.passage(hits[0].passage).text.find("Fragile instruments"), std::string::npos);
  EXPECT_GE(hits[0].score, hits[1].score);
  EXPECT_TRUE(index.search("zzz", 3).empty());
}

TEST(NgramModel, SpeaksOnlyWordsItLearnedAndRepeatsUnderTheSameSeed) {
  NgramModel model;
  model.train(text("fees"));
  const auto learned = NgramModel::tokenize(text("fees"));
  const auto speak = [&](std::uint64_t seed) {
    std::string out;
    auto generation = model.generate("which fee is charged", seed);
    for (int i = 0; i < 50; ++i) out += generation.next() + " ";
    return out;
  };
  EXPECT_EQ(speak(1), speak(1));
  EXPECT_NE(speak(1), speak(2));
  for (const std::string& word : NgramModel::tokenize(speak(3))) {
    EXPECT_NE(std::find(learned.begin(), learned.end(), word), learned.end()) << word;
  }
}

TEST(Signature, VerifiesAndTellsWhatIsWrong) {
  const std::string header = sign("secret", 1'000, "body");
  EXPECT_EQ(verify("secret", header, "body", 1'100), Verdict::kGood);
  EXPECT_EQ(verify("secret", header, "body2", 1'100), Verdict::kMismatch);
  EXPECT_EQ(verify("other", header, "body", 1'100), Verdict::kMismatch);
  EXPECT_EQ(verify("secret", header, "body", 2'000), Verdict::kExpired);
  EXPECT_EQ(verify("secret", "v1=abc", "body", 1'000), Verdict::kMalformed);
}

TEST(Signature, IsTheKnownHmacOfTimeAndBody) {
  // printf '1000.body' | openssl dgst -sha256 -hmac secret
  EXPECT_EQ(sign("secret", 1'000, "body"),
            "t=1000,v1=b758bf26aabb35e5311bc10fd17ab6ad0881e9717e7d5fa7e233f3cea6868b45");
}

TEST(Market, OffersSurviveThePage) {
  const auto offers = parse_page(render_page(2, 1'700'000'000));
  ASSERT_EQ(offers.size(), 40U);
  EXPECT_EQ(offers[0].currency, "EUR");
  EXPECT_GT(offers[0].price_cents, 0);
  EXPECT_FALSE(offers[0].title.empty());
  EXPECT_THROW((void)parse_page("<html><body>nothing</body></html>"), std::runtime_error);
}

TEST(Market, EveryPageHasArticlesFromSeveralSellers) {
  for (int page = 1; page <= kPages; ++page) {
    EXPECT_GE(find_opportunities(parse_page(render_page(page, 1'700'000'000))).size(), 10U) << page;
  }
}

TEST(Market, TheBestOpportunityHasTheWidestGap) {
  const std::vector<Offer> offers = {{"A", "", "s1", 100, "EUR"},
                                     {"A", "", "s2", 130, "EUR"},
                                     {"B", "", "s1", 500, "EUR"},
                                     {"B", "", "s3", 450, "EUR"},
                                     {"C", "", "s1", 7, "EUR"}};
  const auto found = find_opportunities(offers);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].sku, "B");
  EXPECT_EQ(found[0].buy_from, "s3");
  EXPECT_EQ(found[0].sell_to, "s1");
}

TEST(Auction, EveryRoundHasAWinnerAndTheSeedDecides) {
  const AuctionResult result = play(AuctionSetup{});
  EXPECT_EQ(result.wins_shading + result.wins_learning, 4'000);
  EXPECT_EQ(play(AuctionSetup{}).profit_learning, result.profit_learning);
  AuctionSetup other;
  other.seed = 2;
  EXPECT_NE(play(other).profit_learning, result.profit_learning);
}

TEST(Auction, TheVerdictNamesTheHigherProfit) {
  AuctionResult result;
  EXPECT_EQ(result.verdict(), "draw");
  result.profit_learning = 1;
  EXPECT_EQ(result.verdict(), "learning");
  result.profit_shading = 2;
  EXPECT_EQ(result.verdict(), "shading");
}

}  // namespace
}  // namespace arbitrage
