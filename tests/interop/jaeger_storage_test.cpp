// Jaeger's own storage integration cases (jaegertracing/jaeger, internal/storage/integration:
// fixtures/traces/*.json and fixtures/queries.json), asked through /api/traces. The files are not
// part of this repository: BINNACLE_SHARED names the folder that has corpus/traces/jaeger.

#include "codec/json_document.h"
#include "codec/json_writer.h"
#include "io/file/posix_file_system.h"
#include "server/api/jaeger_api.h"
#include "server/api/jaeger_text.h"
#include "server/api/router_client_for_test.h"
#include "store/memory/memory_span_store.h"
#include "store/trace/trace_store.h"
#include "wire/otlp/decode.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace binnacle::interop {
namespace {

constexpr std::string_view kTraces = "integration__fixtures__traces__";

std::string folder() {
  const char* shared = std::getenv("BINNACLE_SHARED");
  return shared == nullptr ? "" : std::string(shared) + "/corpus/traces/jaeger/";
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Trace ids in Jaeger's notation with their numbers of spans.
using TraceSizes = std::map<std::string, std::size_t>;

class JaegerStorage : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (folder().empty()) GTEST_SKIP() << "BINNACLE_SHARED is not set";
    if (GetParam() == "Memory") {
      store_ = make_memory_span_store(clock_);
    } else {
      open_on_disk();
    }
    query_ = std::make_unique<TraceQuery>(*store_, clock_, TraceQueryLimits{}, nullptr);
    api_ = std::make_unique<JaegerApi>(*query_, clock_);
    api_->add_routes(router_);
  }
  void TearDown() override {
    store_.reset();
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }

  void open_on_disk() {
    std::string name = (std::filesystem::temp_directory_path() / "binnacle-jaeger-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    TraceStoreOptions options;
    options.directory = directory_ + "/spans";
    options.scheduler.threads = 0;
    auto opened = open_trace_store(fs_, clock_, std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    disk_store_ = opened->get();
    store_ = std::move(*opened);
  }

  void append(SpanBatch&& batch) {
    std::promise<bool> done;
    store_->append({}, std::move(batch),
                   [&](Result<AppendResult> r) { done.set_value(r.has_value()); });
    EXPECT_TRUE(done.get_future().get());
  }

  // Stores the fixture once; what it holds.
  const TraceSizes& fixture(const std::string& name) {
    const auto [it, added] = fixtures_.try_emplace(name);
    if (!added) return it->second;
    auto spans = otlp::decode_json(read(folder() + std::string(kTraces) + name + ".json"));
    EXPECT_TRUE(spans) << name << ": " << spans.error().message;
    for (const TraceId id : spans->batch.trace_ids) ++it->second[jaeger_trace_id(id)];
    append(std::move(spans->batch));
    return it->second;
  }

  static std::string micros(codec::JsonValue time) {
    const auto ns = parse_rfc3339(time.string());
    EXPECT_TRUE(ns) << time.string();
    return std::to_string(ns.value_or(0) / 1'000);
  }

  static std::string tags_json(codec::JsonValue tags) {
    std::string out;
    codec::JsonWriter json(out);
    json.begin_object();
    for (const codec::JsonMember& tag : tags.members()) {
      json.key(tag.name);
      if (tag.value.is_bool()) {
        json.string(tag.value.boolean() ? "true" : "false");
      } else {
        json.string(tag.value.number_text());
      }
    }
    json.end_object();
    return out;
  }

  static std::string target_of(codec::JsonValue query) {
    std::string out = fmt::format(
        "/api/traces?service={}&start={}&end={}&limit={}",
        encode_percent(query.find("ServiceName").string()), micros(query.find("StartTimeMin")),
        micros(query.find("StartTimeMax")), query.find("NumTraces").number_text());
    if (!query.find("OperationName").string().empty()) {
      out += "&operation=" + encode_percent(query.find("OperationName").string());
    }
    for (const auto& [member, parameter] :
         {std::pair{"DurationMin", "minDuration"}, std::pair{"DurationMax", "maxDuration"}}) {
      const auto ns = query.find(member).number_text();
      if (ns != "0") out += fmt::format("&{}={}ns", parameter, ns);
    }
    if (query.find("Tags").size() > 0) {
      out += "&tags=" + encode_percent(tags_json(query.find("Tags")));
    }
    return out;
  }

  TraceSizes found(codec::JsonValue query) {
    const auto answer = testing::ask(router_, HttpMethod::kGet, target_of(query));
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto json = codec::JsonDocument::parse(answer.body);
    EXPECT_TRUE(json);
    TraceSizes out;
    for (const codec::JsonValue trace : json->root().find("data").elements()) {
      out[std::string(trace.find("traceID").string())] = trace.find("spans").size();
    }
    return out;
  }

  // All fixtures are stored before the first question, so that a query has much to find wrongly.
  void check_all(const codec::JsonDocument& cases) {
    for (const codec::JsonValue one : cases.root().elements()) {
      for (const codec::JsonValue name : one.find("ExpectedFixtures").elements()) {
        fixture(std::string(name.string()));
      }
    }
    for (const codec::JsonValue one : cases.root().elements()) {
      SCOPED_TRACE(one.find("Caption").string());
      TraceSizes expected;
      for (const codec::JsonValue name : one.find("ExpectedFixtures").elements()) {
        expected.merge(TraceSizes(fixture(std::string(name.string()))));
      }
      EXPECT_EQ(found(one.find("Query")), expected) << target_of(one.find("Query"));
    }
  }

  // The fixtures are of January 2017.
  ManualClock clock_{1'485'500'000'000'000'000};
  PosixFileSystem fs_;
  std::string directory_;
  std::unique_ptr<SpanStore> store_;
  TraceStore* disk_store_ = nullptr;
  std::unique_ptr<TraceQuery> query_;
  std::unique_ptr<JaegerApi> api_;
  HttpRouter router_;
  std::map<std::string, TraceSizes> fixtures_;
};

TEST_P(JaegerStorage, EveryQueryFindsItsFixtures) {
  const auto cases =
      codec::JsonDocument::parse(read(folder() + "integration__fixtures__queries.json"));
  ASSERT_TRUE(cases) << cases.error().message;
  ASSERT_EQ(cases->root().size(), 25U);
  check_all(*cases);
  if (disk_store_ == nullptr) return;
  // The same from a part: so far it was the head that answered.
  ASSERT_TRUE(disk_store_->flush());
  check_all(*cases);
}

INSTANTIATE_TEST_SUITE_P(Engines, JaegerStorage, ::testing::Values("Memory", "Disk"),
                         [](const auto& engine) { return engine.param; });

}  // namespace
}  // namespace binnacle::interop
