#pragma once

#include "sdk/fields.h"
#include "sdk/formats/finished_span.h"
#include "wire/otlp/span_writer.h"

#include <binnacle/span.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// Test support: finished spans, made with the functions that the recording path writes them with.
//
//   SpanForTest span("name");
//   span.attribute("k", 1).event("e", 1'000, {{"k", "v"}});
//   encoder.add(span.finished());

namespace binnacle::sdk {

class SpanForTest {
 public:
  explicit SpanForTest(std::string_view name) {
    const std::size_t size = wire::otlp::bytes_field_size(name.size());
    append(size, [&](char* to) { wire::otlp::put_bytes_field(to, wire::otlp::kSpanName, name); });
    for (std::size_t i = 0; i < 16; ++i) trace_id_[i] = static_cast<std::uint8_t>(0xA0 + i);
    for (std::size_t i = 0; i < 8; ++i) span_id_[i] = static_cast<std::uint8_t>(0x10 + i);
    span_.kind = 1;
    span_.trace_flags = 1;
    span_.start_unix_ns = 1'800'000'000'000'001'234;
    span_.end_unix_ns = 1'800'000'000'000'501'999;
  }

  SpanForTest& attribute(std::string_view key, const AttributeValue& value) {
    append(attribute_size(key, value),
           [&](char* to) { put_attribute(to, wire::otlp::kSpanAttributes, key, value); });
    return *this;
  }
  SpanForTest& event(std::string_view name, std::uint64_t time,
                     const std::vector<KeyValue>& attributes = {}) {
    const EventFields fields{.name = name,
                             .attributes = {attributes.data(), attributes.size()},
                             .time_tag = wire::otlp::kEventTime,
                             .time = time};
    append(fields.size(), [&](char* to) { fields.put(to); });
    return *this;
  }
  SpanForTest& link(const SpanContext& context, const std::vector<KeyValue>& attributes = {}) {
    const LinkFields fields{.context = context,
                            .attributes = {attributes.data(), attributes.size()}};
    append(fields.size(), [&](char* to) { fields.put(to); });
    return *this;
  }
  SpanForTest& status(StatusCode code, std::string_view message = {}) {
    span_.status = static_cast<std::uint8_t>(code);
    if (message.empty()) return *this;
    span_.is_status_in_fields = true;
    append(status_size(message), [&](char* to) { put_status(to, span_.status, message); });
    return *this;
  }
  SpanForTest& kind(SpanKind value) {
    span_.kind = static_cast<std::uint8_t>(value);
    return *this;
  }
  SpanForTest& ids(std::uint8_t trace, std::uint8_t span, std::uint8_t parent = 0) {
    trace_id_[15] = trace;
    span_id_[7] = span;
    std::memcpy(parent_id_, span_id_, sizeof parent_id_);
    parent_id_[7] = parent;
    has_parent_ = parent != 0;
    return *this;
  }
  SpanForTest& trace_state(std::string text) {
    trace_state_ = std::move(text);
    return *this;
  }
  SpanForTest& times(std::uint64_t start, std::uint64_t end) {
    span_.start_unix_ns = start;
    span_.end_unix_ns = end;
    return *this;
  }
  SpanForTest& dropped(std::uint32_t attributes, std::uint32_t events, std::uint32_t links) {
    span_.dropped_attributes = attributes;
    span_.dropped_events = events;
    span_.dropped_links = links;
    return *this;
  }

  /// Borrows from this object.
  FinishedSpan finished() const {
    FinishedSpan span = span_;
    span.trace_id = trace_id_;
    span.span_id = span_id_;
    span.parent_span_id = has_parent_ ? parent_id_ : nullptr;
    span.fields = fields_;
    span.trace_state = trace_state_;
    return span;
  }

 private:
  template <typename Put>
  void append(std::size_t size, Put put) {
    fields_.resize(fields_.size() + size);
    put(fields_.data() + fields_.size() - size);
  }

