#include "model/packed_value.h"
#include "wire/datadog/decode.h"
#include "wire/datadog/msgpack_reader.h"
#include "wire/datadog/translate.h"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace binnacle::datadog {
namespace {

class Decoder {
 public:
  Decoder(std::string_view body, DecodedSpans& out, const Sender& sender)
      : r_(body), translator_(out, sender) {}

  /// v0.3, v0.4: traces of spans that are maps.
  Status maps() {
    traces([this] { map_span(); });
    return finish();
  }

  /// v0.5: [strings, traces], spans are arrays and texts numbers of strings.
  Status string_table() {
    if (r_.begin_array() != 2) r_.fail("expected an array of a string table and traces");
    for (std::uint32_t n = r_.begin_array(); n > 0 && !r_.failed(); --n) {
      strings_.push_back(r_.string());
    }
    traces([this] { array_span(); });
    return finish();
  }

 private:
  Status finish() {
    if (!r_.failed() && !r_.at_end()) r_.fail("bytes after the end of the traces");
    if (!r_.failed()) return {};
    const Error error = r_.error().to_error();
    return std::unexpected(
        error.in(spans_ == 0 ? "datadog traces"
                             : fmt::format("datadog traces: in or after span {}", spans_ - 1)));
  }

  template <typename ReadSpan>
  void traces(ReadSpan read_span) {
    for (std::uint32_t t = r_.begin_array(); t > 0 && !r_.failed(); --t) {
      translator_.begin_chunk();
      for (std::uint32_t s = r_.begin_array(); s > 0 && !r_.failed(); --s) {
        ++spans_;
        span_.clear();
        read_span();
        if (!r_.failed()) translator_.add(span_, spans_ - 1);
      }
      translator_.end_chunk();
    }
  }

  void map_span() {
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const std::string_view key = r_.string();
      if (key == "service") {
        span_.service = r_.string();
      } else if (key == "name") {
        span_.name = r_.string();
      } else if (key == "resource") {
        span_.resource = r_.string();
      } else if (key == "type") {
        span_.type = r_.string();
      } else if (key == "meta") {
        meta();
      } else if (key == "metrics") {
        metrics();
      } else if (key == "span_links") {
        links();
      } else if (key == "span_events") {
        events();
      } else if (!number_field(key)) {
        r_.skip();
      }
    }
  }

  bool number_field(std::string_view key) {
    if (key == "trace_id") {
      span_.trace_id = static_cast<std::uint64_t>(r_.integer());
    } else if (key == "span_id") {
      span_.span_id = static_cast<std::uint64_t>(r_.integer());
    } else if (key == "parent_id") {
      span_.parent_id = static_cast<std::uint64_t>(r_.integer());
    } else if (key == "start") {
      span_.start_ns = r_.integer();
    } else if (key == "duration") {
      span_.duration_ns = r_.integer();
    } else if (key == "error") {
      span_.error = r_.integer();
    } else {
      return false;
    }
    return true;
  }

