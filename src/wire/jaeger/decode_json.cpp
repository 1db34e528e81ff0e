#include "base/hash.h"
#include "codec/decimal.h"
#include "codec/json_document.h"
#include "codec/json_misfit.h"
#include "codec/text_encoding.h"
#include "wire/jaeger/decode.h"
#include "wire/jaeger/translate.h"

#include <fmt/format.h>

#include <unordered_map>

namespace binnacle::jaeger {
namespace {

using codec::JsonDocument;
using codec::JsonValue;

constexpr int kMicrosToNanos = 3;  // power of ten

class Decoder : codec::JsonMisfit {
 public:
  explicit Decoder(DecodedSpans& out)
      : out_(out), batch_(out.batch), text_(batch_.strings), translator_(batch_, text_) {}

  Status run(JsonValue root) {
    document(root);
    return misfit("jaeger json");
  }

 private:
  bool document(JsonValue root) {
    const auto each = [&](JsonValue e) { return trace(e); };
    if (root.is_array()) return array(root, "traces", each);
    if (!root.is_object()) return broken(root, "an object or an array");
    const JsonValue data = root.find("data");
    if (data.is_array()) return array(data, "data", each);
    if (data.is_object()) return trace(data) || break_at("data");
    return trace(root);
  }

  bool trace(JsonValue v) {
    if (!v.is_object()) return broken(v, "an object");
    processes_.clear();
    for (const auto& [name, value] : v.find("processes").members()) {
      if (!process(value, processes_[name])) return break_at(fmt::format("processes.{}", name));
    }
    return array(v.find("spans"), "spans", [&](JsonValue e) { return span(e); });
  }

  bool process(JsonValue v, std::uint32_t& number) {
    if (!v.is_object()) return broken(v, "an object");
    const auto begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
    if (!tags(v.find("tags"), "tags", batch_.shared_attributes)) return false;
    number = translator_.add_process(begin, v.find("serviceName").string());
    return true;
  }

  bool span(JsonValue v) {
    if (!v.is_object()) return broken(v, "an object");
    SpanRow row;
    std::uint64_t duration = 0;
    references_.clear();
    const JsonValue process_of_its_own = v.find("process");
    if (process_of_its_own.is_object()) {
      if (!process(process_of_its_own, row.resource)) return break_at("process");
    } else {
      row.resource = resource_of(v.find("processID").string());
    }
    for (const auto& [name, value] : v.members()) {
      bool good = true;
      if (name == "tags") {
        if (!tags(value, name, batch_.attributes)) return false;
      } else if (name == "logs") {
        if (!array(value, name, [&](JsonValue e) { return log(e); })) return false;
      } else if (name == "references") {
        if (!array(value, name, [&](JsonValue e) { return reference(e); })) return false;
      } else if (name == "duration") {
        good = micros(value, duration);
      } else {
        good = plain_field(name, value, row);
      }
      if (!good) return break_at(name);
    }
    row.end_unix_ns =
        row.start_unix_ns > UINT64_MAX - duration ? UINT64_MAX : row.start_unix_ns + duration;
    finish_span(row);
    return true;
  }

  bool plain_field(std::string_view name, JsonValue value, SpanRow& row) {
    if (name == "traceID") return id(value, row.trace_id);
    if (name == "spanID") return id(value, row.span_id);
    if (name == "parentSpanID") return id(value, row.parent_span_id);
    if (name == "startTime") return micros(value, row.start_unix_ns);
    if (name == "operationName") {
      if (!value.is_string() && !value.is_null()) return broken(value, "a string");
      row.name = text_.intern(value.string());
    }
    if (name == "flags") {
      const auto flags = codec::parse_decimal(value.number_text());
      row.flags = flags ? static_cast<std::uint32_t>(flags->magnitude) & 1U : 0;
    }
    return true;
  }

  void finish_span(SpanRow& row) {
    if (!row.trace_id.valid() || !row.span_id.valid()) {
      out_.reject(out_.rejected > 0 ? std::string()
                                    : fmt::format("span named \"{}\": {} is missing or zero",
                                                  batch_.strings[row.name].substr(0, 200),
                                                  row.trace_id.valid() ? "spanID" : "traceID"));
      return;
    }
    translator_.absorb_tags(row);
    translator_.add_references(references_, row);
    batch_.append(row);
  }

