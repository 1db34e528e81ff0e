#include "sdk/content_policy.h"

#include "sdk/fields.h"
#include "sdk/llm_provider.h"
#include "sdk/raise_for_test.h"
#include "sdk/recording_for_test.h"
#include "sdk/sip_hash.h"
#include "sdk/url_parts.h"

#include <binnacle/content.h>
#include <binnacle/money.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <type_traits>

namespace binnacle::sdk {
namespace {

TEST(SipHashTest, GivesTheResultsOfItsAuthors) {
  // The paper's appendix A: key 00 01 .. 0f, messages 00 01 .. of growing length.
  const SipKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
  std::string message;
  EXPECT_EQ(sip_hash(key, message), 0x726fdb47dd0e0e31ULL);
  for (int i = 0; i < 15; ++i) message += static_cast<char>(i);
  EXPECT_EQ(sip_hash(key, message), 0xa129ca6149be45e5ULL);
  EXPECT_EQ(sip_hash(key, message.substr(0, 8)), 0x93f5f5799a932462ULL);
}

TEST(UrlPartsTest, FindsHostAndPortAndNothingElse) {
  const UrlParts parts =
      split_url("https://user:pass@market.example:8443/a/b;v=1?token=secret#part");
  EXPECT_EQ(parts.scheme, "https");
  EXPECT_EQ(parts.host, "market.example");
  EXPECT_EQ(parts.port, 8443);
  EXPECT_EQ(parts.authority, "market.example:8443");
  EXPECT_EQ(parts.path, "/a/b");
  EXPECT_EQ(split_url("api.openai.com").host, "api.openai.com");
  EXPECT_EQ(split_url("https://api.openai.com").port, 443);
  EXPECT_EQ(split_url("http://[::1]:9090/x").host, "::1");
  EXPECT_EQ(split_url("http://[::1]:9090/x").port, 9090);
  EXPECT_EQ(split_url("http://host?q=1").host, "host");
  EXPECT_EQ(split_url("http://host:/x").host, "host");
}

TEST(UrlPartsTest, BelievesNothingWhereTheAuthorityIsUnclear) {
  for (const char* url :
       {"http://user:12/34@host/", "http://user:pa/ss@host/", "http://a b/", "http://", "",
        "http://host:99999/", "http://a%20b/", "http://\x01/", "http://fe80::1/x"}) {
    EXPECT_EQ(split_url(url).host, "") << url;
    EXPECT_EQ(split_url(url).path, "") << url;
  }
  EXPECT_EQ(split_url("http:\\\\user:secret@host\\x").host, "");
  EXPECT_EQ(split_url("http://user:p@ss@host/").host, "host");
  EXPECT_EQ(split_url("http://host\\@evil/").host, "host");
}

TEST(LlmProviderTest, IsDerivedFromHostElseFromModel) {
  EXPECT_EQ(provider_of("api.openai.com", "gpt-4o"), "openai");
  EXPECT_EQ(provider_of("mine.openai.azure.com", "gpt-4o"), "azure.ai.openai");
  EXPECT_EQ(provider_of("api.anthropic.com", "claude-sonnet-4"), "anthropic");
  EXPECT_EQ(provider_of("europe-west4-aiplatform.googleapis.com", "gemini-2.5-pro"),
            "gcp.vertex_ai");
  EXPECT_EQ(provider_of("generativelanguage.googleapis.com", "x"), "gcp.gemini");
  EXPECT_EQ(provider_of("bedrock-runtime.eu-west-1.amazonaws.com", "claude-3"), "aws.bedrock");
  EXPECT_EQ(provider_of("llm.internal", "claude-sonnet-4"), "anthropic");
  EXPECT_EQ(provider_of("llm.internal", "quayside-trigram"), "_OTHER");
  EXPECT_EQ(provider_of("notgroq.com", "x"), "_OTHER");
}

TEST(LlmProviderTest, TheOperationIsInThePath) {
  EXPECT_EQ(operation_of("/v1/chat/completions"), "chat");
  EXPECT_EQ(operation_of("/v1/completions"), "text_completion");
  EXPECT_EQ(operation_of("/v1/embeddings"), "embeddings");
  EXPECT_EQ(operation_of("/v1beta/models/gemini:streamGenerateContent"), "generate_content");
  EXPECT_EQ(operation_of(""), "chat");
}

TEST(MoneyTest, CountsMinorUnitsAndRefusesFloatingPoint) {
  constexpr Money price(4200, "eur");
  static_assert(price.minor_units() == 4200);
  static_assert(price.currency() == "EUR");
  static_assert(!std::is_constructible_v<Money, double, const char*>);
  static_assert(!std::is_constructible_v<Money, float, const char*>);
  static_assert(!std::is_constructible_v<Money, bool, const char*>);
  EXPECT_EQ(Money(1, "euro").currency(), Money(1, "").currency());
  EXPECT_EQ(Money(1, "E1R").currency(), Money(1, "").currency());
}

TEST(CutTextTest, LeavesNoHalfCharacters) {
  EXPECT_EQ(cut_text("abc", 5), "abc");
  EXPECT_EQ(cut_text("abc", 2), "ab");
  EXPECT_EQ(cut_text("a\xC3\xA4", 2), "a");
  EXPECT_EQ(cut_text("\xE2\x82\xAC", 2), "");
}

constexpr ContentKey kKey{"thing.text", "content.thing.length", "content.thing.hash"};

Config capturing() {
  Config config = Recording::quiet_config();
  config.captures_content = true;
  return config;
}

ReadSpan record_content(Recording& recording, std::string_view text) {
  set_content(start_span("s"), kKey, text);
  return recording.span();
}

TEST(ContentPolicyTest, ByDefaultLengthAndHashStandForIt) {
  Recording recording;
  const ReadSpan first = record_content(recording, "my secret");
  EXPECT_EQ(first.text("thing.text"), "none");
  EXPECT_EQ(first.text("content.thing.length"), "9");
  EXPECT_EQ(first.text("content.thing.hash").size(), 16U);
  EXPECT_EQ(record_content(recording, "my secret").text("content.thing.hash"),
            first.text("content.thing.hash"));
  EXPECT_NE(record_content(recording, "my secreT").text("content.thing.hash"),
            first.text("content.thing.hash"));
}

TEST(ContentPolicyTest, TheHashDependsOnTheConfiguredKey) {
  const auto hash_under = [](const char* key) {
    Config config = Recording::quiet_config();
    config.content_hash_key = key;
    Recording recording(config);
    return record_content(recording, "text").text("content.thing.hash");
  };
  EXPECT_EQ(hash_under("one"), hash_under("one"));
  EXPECT_NE(hash_under("one"), hash_under("two"));
  EXPECT_NE(hash_under("one"), hash_under(""));
}

TEST(ContentPolicyTest, CaptureRecordsItInsteadOfTheDigest) {
  Recording recording(capturing());
  EXPECT_TRUE(captures_content());
  const ReadSpan span = record_content(recording, "my text");
  EXPECT_EQ(span.text("thing.text"), "my text");
  EXPECT_EQ(span.text("content.thing.hash"), "none");
}

TEST(ContentPolicyTest, TheHookSeesEverythingThatIsCaptured) {
  Recording recording(capturing());
  set_redaction_hook([](const Content& content) {
    EXPECT_EQ(content.attribute, "thing.text");
    return std::optional<std::string>("<" + std::string(content.text) + ">");
  });
  EXPECT_EQ(record_content(recording, "x").text("thing.text"), "<x>");
  set_redaction_hook({});
  EXPECT_EQ(record_content(recording, "x").text("thing.text"), "x");
}

TEST(ContentPolicyTest, WhatTheHookDropsOrChokesOnIsNotRecorded) {
  Recording recording(capturing());
  set_redaction_hook([](const Content&) { return std::nullopt; });
  ReadSpan span = record_content(recording, "secret");
  EXPECT_EQ(span.text("thing.text"), "none");
  EXPECT_EQ(span.text("content.thing.length"), "6");
  set_redaction_hook(
      [](const Content&) -> std::optional<std::string> { raise(std::runtime_error("cannot")); });
  span = record_content(recording, "secret");
  EXPECT_EQ(span.text("thing.text"), "none");
  EXPECT_EQ(span.status, 0U);
  set_redaction_hook([](const Content&) -> std::optional<std::string> { raise(1); });
  EXPECT_EQ(record_content(recording, "secret").text("thing.text"), "none");
  set_redaction_hook({});
}

TEST(ContentPolicyTest, LongContentIsCutAlsoAfterTheHook) {
  Recording recording(capturing());
  const std::string long_text(100'000, 'x');
  EXPECT_EQ(record_content(recording, long_text).text("thing.text").size(), kMaxContentBytes);
  set_redaction_hook([&](const Content&) { return std::optional<std::string>(long_text); });
  EXPECT_EQ(record_content(recording, "x").text("thing.text").size(), kMaxContentBytes);
  set_redaction_hook({});
}

}  // namespace
}  // namespace binnacle::sdk