  void meta() {
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const std::string_view key = r_.string();
      span_.add_meta(key, r_.string());
    }
  }

  void metrics() {
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const std::string_view key = r_.string();
      span_.add_metric(key, r_.real());
    }
  }

  void array_span() {
    if (const std::uint32_t n = r_.begin_array(); n != 12 && !r_.failed()) {
      r_.fail("expected a span of twelve elements");
    }
    span_.service = text();
    span_.name = text();
    span_.resource = text();
    span_.trace_id = static_cast<std::uint64_t>(r_.integer());
    span_.span_id = static_cast<std::uint64_t>(r_.integer());
    span_.parent_id = static_cast<std::uint64_t>(r_.integer());
    span_.start_ns = r_.integer();
    span_.duration_ns = r_.integer();
    span_.error = r_.integer();
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const std::string_view key = text();
      span_.add_meta(key, text());
    }
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const std::string_view key = text();
      span_.add_metric(key, r_.real());
    }
    span_.type = text();
  }

  std::string_view text() {
    const auto number = static_cast<std::uint64_t>(r_.integer());
    if (number < strings_.size()) return strings_[number];
    if (!r_.failed()) r_.fail("number is not in the string table");
    return {};
  }

  void links() {
    for (std::uint32_t n = r_.begin_array(); n > 0 && !r_.failed(); --n) link();
  }

  void link() {
    TraceId trace_id;
    std::uint64_t span_id = 0;
    std::uint32_t flags = 0;
    std::string_view trace_state;
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const std::string_view key = r_.string();
      if (key == "trace_id") {
        trace_id.low = static_cast<std::uint64_t>(r_.integer());
      } else if (key == "trace_id_high") {
        trace_id.high = static_cast<std::uint64_t>(r_.integer());
      } else if (key == "span_id") {
        span_id = static_cast<std::uint64_t>(r_.integer());
      } else if (key == "flags") {
        flags = static_cast<std::uint32_t>(r_.integer());
      } else if (key == "tracestate") {
        trace_state = r_.string();
      } else if (key == "attributes") {
        texts(translator_.batch().link_attributes);
      } else {
        r_.skip();
      }
    }
    if (!r_.failed()) translator_.add_link(trace_id, span_id, trace_state, flags);
  }

  void texts(std::vector<Attribute>& pool) {
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const StringId key = translator_.text().intern(r_.string());
      pool.emplace_back(key, Value::of_string(translator_.text().intern(r_.string())));
    }
  }

  void events() {
    for (std::uint32_t n = r_.begin_array(); n > 0 && !r_.failed(); --n) event();
  }

  void event() {
    std::uint64_t time = 0;
    std::string_view name;
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const std::string_view key = r_.string();
      if (key == "time_unix_nano") {
        time = static_cast<std::uint64_t>(r_.integer());
      } else if (key == "name") {
        name = r_.string();
      } else if (key == "attributes") {
        values(translator_.batch().event_attributes);
      } else {
        r_.skip();
      }
    }
    if (!r_.failed()) translator_.add_event(time, name);
  }

  void values(std::vector<Attribute>& pool) {
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const StringId key = translator_.text().intern(r_.string());
      pool.emplace_back(key, value());
    }
  }

  // AttributeAnyValue: `type` says which of the others counts.
  enum : std::int64_t { kString, kBool, kInt, kDouble, kArray };
  struct Scalar {
    std::int64_t type = kString;
    std::string_view text;
    bool truth = false;
    std::int64_t integer = 0;
    double real = 0;
  };

  Value value() {
    packed_.clear();
    const Scalar scalar = any_value(true);
    switch (scalar.type) {
      case kBool:
        return Value::of_bool(scalar.truth);
      case kInt:
        return Value::of_int(scalar.integer);
      case kDouble:
        return Value::of_double(scalar.real);
      case kArray:
        if (packed_.empty()) PackedWriter(packed_).begin_array(0);
        return Value::of_array(translator_.text().intern_bytes(packed_));
      default:
        return Value::of_string(translator_.text().intern(scalar.text));
    }
  }

  // Arrays hold plain values only, by the schema.
  Scalar any_value(bool may_be_array) {
    Scalar scalar;
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      const std::string_view key = r_.string();
      if (key == "type") {
        scalar.type = r_.integer();
      } else if (key == "string_value") {
        scalar.text = r_.string();
      } else if (key == "bool_value") {
        scalar.truth = r_.boolean();
      } else if (key == "int_value") {
        scalar.integer = r_.integer();
      } else if (key == "double_value") {
        scalar.real = r_.real();
      } else if (key == "array_value" && may_be_array) {
        array_value();
      } else {
        r_.skip();
      }
    }
    return scalar;
  }

  void array_value() {
    for (std::uint32_t n = r_.begin_map(); n > 0 && !r_.failed(); --n) {
      if (r_.string() != "values") {
        r_.skip();
        continue;
      }
      packed_.clear();
      PackedWriter out(packed_);
      const std::uint32_t count = r_.begin_array();
      out.begin_array(count);
      for (std::uint32_t i = 0; i < count && !r_.failed(); ++i) put(out, any_value(false));
    }
  }

  void put(PackedWriter& out, const Scalar& scalar) {
    switch (scalar.type) {
      case kBool:
        return out.boolean(scalar.truth);
      case kInt:
        return out.integer(scalar.integer);
      case kDouble:
        return out.real(scalar.real);
      default: {
        // Through the interner, which repairs what is no UTF-8.
        const StringId id = translator_.text().intern(scalar.text);
        return out.string(translator_.batch().strings[id]);
      }
    }
  }

  MsgpackReader r_;
  Translator translator_;
  DatadogSpan span_;
  std::vector<std::string_view> strings_;
  std::string packed_;
  std::size_t spans_ = 0;
};

}  // namespace

Result<DecodedSpans> decode_msgpack(std::string_view body, const Sender& sender) {
  DecodedSpans out;
  Decoder decoder(body, out, sender);
  if (Status s = decoder.maps(); !s) return std::unexpected(s.error());
  return out;
}

Result<DecodedSpans> decode_string_table(std::string_view body, const Sender& sender) {
  DecodedSpans out;
  Decoder decoder(body, out, sender);
  if (Status s = decoder.string_table(); !s) return std::unexpected(s.error());
  return out;
}

}  // namespace binnacle::datadog
