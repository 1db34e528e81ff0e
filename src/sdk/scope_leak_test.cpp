#include "sdk/all_scopes_for_test.h"
#include "sdk/raise_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/content.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

// What is content must not be found in any byte that leaves the process, unless it was asked for;
// what identifies the caller in a URL, never. The search is over the exported bytes themselves, so
// that no attribute, event or name is forgotten.

namespace binnacle::sdk {
namespace {

Config configured(bool captures, bool openinference) {
  Config config = Recording::quiet_config();
  config.captures_content = captures;
  config.uses_openinference = openinference;
  return config;
}

/// A number as OTLP has it: what an amount would look like if it were exported as an integer.
std::string varint_of(std::int64_t value) {
  std::string bytes;
  for (auto rest = static_cast<std::uint64_t>(value); rest != 0; rest >>= 7U) {
    bytes += static_cast<char>((rest & 0x7FU) | (rest >= 0x80U ? 0x80U : 0U));
  }
  return bytes;
}

std::string all_bytes(Recording& recording) {
  std::string bytes;
  for (const std::string& request : recording.requests()) bytes += request;
  return bytes;
}

std::string exported_bytes(const Config& config, const MarkedContent& content) {
  Recording recording(config);
  for (const DrivenScope& scope : all_scopes()) scope.drive(content);
  return all_bytes(recording);
}

void expect_no_identity(const std::string& bytes, const MarkedContent& content) {
  for (const char* part : {"us3r", "passw0rd"}) {
    EXPECT_EQ(bytes.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(bytes.find(content.query), std::string::npos);
}

void expect_no_content(const std::string& bytes, const MarkedContent& content) {
  EXPECT_EQ(bytes.find(content.mark), std::string::npos);
  EXPECT_EQ(bytes.find(varint_of(content.amount)), std::string::npos);
  EXPECT_EQ(bytes.find(std::to_string(content.amount)), std::string::npos);
  expect_no_identity(bytes, content);
}

TEST(ScopeLeakTest, TheSearchFindsWhatIsCaptured) {
  const MarkedContent content;
  const std::string bytes = exported_bytes(configured(true, false), content);
  for (const char* what :
       {"system", "input", "arguments", "result", "answer", "query", "explanation"}) {
    EXPECT_NE(bytes.find(content.text(what)), std::string::npos) << what;
  }
  EXPECT_NE(bytes.find("https://market.example:8443/" + content.mark), std::string::npos);
  EXPECT_NE(bytes.find(varint_of(content.amount)), std::string::npos);
  expect_no_identity(bytes, content);
}

TEST(ScopeLeakTest, ByDefaultNoContentLeavesTheProcess) {
  const MarkedContent content;
  expect_no_content(exported_bytes(configured(false, false), content), content);
  expect_no_content(exported_bytes(configured(false, true), content), content);
}

TEST(ScopeLeakTest, WhatTheHookDropsDoesNotLeaveEither) {
  const MarkedContent content;
  set_redaction_hook([](const Content&) { return std::nullopt; });
  expect_no_content(exported_bytes(configured(true, true), content), content);
  set_redaction_hook(
      [](const Content&) -> std::optional<std::string> { raise(std::runtime_error("hook")); });
  expect_no_content(exported_bytes(configured(true, true), content), content);
  set_redaction_hook({});
}

TEST(ScopeLeakTest, TheHookSeesEveryPieceOfContent) {
  const MarkedContent content;
  set_redaction_hook([](const Content&) { return std::optional<std::string>("[redacted]"); });
  const std::string bytes = exported_bytes(configured(true, true), content);
  set_redaction_hook({});
  expect_no_content(bytes, content);
  EXPECT_NE(bytes.find("[redacted]"), std::string::npos);
}

TEST(ScopeLeakTest, WithOpenInferenceTheIdentityStaysOutToo) {
  const MarkedContent content;
  expect_no_identity(exported_bytes(configured(true, true), content), content);
}

TEST(ScopeLeakTest, AnOddUrlGivesNothingAway) {
  Recording recording;
  for (const char* url : {"https://us3r:passw0rd/market.example/", "us3r:passw0rd@market.example",
                          "https:us3r:passw0rd@market.example", "//us3r:passw0rd@market.example/",
                          "https://us3r:12/passw0rd@market.example/?t0ken"}) {
    trace_marketplace_scan(url).pages(1);
    trace_http_client("GET", url).status_code(200);
    trace_llm_call("m", url).http_status(200);
    trace_bid_placement(url, Money(1, "EUR")).accepted(true);
  }
  const std::string bytes = all_bytes(recording);
  EXPECT_EQ(bytes.find("passw0rd"), std::string::npos);
  EXPECT_EQ(bytes.find("t0ken"), std::string::npos);
}

}  // namespace
}  // namespace binnacle::sdk
