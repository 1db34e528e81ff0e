#include "wire/detect/trace_format.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle::wire {
namespace {

TEST(TraceFormat, IsToldByKeysAndNotByTheirOrder) {
  EXPECT_EQ(detect_trace_format(R"( {"resourceSpans":[]})"), TraceFormat::kOtlpJson);
  EXPECT_EQ(detect_trace_format(R"({"batches":[{"resource":{}}]})"), TraceFormat::kOtlpJson);
  EXPECT_EQ(detect_trace_format(R"({"testing":[1,{"a":"]"}],"data":[]})"),
            TraceFormat::kJaegerJson);
  EXPECT_EQ(detect_trace_format(R"({"_comment":"a \" b","traceID":"1"})"),
            TraceFormat::kJaegerJson);
  EXPECT_EQ(detect_trace_format(R"([{"spans":[],"traceID":"1"}])"), TraceFormat::kJaegerJson);
  EXPECT_EQ(detect_trace_format(R"([{"id":"1","traceId":"2"}])"), TraceFormat::kZipkinJson);
  EXPECT_EQ(detect_trace_format(R"([[{"traceId":"2"}]])"), TraceFormat::kZipkinJson);
  EXPECT_EQ(detect_trace_format("[]"), TraceFormat::kZipkinJson);
  EXPECT_EQ(detect_trace_format(R"({"resourceLogs":[]})"), TraceFormat::kOtlpSignal);
}

TEST(TraceFormat, ProtobufIsToldFromTextThatBeginsWithALine) {
  EXPECT_EQ(detect_trace_format("\x0A\x05\x12\x03\x12\x01\x0A"), TraceFormat::kOtlpProtobuf);
  EXPECT_EQ(detect_trace_format("\n{\"resourceSpans\":[]}"), TraceFormat::kOtlpJson);
  EXPECT_EQ(detect_trace_format("\xEF\xBB\xBF{\"data\":[]}"), TraceFormat::kJaegerJson);
}

TEST(TraceFormat, ProtobufWhoseLengthIsABracketIsNotTakenForJson) {
  for (const char length : {'{', '[', ' ', '\n'}) {
    const std::string body = std::string("\x0A") + length + "\x0A\x05" + std::string(150, 'x');
    EXPECT_EQ(detect_trace_format(body), TraceFormat::kOtlpProtobuf) << int{length};
  }
  EXPECT_EQ(detect_trace_format("\n\n  hello"), TraceFormat::kUnknown);
  EXPECT_EQ(detect_trace_format("\nhello"), TraceFormat::kUnknown);
}

TEST(TraceFormat, OtherThingsAreUnknownOrEmpty) {
  EXPECT_EQ(detect_trace_format(""), TraceFormat::kEmpty);
  EXPECT_EQ(detect_trace_format(" \n\t"), TraceFormat::kEmpty);
  for (const char* other : {"hello", "{", "[", "[1]", "{}", R"({"a":)", R"({"a":1})",
                            R"([{"parent":"a"}])", R"({"a":[}])", "<html>"}) {
    EXPECT_EQ(detect_trace_format(other), TraceFormat::kUnknown) << other;
  }
}

TEST(TraceFormat, EveryPrefixIsSafe) {
  const std::string text = R"({"a":["x\"",{"b":[[1]]}],"c":"\\","resourceSpans":[]})";
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto format = detect_trace_format(std::string_view(text).substr(0, n));
    EXPECT_TRUE(format == TraceFormat::kUnknown || format == TraceFormat::kEmpty ||
                format == TraceFormat::kOtlpJson);
  }
  EXPECT_EQ(detect_trace_format(text), TraceFormat::kOtlpJson);
}

}  // namespace
}  // namespace binnacle::wire
