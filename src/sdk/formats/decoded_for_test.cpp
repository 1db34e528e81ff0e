#include "sdk/formats/decoded_for_test.h"

#include "model/predicate.h"
#include "model/span_batch.h"
#include "tests/golden/span_batch_text.h"
#include "wire/datadog/decode.h"
#include "wire/jaeger/decode.h"
#include "wire/otlp/decode.h"
#include "wire/zipkin/json_decode.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace binnacle::sdk {

namespace {

Result<DecodedSpans> decode(Format format, const std::string& body) {
  switch (format) {
    case Format::kOtlpProtobuf:
      return otlp::decode_protobuf(body);
    case Format::kOtlpJson:
      return otlp::decode_json(body);
    case Format::kJaeger:
      return jaeger::decode_thrift_binary(body);
    case Format::kZipkin:
      return zipkin::decode_json(body);
    case Format::kDatadog:
      return datadog::decode_msgpack(body, {});
  }
  return fail(ErrorCode::kInternal, "no such format");
}

std::string find(const SpanBatch& batch, std::span<const Attribute> list, std::string_view key) {
  std::string found = "(absent)";
  for (const Attribute& a : list) {
    if (batch.strings[a.key()] != key) continue;
    if (found != "(absent)") return "(twice)";
    found = value_text(batch.strings, a.value());
  }
  return found;
}

/// JSON's two ways of escaping a control character are one.
std::string with_short_escapes(std::string text) {
  for (const auto& [from, to] : {std::pair{"\\u0008", "\\b"},
                                 {"\\u000c", "\\f"},
                                 {"\\u000a", "\\n"},
                                 {"\\u000d", "\\r"},
                                 {"\\u0009", "\\t"}}) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from)) {
      text.replace(at, std::string_view(from).size(), to);
    }
  }
  return text;
}

class ModelText {
 public:
  ModelText(const SpanBatch& batch, const Fidelity& fidelity)
      : batch_(batch), fidelity_(fidelity) {}

  std::vector<std::string> spans() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < batch_.size(); ++i) all.push_back(span(i));
    return all;
  }

 private:
  std::string text(StringId id) const { return std::string(batch_.strings[id]); }
  std::string time(std::uint64_t unix_ns) const {
    return std::to_string(unix_ns / fidelity_.time_unit_ns);
  }

  std::string value(Value v) const {
    if (!fidelity_.has_integers && v.type() == ValueType::kInt) {
      v = Value::of_double(static_cast<double>(v.as_int()));
    }
    return with_short_escapes(value_text(batch_.strings, v));
  }

  std::string attributes(std::span<const Attribute> list) const {
    std::vector<std::string> lines;
    for (const Attribute& a : list) {
      std::string line = text(a.key()) + "=" + value(a.value());
      const ValueType type = a.value().type();
      const bool is_plain =
          type == ValueType::kBool || type == ValueType::kInt || type == ValueType::kDouble;
      if (fidelity_.has_value_types && is_plain) {
        line += "/" + std::to_string(static_cast<int>(type));
      }
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines) all += " " + line + "\n";
    return all;
  }

  std::string events(std::size_t i) const {
    std::string all;
    for (std::size_t e = 0; e < batch_.events_of(i).size(); ++e) {
      const std::size_t event = batch_.first_event(i) + e;
      all += "event @" + time(batch_.events[event].time_unix_ns);
      if (!fidelity_.has_event_attributes) {
        all += "\n";
        continue;
      }
      all += " " + text(batch_.events[event].name) + "\n" +
             attributes(batch_.event_attributes_of(event));
    }
    return all;
  }

  std::string span(std::size_t i) const {
    const SpanRow row = batch_.row(i);
    const bool has_kind = row.kind != SpanKind::kUnspecified && row.kind != SpanKind::kInternal;
    std::string all =
        to_hex(row.trace_id) + " " + to_hex(row.span_id) + " " + to_hex(row.parent_span_id) + " " +
        text(row.name) + "\nstart " + time(row.start_unix_ns) + " kind " +
        std::to_string(has_kind ? static_cast<int>(row.kind) : 0) + " status " +
        std::to_string(static_cast<int>(row.status)) + " " + text(row.status_message) + "\n";
    // Of the difference, as formats send durations: the end may be one unit later than so.
    const std::uint64_t duration = batch_.duration_ns(i) / fidelity_.time_unit_ns;
    all += "duration " + std::to_string(std::max(duration, fidelity_.least_duration)) + "\n";
    all += "service " + std::string(batch_.service_of(i)) + "\n";
    if (fidelity_.has_trace_state) all += "state " + text(row.trace_state) + "\n";
    all += attributes(batch_.attributes_of(i)) + events(i);
    if (fidelity_.has_links) {
      for (const SpanLink& link : batch_.links_of(i)) {
        all += "link " + to_hex(link.trace_id) + " " + to_hex(link.span_id) + "\n";
      }
    }
    return all;
  }

  const SpanBatch& batch_;
  const Fidelity& fidelity_;
};

}  // namespace