  FinishedSpan span_{};
  std::uint8_t trace_id_[16] = {};
  std::uint8_t span_id_[8] = {};
  std::uint8_t parent_id_[8] = {};
  bool has_parent_ = false;
  std::string fields_;
  std::string trace_state_;
};

inline SpanContext context_for_test(std::uint8_t trace, std::uint8_t span) {
  SpanContext context;
  std::memset(context.trace_id.bytes, trace, sizeof context.trace_id.bytes);
  std::memset(context.span_id.bytes, span, sizeof context.span_id.bytes);
  context.flags = 1;
  return context;
}

/// An encoded Resource message.
inline std::string resource_for_test(const std::vector<KeyValue>& attributes) {
  std::string resource;
  for (const KeyValue& attribute : attributes) {
    const std::size_t size = attribute_size(attribute.key, attribute.value);
    resource.resize(resource.size() + size);
    put_attribute(resource.data() + resource.size() - size, wire::otlp::kResourceAttributes,
                  attribute.key, attribute.value);
  }
  return resource;
}
inline std::string resource_for_test() {
  return resource_for_test({{"service.name", "golden"},
                            {"service.version", "1.2.3"},
                            {"deployment.environment.name", "test"},
                            {"host.name", "deck"},
                            {"service.instance.id", "4f5b"},
                            {"telemetry.sdk.name", "binnacle"},
                            {"process.pid", 4321}});
}

/// A span of everything that has a place in any format.
inline SpanForTest golden_span() {
  SpanForTest span("GET /ships/{id}");
  span.ids(1, 2, 3).kind(SpanKind::kClient).trace_state("vendor=x").dropped(4, 5, 6);
  span.attribute("text",
                 "Gr\xC3\xBC\xC3\x9F"
                 "e \"quoted\" \\ \n \x01");
  span.attribute("empty", "").attribute("yes", true).attribute("no", false);
  span.attribute("int", 42).attribute("least", INT64_MIN).attribute("real", 2.5);
  span.attribute("texts", std::vector<std::string>{"a", "b\""});
  span.attribute("ints", std::vector<std::int64_t>{1, -2});
  span.attribute("peer.service", "harbour").attribute("http.response.status_code", 200);
  span.event("retry", 1'800'000'000'000'100'500, {{"attempt", 2}, {"why", "slow"}});
  span.event("exception", 1'800'000'000'000'200'000,
             {{"exception.type", "std::runtime_error"},
              {"exception.message", "reef ahead"},
              {"exception.stacktrace", "at bow"}});
  span.link(context_for_test(0x77, 0x88), {{"opentracing.ref_type", "follows_from"}});
  span.status(StatusCode::kError, "ran aground");
  return span;
}

/// Spans of all sorts, the same for a seed on every machine.
class RandomSpans {
 public:
  explicit RandomSpans(std::uint64_t seed) : random_(seed) {}

  SpanForTest next() {
    SpanForTest span(text());
    span.ids(byte(), byte(), below(2) == 0 ? byte() : 0);
    span.kind(static_cast<SpanKind>(1 + below(5)));
    const std::uint64_t start = 1'700'000'000'000'000'000 + random_() % 1'000'000'000'000;
    span.times(start, start + random_() % (std::uint64_t{1} << below(45)));
    for (std::size_t i = below(8); i > 0; --i) attribute(span, "k" + std::to_string(i));
    for (std::size_t i = below(3); i > 0; --i) {
      const std::string value = text();
      span.event(text(), start + i * 1000,
                 {{"n", static_cast<std::int64_t>(random_())}, {"t", value}});
    }
    for (std::size_t i = below(3); i > 0; --i) span.link(context_for_test(byte(), byte()));
    if (below(3) == 0) {
      span.status(StatusCode::kError, text());
    } else if (below(4) == 0) {
      span.status(StatusCode::kOk);
    }
    if (below(4) == 0) span.trace_state("a=b,c=d");
    return span;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(1 + below(255)); }

  /// Empty, short, long, escaped, multi-byte, and no UTF-8 at all.
  std::string text() {
    static constexpr std::string_view kPieces[] = {"plain",
                                                   "\"\\/\b\f\n\r\t",
                                                   "gr\xC3\xBC\xC3\x9F",
                                                   "\xF0\x9F\x8C\x8D",
                                                   "\x01\x1F\x7F",
                                                   "\xFF",
                                                   "\xC3",
                                                   "\xED\xA0\x80",
                                                   "\xF0\x9F\x8C",
                                                   "</script>"};
    std::string out;
    for (std::size_t n = below(6); n > 0; --n) out += kPieces[below(std::size(kPieces))];
    if (below(40) == 0) out.append(10'000 + below(10'000), 'x');
    return out;
  }
  std::int64_t integer() { return static_cast<std::int64_t>(random_() >> below(64)); }
  double real() {
    switch (below(6)) {
      case 0:
        return 0.1;
      case 1:
        return -1e300;
      case 2:
        return 5e-324;
      default:
        return static_cast<double>(integer()) / 1024;
    }
  }
  void attribute(SpanForTest& span, const std::string& key) {
    switch (below(7)) {
      case 0:
        span.attribute(key, below(2) == 0);
        break;
      case 1:
        span.attribute(key, integer() * (below(2) == 0 ? 1 : -1));
        break;
      case 2:
        span.attribute(key, real());
        break;
      case 3:
        span.attribute(key, std::vector<std::string>(below(4), text()));
        break;
      case 4:
        span.attribute(key, std::vector<std::int64_t>(below(4), integer()));
        break;
      case 5:
        span.attribute(key, std::vector<double>(below(4), real()));
        break;
      default:
        span.attribute(key, text());
    }
  }

  std::mt19937_64 random_;
};

}  // namespace binnacle::sdk
