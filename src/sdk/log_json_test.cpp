#include "sdk/formats/otlp_json_log_encoder.h"
#include "sdk/log_fields.h"
#include "sdk/resource.h"

#include <binnacle/config.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

// OTLP/JSON of log records, read back with simdjson.

namespace binnacle::sdk {
namespace {

constexpr std::uint8_t kTraceIdBytes[16] = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
                                            0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c};
constexpr std::uint8_t kSpanIdBytes[8] = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31};

void add(OtlpJsonLogEncoder& encoder, const AttributeValue& body, AttributeList attributes,
         const LogOptions& options, bool has_context) {
  const LogFields fields(body, attributes, &options, {});
  std::string stream(fields.size(), '\0');
  fields.put(stream.data());
  FinishedLog log{.trace_id = has_context ? kTraceIdBytes : nullptr,
                  .span_id = has_context ? kSpanIdBytes : nullptr,
                  .time_unix_ns = 1'700'000'000'000'000'001,
                  .observed_unix_ns = 1'700'000'000'000'000'002,
                  .logger_name = {},
                  .fields = stream,
                  .dropped_attributes = 3,
                  .severity = 13,
                  .trace_flags = 3};
  log.logger_name = take_logger_name(log.fields);
  encoder.add(log);
}

std::string text(simdjson::dom::element element, std::string_view pointer) {
  std::string_view value;
  return element.at_pointer(pointer).get(value) == simdjson::SUCCESS ? std::string(value) : "none";
}

std::int64_t number(simdjson::dom::element element, std::string_view pointer) {
  std::int64_t value = -1;
  return element.at_pointer(pointer).get(value) == simdjson::SUCCESS ? value : -1;
}

TEST(LogJsonTest, ARecordReadsBackAsItWasMeant) {
  OtlpJsonLogEncoder encoder(encode_resource(Config()));
  const std::vector<std::int64_t> numbers = {1, -2};
  const KeyValue attributes[] = {{"quote\"", "line\nbreak"}, {"n", -7}, {"list", numbers}};
  add(encoder, "it \xC3\xA4", {attributes, 3},
      LogOptions().with_event_name("e").with_severity_text("notice"), true);
  ASSERT_EQ(encoder.log_count(), 1U);
  const EncodedBatch batch = encoder.finish();
  EXPECT_EQ(batch.items, 1U);
  EXPECT_EQ(batch.signal, Signal::kLogs);
  EXPECT_EQ(batch.body().find('\n'), std::string_view::npos);
  simdjson::dom::parser parser;
  simdjson::dom::element request;
  ASSERT_EQ(parser.parse(std::string(batch.body())).get(request), simdjson::SUCCESS);
  EXPECT_EQ(text(request, "/resourceLogs/0/resource/attributes/0/key"), "service.name");
  EXPECT_EQ(text(request, "/resourceLogs/0/scopeLogs/0/scope/name"), "binnacle");
  simdjson::dom::element log;
  ASSERT_EQ(request.at_pointer("/resourceLogs/0/scopeLogs/0/logRecords/0").get(log),
            simdjson::SUCCESS);
  EXPECT_EQ(text(log, "/timeUnixNano"), "1700000000000000001");
  EXPECT_EQ(text(log, "/observedTimeUnixNano"), "1700000000000000002");
  EXPECT_EQ(number(log, "/severityNumber"), 13);
  EXPECT_EQ(text(log, "/severityText"), "notice");
  EXPECT_EQ(text(log, "/body/stringValue"), "it \xC3\xA4");
  EXPECT_EQ(text(log, "/eventName"), "e");
  EXPECT_EQ(text(log, "/traceId"), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(text(log, "/spanId"), "b7ad6b7169203331");
  EXPECT_EQ(number(log, "/flags"), 3);
  EXPECT_EQ(number(log, "/droppedAttributesCount"), 3);
  EXPECT_EQ(text(log, "/attributes/0/key"), "quote\"");
  EXPECT_EQ(text(log, "/attributes/0/value/stringValue"), "line\nbreak");
  EXPECT_EQ(text(log, "/attributes/1/value/intValue"), "-7");
  EXPECT_EQ(text(log, "/attributes/2/value/arrayValue/values/1/intValue"), "-2");
}

TEST(LogJsonTest, LoggersAreScopesAndBatchesAreIndependent) {
  OtlpJsonLogEncoder encoder(encode_resource(Config()));
  for (int round = 0; round < 2; ++round) {
    for (const char* logger : {"db", "", "db", "http"}) {
      add(encoder, logger, {}, LogOptions().with_logger_name(logger), false);
    }
    EXPECT_EQ(encoder.log_count(), 4U);
    const EncodedBatch batch = encoder.finish();
    simdjson::dom::parser parser;
    simdjson::dom::element request;
    ASSERT_EQ(parser.parse(std::string(batch.body())).get(request), simdjson::SUCCESS);
    std::vector<std::string> seen;
    for (const simdjson::dom::element scope :
         request.at_pointer("/resourceLogs/0/scopeLogs").get_array()) {
      simdjson::dom::array records;
      ASSERT_EQ(scope["logRecords"].get(records), simdjson::SUCCESS);
      seen.push_back(text(scope, "/scope/name") + " " + std::to_string(records.size()));
      for (const simdjson::dom::element record : records)
        EXPECT_EQ(text(record, "/traceId"), "none");
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"binnacle 1", "db 2", "http 1"}));
  }
}

}  // namespace
}  // namespace binnacle::sdk