  // A span may name a process that is not there: it then has a resource without a service.
  std::uint32_t resource_of(std::string_view process_id) {
    const auto [found, is_new] = processes_.try_emplace(process_id, 0);
    if (is_new) {
      found->second =
          batch_.add_resource(static_cast<std::uint32_t>(batch_.shared_attributes.size()));
    }
    return found->second;
  }

  bool reference(JsonValue v) {
    if (!v.is_object()) return broken(v, "an object");
    Reference reference;
    const std::string_view type = v.find("refType").string();
    reference.type = type == "FOLLOWS_FROM" ? ReferenceType::kFollowsFrom : ReferenceType::kChildOf;
    if (!id(v.find("traceID"), reference.trace_id)) return break_at("traceID");
    if (!id(v.find("spanID"), reference.span_id)) return break_at("spanID");
    references_.push_back(reference);
    return true;
  }

  bool log(JsonValue v) {
    if (!v.is_object()) return broken(v, "an object");
    const std::size_t begin = batch_.event_attributes.size();
    std::uint64_t time = 0;
    if (!micros(v.find("timestamp"), time)) return break_at("timestamp");
    if (!tags(v.find("fields"), "fields", batch_.event_attributes)) return false;
    translator_.add_log(begin, time);
    return true;
  }

  bool tags(JsonValue v, std::string_view name, std::vector<Attribute>& pool) {
    return array(v, name, [&](JsonValue e) { return tag(e, pool); });
  }

  // The type is what `type` says, as far as the value can be read so; else what the value is.
  bool tag(JsonValue v, std::vector<Attribute>& pool) {
    if (!v.is_object()) return broken(v, "an object");
    const StringId key = text_.intern(v.find("key").string());
    const std::string_view type = v.find("type").string();
    const JsonValue value = v.find("value");
    pool.emplace_back(key, typed(value, type));
    return true;
  }

  Value typed(JsonValue v, std::string_view type) {
    const std::string_view text = v.number_text();
    if (type == "int64" || (type.empty() && v.is_number())) {
      const auto number = codec::parse_decimal(text);
      if (number && number->exact) {
        if (const auto fits = number->to_int64()) return Value::of_int(*fits);
      }
    }
    if (type == "float64" || type == "int64" || (type != "string" && v.is_number())) {
      if (const auto number = codec::parse_real(text)) return Value::of_double(*number);
    }
    if (v.is_bool()) return Value::of_bool(v.boolean());
    if (type == "bool" && (text == "true" || text == "false"))
      return Value::of_bool(text == "true");
    if (type == "binary") {
      if (const auto bytes = codec::base64_decode(text)) {
        return Value::of_bytes(text_.intern_bytes(*bytes));
      }
    }
    if (v.is_null()) return {};
    return Value::of_string(text_.intern(text));
  }

  bool micros(JsonValue v, std::uint64_t& out_ns) {
    if (v.is_null()) return true;
    if (!v.is_number() && !v.is_string()) return broken(v, "microseconds");
    const auto number = codec::parse_decimal(v.number_text(), kMicrosToNanos);
    if (!number) return broken_text(v, "no number of microseconds:");
    out_ns = number->negative ? 0 : number->magnitude;
    return true;
  }

  bool id(JsonValue v, TraceId& out) {
    if (v.is_null()) return true;
    if (!v.is_string()) return broken(v, "a string");
    const auto parsed = parse_trace_id(v.string());
    const Hash128 hash = hash128(v.string());
    if (!v.string().empty()) out = parsed.value_or(TraceId{hash.high, hash.low});
    return true;
  }
  bool id(JsonValue v, SpanId& out) {
    if (v.is_null()) return true;
    if (!v.is_string()) return broken(v, "a string");
    if (!v.string().empty()) out = parse_span_id(v.string()).value_or(SpanId{hash64(v.string())});
    return true;
  }

  DecodedSpans& out_;
  SpanBatch& batch_;
  TextInterner text_;
  Translator translator_;
  std::unordered_map<std::string_view, std::uint32_t> processes_;  // of the trace, by id
  std::vector<Reference> references_;
};

}  // namespace

Result<DecodedSpans> decode_json(std::string_view text) {
  auto document = JsonDocument::parse(std::string(text), {.max_bytes = kMaxBodyBytes});
  if (!document) return std::unexpected(document.error().in("jaeger json"));
  DecodedSpans out;
  Decoder decoder(out);
  if (Status s = decoder.run(document->root()); !s) return std::unexpected(s.error());
  return out;
}

}  // namespace binnacle::jaeger