Decoded Decoded::from(Format format, const std::string& body) {
  Result<DecodedSpans> decoded = decode(format, body);
  Decoded result;
  if (!decoded) {
    ADD_FAILURE() << decoded.error().message;
    result.spans_ = std::make_shared<const DecodedSpans>();
    return result;
  }
  EXPECT_EQ(decoded->rejected, 0U) << decoded->first_reason;
  EXPECT_TRUE(decoded->batch.validate());
  result.spans_ = std::make_shared<const DecodedSpans>(std::move(*decoded));
  return result;
}

std::size_t Decoded::size() const { return spans_->batch.size(); }
std::string Decoded::attribute(std::size_t i, std::string_view key) const {
  return find(spans_->batch, spans_->batch.attributes_of(i), key);
}
std::string Decoded::resource_attribute(std::size_t i, std::string_view key) const {
  const SpanBatch& b = spans_->batch;
  return find(b, b.shared(b.resources[b.resource_of[i]].attributes), key);
}
std::string Decoded::name(std::size_t i) const {
  return std::string(spans_->batch.strings[spans_->batch.names[i]]);
}
std::string Decoded::service(std::size_t i) const {
  return std::string(spans_->batch.service_of(i));
}
std::string Decoded::scope(std::size_t i) const {
  const SpanBatch& b = spans_->batch;
  return std::string(b.strings[b.scopes[b.scope_of[i]].name]);
}
int Decoded::kind(std::size_t i) const { return static_cast<int>(spans_->batch.kinds[i]); }
int Decoded::status(std::size_t i) const { return static_cast<int>(spans_->batch.statuses[i]); }
std::string Decoded::status_message(std::size_t i) const {
  return std::string(spans_->batch.strings[spans_->batch.status_messages[i]]);
}
std::string Decoded::trace_id(std::size_t i) const { return to_hex(spans_->batch.trace_ids[i]); }
std::string Decoded::parent(std::size_t i) const {
  return to_hex(spans_->batch.parent_span_ids[i]);
}
std::string Decoded::trace_state(std::size_t i) const {
  return std::string(spans_->batch.strings[spans_->batch.trace_states[i]]);
}
std::uint64_t Decoded::start_unix_ns(std::size_t i) const { return spans_->batch.start_unix_ns[i]; }
std::uint64_t Decoded::duration_ns(std::size_t i) const { return spans_->batch.duration_ns(i); }
std::vector<std::string> Decoded::event_names(std::size_t i) const {
  std::vector<std::string> names;
  for (const SpanEvent& event : spans_->batch.events_of(i)) {
    names.emplace_back(spans_->batch.strings[event.name]);
  }
  return names;
}
std::vector<std::string> Decoded::links(std::size_t i) const {
  std::vector<std::string> ids;
  for (const SpanLink& link : spans_->batch.links_of(i)) ids.push_back(to_hex(link.span_id));
  return ids;
}
std::string Decoded::text() const { return golden::span_batch_text(spans_->batch); }
std::vector<std::string> Decoded::texts(const Fidelity& fidelity) const {
  std::vector<std::string> texts = ModelText(spans_->batch, fidelity).spans();
  std::sort(texts.begin(), texts.end());
  return texts;
}

}  // namespace binnacle::sdk
