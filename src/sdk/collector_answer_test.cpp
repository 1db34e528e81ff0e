#include "sdk/collector_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle::sdk {
namespace {

// google.rpc.Status with one Any{type_url: ".../google.rpc.RetryInfo", retry_delay: 1 ms}.
constexpr std::string_view kRetryIn1Ms =
    "GjIKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SBgoEEMCEPQ==";

GrpcAnswer grpc(std::string_view status, std::string_view details = {}) {
  return {.content_type = "application/grpc+proto",
          .status = status,
          .message = "a%3Ab",
          .details = details,
          .body = {}};
}

TEST(CollectorAnswerTest, GrpcStatusesAreRetryableAsOtlpSays) {
  for (int status = 1; status <= 17; ++status) {
    const bool is_retryable =
        status == 1 || status == 4 || status == 10 || status == 11 || status == 14 || status == 15;
    const ExportResult result = judge_grpc_answer(grpc(std::to_string(status)));
    EXPECT_EQ(result.outcome, is_retryable ? ExportOutcome::kRetry : ExportOutcome::kRefused)
        << status;
    EXPECT_EQ(result.message, "collector answered gRPC status " + std::to_string(status) + ": a:b");
  }
  EXPECT_EQ(judge_grpc_answer(grpc("0")).outcome, ExportOutcome::kDelivered);
}

TEST(CollectorAnswerTest, RetryInfoSaysWhenAndMakesAnExhaustedResourceRetryable) {
  for (const char* status : {"8", "14"}) {
    const ExportResult result = judge_grpc_answer(grpc(status, kRetryIn1Ms));
    EXPECT_EQ(result.outcome, ExportOutcome::kRetry);
    EXPECT_EQ(result.retry_after_ms, 1);
  }
  const std::string_view unpadded = kRetryIn1Ms.substr(0, kRetryIn1Ms.size() - 2);
  EXPECT_EQ(judge_grpc_answer(grpc("8", unpadded)).retry_after_ms, 1);
  EXPECT_EQ(judge_grpc_answer(grpc("3", kRetryIn1Ms)).outcome, ExportOutcome::kRefused);
  for (const char* garbage : {"!!!", "AAAA", "GjI=", "////////"}) {
    EXPECT_EQ(judge_grpc_answer(grpc("8", garbage)).outcome, ExportOutcome::kRefused) << garbage;
  }
}

TEST(CollectorAnswerTest, WhatIsNoGrpcIsToldApart) {
  GrpcAnswer html = grpc("");
  html.content_type = "text/html";
  EXPECT_EQ(judge_grpc_answer(html).outcome, ExportOutcome::kRefused);
  EXPECT_EQ(judge_grpc_answer(grpc("")).outcome, ExportOutcome::kRetry);
  EXPECT_EQ(judge_grpc_answer(grpc("zero")).outcome, ExportOutcome::kRetry);
  GrpcAnswer proxy = html;
  proxy.http_status = 503;
  EXPECT_EQ(judge_grpc_answer(proxy).outcome, ExportOutcome::kRetry);
  proxy.http_status = 404;
  EXPECT_EQ(judge_grpc_answer(proxy).outcome, ExportOutcome::kRefused);
}

TEST(CollectorAnswerTest, JsonPartialSuccess) {
  const auto rejected = [](std::string_view body) {
    return judge_answer(200, 0, body, AnswerFormat::kOtlpJson);
  };
  const ExportResult quoted =
      rejected(R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}})");
  EXPECT_EQ(quoted.rejected_items, 2U);
  EXPECT_EQ(quoted.message, "collector rejected some: too old");
  EXPECT_EQ(rejected(R"({"partialSuccess": {"rejectedDataPoints": 7}})").rejected_items, 7U);
  EXPECT_EQ(rejected("{}").rejected_items, 0U);
  EXPECT_EQ(rejected(R"({"partialSuccess":{"rejectedSpans":)").rejected_items, 0U);
  EXPECT_EQ(rejected(R"({"partialSuccess":{"rejectedSpans":"-1"}})").rejected_items, 0U);
  EXPECT_EQ(rejected("").outcome, ExportOutcome::kDelivered);
}

TEST(CollectorAnswerTest, ARefusalIsQuotedWithoutItsWrapping) {
  const auto message = [](std::string_view body) {
    return judge_answer(501, 0, body, AnswerFormat::kOtlpProtobuf).message;
  };
  // google.rpc.Status{code: 12, message: "no logs"}
  EXPECT_EQ(message({"\x08\x0c\x12\x07no logs", 11}), "collector answered 501: no logs");
  EXPECT_EQ(message({"\x12\x07no logs", 9}), "collector answered 501: no logs");
  EXPECT_EQ(message("<html>no"), "collector answered 501: <html>no");
  EXPECT_EQ(message({"\x08\x0c\x12\x7fno", 6}), "collector answered 501:     no");
}

TEST(CollectorAnswerTest, RetryAfterIsForAnHourAtMost) {
  EXPECT_EQ(judge_answer(503, 2, "").retry_after_ms, 2000);
  EXPECT_EQ(judge_answer(503, 1'000'000'000'000, "").retry_after_ms, 3'600'000);
  EXPECT_EQ(judge_answer(503, -5, "").retry_after_ms, 0);
  EXPECT_EQ(judge_answer(400, 2, "").retry_after_ms, 0);
}

}  // namespace
}  // namespace binnacle::sdk
