#include "wire/otlp/response.h"

#include <gtest/gtest.h>
#include <protozero/pbf_reader.hpp>

namespace binnacle::otlp {
namespace {

TEST(OtlpResponse, FullSuccessIsTheEmptyMessage) {
  EXPECT_EQ(encode_response_protobuf({}), "");
  EXPECT_EQ(encode_response_json({}), "{}");
}

TEST(OtlpResponse, PartialSuccessNamesCountAndReason) {
  const std::string body = encode_response_protobuf({.rejected = 300, .message = "bad \xFF id"});
  protozero::pbf_reader response(body);
  ASSERT_TRUE(response.next(1));
  protozero::pbf_reader partial = response.get_message();
  ASSERT_TRUE(partial.next(1));
  EXPECT_EQ(partial.get_int64(), 300);
  ASSERT_TRUE(partial.next(2));
  EXPECT_EQ(partial.get_string(), "bad \xEF\xBF\xBD id");
  EXPECT_FALSE(partial.next());
  EXPECT_FALSE(response.next());
  EXPECT_EQ(encode_response_json({.rejected = 300, .message = "bad \"id\""}),
            R"({"partialSuccess":{"rejectedSpans":"300","errorMessage":"bad \"id\""}})");
}

TEST(OtlpResponse, StatusSaysWhenToRetry) {
  EXPECT_EQ(encode_status_json({ErrorCode::kInvalidArgument, "no \"id\"", 0}),
            R"({"code":3,"message":"no \"id\""})");
  EXPECT_EQ(encode_status_json({ErrorCode::kUnavailable, "full", 1'500'000'000}),
            R"({"code":14,"message":"full","details":[{"@type":)"
            R"("type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500000000s"}]})");
}

}  // namespace
}  // namespace binnacle::otlp
