#pragma once

#include "sdk/lifecycle.h"
#include "sdk/otlp_encoder.h"
#include "sdk/tick_clock.h"

#include <binnacle/config.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <poll.h>

#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// Test support: the SDK running into memory, and what it exported read back with libprotobuf, which
// knows nothing of our encoder.
//
//   Recording recording;                       // starts the SDK
//   { auto span = start_span("x"); }
//   std::vector<ReadSpan> spans = recording.spans();

namespace binnacle::sdk {

using google::protobuf::UnknownField;

/// A message's fields by number; `is_good` turns false if the bytes are no protobuf.
class ParsedMessage {
 public:
  ParsedMessage(const std::string& bytes, bool& is_good) {
    is_good = fields_.ParseFromString(bytes) && is_good;
  }
  int field_count() const { return fields_.field_count(); }
  const UnknownField& field(int i) const { return fields_.field(i); }

 private:
  google::protobuf::UnknownFieldSet fields_;
};

/// "s:text", "i:1", "d:1.5", "b:1" or "[...]".
inline std::string read_any_value(const std::string& bytes, bool& is_good) {
  const ParsedMessage value(bytes, is_good);
  if (value.field_count() != 1) return "empty";
  const UnknownField& field = value.field(0);
  switch (field.number()) {
    case 1:
      return "s:" + field.length_delimited();
    case 2:
      return "b:" + std::to_string(field.varint());
    case 3:
      return "i:" + std::to_string(static_cast<std::int64_t>(field.varint()));
    case 4:
      return "d:" + std::to_string(std::bit_cast<double>(field.fixed64()));
    case 5: {
      std::string list = "[";
      const ParsedMessage array(field.length_delimited(), is_good);
      for (int i = 0; i < array.field_count(); ++i) {
        list += (i > 0 ? "," : "") + read_any_value(array.field(i).length_delimited(), is_good);
      }
      return list + "]";
    }
    default:
      is_good = false;
      return "unknown";
  }
}

using ReadAttributes = std::multimap<std::string, std::string>;

inline void read_attribute(const std::string& bytes, ReadAttributes& out, bool& is_good) {
  const ParsedMessage pair(bytes, is_good);
  std::string key;
  std::string value;
  for (int i = 0; i < pair.field_count(); ++i) {
    if (pair.field(i).number() == 1) key = pair.field(i).length_delimited();
    if (pair.field(i).number() == 2) {
      value = read_any_value(pair.field(i).length_delimited(), is_good);
    }
  }
  out.emplace(key, value);
}

struct ReadEvent {
  std::string name;
  std::uint64_t time = 0;
  std::uint64_t dropped_attributes = 0;
  ReadAttributes attributes;
};

struct ReadLink {
  std::string trace_id;
  std::string span_id;
  std::uint32_t flags = 0;
  std::uint64_t dropped_attributes = 0;
  ReadAttributes attributes;
};

struct ReadSpan {
  std::string trace_id;
  std::string span_id;
  std::string parent_span_id;
  std::string trace_state;
  std::string name;
  std::uint64_t kind = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t status = 0;
  std::string message;
  std::uint64_t dropped_attributes = 0;
  std::uint64_t dropped_events = 0;
  std::uint64_t dropped_links = 0;
  std::uint32_t flags = 0;
  ReadAttributes attributes;
  std::vector<ReadEvent> events;
  std::vector<ReadLink> links;
  int names = 0;
  int statuses = 0;

  /// The value under a key; "none", or "many" if the key stands there twice.
  std::string attribute(const std::string& key) const {
    const auto count = attributes.count(key);
    if (count == 0) return "none";
    return count > 1 ? "many" : attributes.find(key)->second;
  }
  /// The same without its type.
  std::string text(const std::string& key) const {
    const std::string value = attribute(key);
    return value.size() > 1 && value[1] == ':' ? value.substr(2) : value;
  }
};

inline ReadEvent read_event(const std::string& bytes, bool& is_good) {
  const ParsedMessage fields(bytes, is_good);
  ReadEvent event;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    if (field.number() == 1) event.time = field.fixed64();
    if (field.number() == 2) event.name = field.length_delimited();
    if (field.number() == 3) read_attribute(field.length_delimited(), event.attributes, is_good);
    if (field.number() == 4) event.dropped_attributes = field.varint();
    is_good = is_good && field.number() <= 4;
  }
  return event;
}

inline ReadLink read_link(const std::string& bytes, bool& is_good) {
  const ParsedMessage fields(bytes, is_good);
  ReadLink link;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    if (field.number() == 1) link.trace_id = field.length_delimited();
    if (field.number() == 2) link.span_id = field.length_delimited();
    if (field.number() == 4) read_attribute(field.length_delimited(), link.attributes, is_good);
    if (field.number() == 5) link.dropped_attributes = field.varint();
    if (field.number() == 6) link.flags = field.fixed32();
  }
  return link;
}

inline void read_status(const std::string& bytes, ReadSpan& span, bool& is_good) {
  const ParsedMessage fields(bytes, is_good);
  ++span.statuses;
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() == 2) span.message = fields.field(i).length_delimited();
    if (fields.field(i).number() == 3) span.status = fields.field(i).varint();
  }
}

