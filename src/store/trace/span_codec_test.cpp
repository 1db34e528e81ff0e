#include "store/trace/span_codec.h"

#include "store/trace/span_log.h"
#include "tests/conformance/span_samples.h"

#include <gtest/gtest.h>

namespace binnacle::trace {
namespace {

using conformance::random_batch;
using conformance::span_text;
using conformance::span_texts;

SectionViews views_of(const SpanSections& s) {
  return {s.ids, s.times, s.fixed, s.attributes, s.events, s.strings};
}

/// Changes one byte.
void damage(std::string& bytes, Random& random) {
  char& hit = bytes[random.below(bytes.size())];
  hit = static_cast<char>(hit ^ static_cast<char>(1 + random.below(255)));
}

StringTable empty_dictionary() { return StringTable(); }
const std::vector<std::string_view> kEmptyDictionary = {""};

TEST(SpanCodec, BatchesComeBackAsTheyWent) {
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    Random random(seed);
    const SpanBatch batch = random_batch(random, random.below(200));
    for (const ParentLayout parents : {ParentLayout::kRaw, ParentLayout::kDistance}) {
      const auto sections = encode_spans(batch, empty_dictionary(), parents);
      ASSERT_TRUE(sections);
      SpanBatch back;
      const auto ok = decode_spans(views_of(*sections), batch.size(), kEmptyDictionary, {}, back);
      ASSERT_TRUE(ok) << ok.error().message;
      ASSERT_TRUE(back.validate()) << back.validate().error().message;
      ASSERT_EQ(back.size(), batch.size());
      for (std::size_t i = 0; i < batch.size(); ++i) {
        ASSERT_EQ(span_text(back, i), span_text(batch, i));
      }
    }
  }
}

TEST(SpanCodec, DictionaryStringsAreSharedByNumber) {
  Random random(3);
  const SpanBatch batch = random_batch(random, 100);
  StringTable dictionary;
  std::vector<std::string_view> texts = {""};
  for (const char* text : {"checkout", "http.status", "user-1", "never used"}) {
    dictionary.intern(text);
    texts.emplace_back(text);
  }
  const auto sections = encode_spans(batch, dictionary, ParentLayout::kDistance);
  EXPECT_EQ(sections->strings.find("checkout"), std::string::npos);
  SpanBatch back;
  ASSERT_TRUE(decode_spans(views_of(*sections), batch.size(), texts, {}, back));
  EXPECT_EQ(span_texts(back), span_texts(batch));
}

TEST(SpanCodec, PartialDecodeGivesValidBatchesWithOnlyWhatWasAsked) {
  Random random(4);
  const SpanBatch batch = random_batch(random, 100);
  const auto sections = encode_spans(batch, empty_dictionary(), ParentLayout::kDistance);
  const WantedKeys keys = {"user"};
  SpanBatch back;
  ASSERT_TRUE(decode_spans(
      views_of(*sections), batch.size(), kEmptyDictionary,
      {.fixed = false, .attributes = true, .events = false, .attribute_keys = &keys}, back));
  ASSERT_TRUE(back.validate());
  EXPECT_EQ(back.trace_ids, batch.trace_ids);
  EXPECT_EQ(back.start_unix_ns, batch.start_unix_ns);
  std::size_t users = 0;
  for (const Attribute& a : batch.attributes) users += batch.strings[a.key()] == "user" ? 1U : 0U;
  EXPECT_GT(users, 0U);
  EXPECT_EQ(back.attributes.size(), users);
  EXPECT_TRUE(back.events.empty());
}

// Damage must be found or be harmless: never a crash, never an invalid batch.
TEST(SpanCodec, DamagedRecordsAreRefusedOrValid) {
  Random random(5);
  const SpanBatch batch = random_batch(random, 60);
  codec::ZstdCompressor zstd(1);
  const auto payload = encode_logged_spans("tenant", 7, batch, zstd);
  ASSERT_TRUE(payload);
  for (std::size_t n = 0; n < payload->size(); n += 3) {
    EXPECT_FALSE(decode_logged_spans(std::string_view(*payload).substr(0, n)));
  }
  for (int round = 0; round < 1'000; ++round) {
    std::string bytes = *payload;
    damage(bytes, random);
    const auto back = decode_logged_spans(bytes);
    if (back) {
      EXPECT_TRUE(back->batch.validate());
    }
  }
  const auto sections = encode_spans(batch, empty_dictionary(), ParentLayout::kDistance);
  for (int round = 0; round < 4'000; ++round) {
    SpanSections s = *sections;
    std::string* all[] = {&s.ids, &s.times, &s.fixed, &s.attributes, &s.events, &s.strings};
    std::string& hit = *all[random.below(6)];
    if (hit.empty()) continue;
    damage(hit, random);
    SpanBatch back;
    if (decode_spans(views_of(s), batch.size(), kEmptyDictionary, {}, back)) {
      ASSERT_TRUE(back.validate()) << back.validate().error().message;
    }
  }
}

TEST(SpanLog, RecordsRoundTrip) {
  Random random(6);
  const SpanBatch batch = random_batch(random, 80);
  codec::ZstdCompressor zstd(1);
  const auto payload = encode_logged_spans("blue", 123, batch, zstd);
  const auto back = decode_logged_spans(*payload);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->tenant, "blue");
  EXPECT_EQ(back->arrival_unix_ns, 123U);
  EXPECT_EQ(span_texts(back->batch), span_texts(batch));

  LoggedRemovals removals{
      "red", 9, {{TraceId{1, 2}, RemovalKind::kDrop}, {TraceId{3, 4}, RemovalKind::kKeep}}};
  const std::string bytes = encode_logged_removals(removals);
  const auto removals_back = decode_logged_removals(bytes);
  ASSERT_TRUE(removals_back);
  ASSERT_EQ(removals_back->entries.size(), 2U);
  EXPECT_EQ(removals_back->tenant, "red");
  EXPECT_EQ(removals_back->entries[0].trace_id, (TraceId{1, 2}));
  EXPECT_EQ(removals_back->entries[1].kind, RemovalKind::kKeep);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(decode_logged_removals(std::string_view(bytes).substr(0, n)));
  }
}

TEST(SpanLog, ANewerVersionIsNamedAsSuch) {
  EXPECT_EQ(decode_logged_spans("\x02rest").error().code, ErrorCode::kUnimplemented);
  EXPECT_EQ(decode_logged_removals("\x02rest").error().code, ErrorCode::kUnimplemented);
}

}  // namespace
}  // namespace binnacle::trace