inline void read_field(const UnknownField& field, ReadSpan& span, bool& is_good) {
  switch (field.number()) {
    case 1:
      span.trace_id = field.length_delimited();
      break;
    case 2:
      span.span_id = field.length_delimited();
      break;
    case 3:
      span.trace_state = field.length_delimited();
      break;
    case 4:
      span.parent_span_id = field.length_delimited();
      break;
    case 5:
      span.name = field.length_delimited();
      ++span.names;
      break;
    case 6:
      span.kind = field.varint();
      break;
    case 7:
      span.start = field.fixed64();
      break;
    case 8:
      span.end = field.fixed64();
      break;
    case 9:
      read_attribute(field.length_delimited(), span.attributes, is_good);
      break;
    case 10:
      span.dropped_attributes = field.varint();
      break;
    case 11:
      span.events.push_back(read_event(field.length_delimited(), is_good));
      break;
    case 12:
      span.dropped_events = field.varint();
      break;
    case 13:
      span.links.push_back(read_link(field.length_delimited(), is_good));
      break;
    case 14:
      span.dropped_links = field.varint();
      break;
    case 15:
      read_status(field.length_delimited(), span, is_good);
      break;
    case 16:
      span.flags = field.fixed32();
      break;
    default:
      is_good = false;
  }
}

/// All spans of an ExportTraceServiceRequest; `is_good` turns false if anything is amiss. Resource
/// attributes go to `resource` if it is given.
inline std::vector<ReadSpan> read_request(const std::string& body, bool& is_good,
                                          ReadAttributes* resource = nullptr) {
  std::vector<ReadSpan> spans;
  const auto each = [&is_good](const std::string& bytes, int number, auto visit) {
    const ParsedMessage fields(bytes, is_good);
    for (int i = 0; i < fields.field_count(); ++i) {
      if (fields.field(i).number() == number) visit(fields.field(i).length_delimited());
    }
  };
  each(body, 1, [&](const std::string& resource_spans) {
    each(resource_spans, 1, [&](const std::string& message) {
      each(message, 1, [&](const std::string& attribute) {
        if (resource != nullptr) read_attribute(attribute, *resource, is_good);
      });
    });
    each(resource_spans, 2, [&](const std::string& scope_spans) {
      each(scope_spans, 2, [&](const std::string& bytes) {
        const ParsedMessage fields(bytes, is_good);
        ReadSpan span;
        for (int i = 0; i < fields.field_count(); ++i) read_field(fields.field(i), span, is_good);
        spans.push_back(std::move(span));
      });
    });
  });
  return spans;
}

/// Where a Recording's bodies go; shared with the export thread.
struct RecordedBodies {
  std::mutex mutex;
  std::vector<std::string> bodies;
};

class MemoryExporter final : public BatchExporter {
 public:
  explicit MemoryExporter(std::shared_ptr<RecordedBodies> to) : to_(std::move(to)) {}
  void start(const EncodedBatch& batch) override {
    const std::lock_guard lock(to_->mutex);
    to_->bodies.emplace_back(batch.body());
  }
  std::optional<ExportResult> poll() override { return ExportResult{}; }
  void cancel() noexcept override {}

 private:
  std::shared_ptr<RecordedBodies> to_;
};

inline DestinationFactory to_memory(const std::shared_ptr<RecordedBodies>& bodies) {
  return [bodies](const Config&, HttpClient&, const std::string& resource) {
    return one_destination(std::make_unique<OtlpEncoder>(resource),
                           std::make_unique<MemoryExporter>(bodies));
  };
}

/// Waits until the run that a shutdown() has given up is over, and all of its losses counted; until
/// then no other one starts.
inline bool await_end_of_run() {
  for (int i = 0; i < 2000 && is_shutting_down(); ++i) poll(nullptr, 0, 5);
  return !is_shutting_down();
}

/// Between tests, so that none meets the end of the run of another.
class AwaitsEndOfRun final : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo& /*test*/) override { await_end_of_run(); }
};
inline const bool g_awaits_end_of_run = [] {
  testing::UnitTest::GetInstance()->listeners().Append(
      std::make_unique<AwaitsEndOfRun>().release());  // owned by the list
  return true;
}();

/// The SDK, recording into memory for as long as this object lives.
class Recording {
 public:
  static Config quiet_config() {
    Config config;
    config.schedule_delay_ms = 3'600'000;  // tests flush when they want to see something
    config.metrics.describes_sdk = false;  // so that every request is the test's own
    return config;
  }
  explicit Recording(const Config& config = quiet_config())
      : bodies_(std::make_shared<RecordedBodies>()) {
    is_started_ = start_sdk(config, to_memory(bodies_));
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  ~Recording() { shutdown(5000); }

  bool is_started() const { return is_started_; }
  /// Flushes; the requests exported since the last call, as they would have gone out.
  std::vector<std::string> requests() {
    force_flush(10'000);
    std::vector<std::string> bodies;
    const std::lock_guard lock(bodies_->mutex);
    bodies.swap(bodies_->bodies);
    return bodies;
  }
  /// Flushes; everything exported since the last call.
  std::vector<ReadSpan> spans() {
    const std::vector<std::string> bodies = requests();
    std::vector<ReadSpan> spans;
    bool is_good = true;
    for (const std::string& body : bodies) {
      for (ReadSpan& span : read_request(body, is_good)) spans.push_back(std::move(span));
    }
    if (!is_good) spans.clear();  // so that the test sees nothing rather than half
    return spans;
  }
  /// The one span that was exported; an empty one otherwise.
  ReadSpan span() {
    std::vector<ReadSpan> all = spans();
    return all.size() == 1 ? all.front() : ReadSpan{};
  }

 private:
  std::shared_ptr<RecordedBodies> bodies_;
  bool is_started_ = false;
};

inline std::string bytes_of(const TraceId& id) {
  return {reinterpret_cast<const char*>(id.bytes), sizeof id.bytes};
}
inline std::string bytes_of(const SpanId& id) {
  return {reinterpret_cast<const char*>(id.bytes), sizeof id.bytes};
}

}  // namespace binnacle::sdk
