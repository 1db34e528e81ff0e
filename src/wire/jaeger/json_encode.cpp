#include "wire/jaeger/json_encode.h"

#include "base/ids.h"
#include "codec/text_encoding.h"
#include "model/predicate.h"
#include "model/semconv.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace binnacle::jaeger {
namespace {

using codec::JsonWriter;

// JavaScript's Number.MAX_SAFE_INTEGER: Jaeger writes int64 values beyond it as strings.
constexpr std::int64_t kMaxSafeInteger = 9'007'199'254'740'991;
constexpr std::uint64_t kNanosPerMicro = 1000;

std::string_view kind_text(SpanKind kind) {
  switch (kind) {
    case SpanKind::kInternal:
      return "internal";
    case SpanKind::kServer:
      return "server";
    case SpanKind::kClient:
      return "client";
    case SpanKind::kProducer:
      return "producer";
    case SpanKind::kConsumer:
      return "consumer";
    case SpanKind::kUnspecified:
      break;
  }
  return {};
}

class TraceWriter {
 public:
  TraceWriter(const SpanBatch& batch, JsonWriter& out) : batch_(batch), out_(out) {}

  void write(std::span<const std::uint32_t> rows, std::span<const std::string> warnings,
             std::span<const std::vector<std::string>> span_warnings) {
    out_.begin_object().plain_key("traceID");
    trace_id(rows.empty() ? TraceId{} : batch_.trace_ids[rows[0]]);
    out_.plain_key("spans").begin_array();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      span(rows[i], i < span_warnings.size() ? std::span<const std::string>(span_warnings[i])
                                             : std::span<const std::string>());
    }
    out_.end_array().plain_key("processes").begin_object();
    for (std::size_t p = 0; p < processes_.size(); ++p) process(p);
    out_.end_object().plain_key("warnings");
    strings(warnings);
    out_.end_object();
  }

 private:
  [[nodiscard]] std::string_view text(StringId id) const { return batch_.strings[id]; }

  // Jaeger writes ids of 64 bits with 16 digits.
  void trace_id(TraceId id) {
    const std::string hex = to_hex(id);
    out_.plain_string(id.high == 0 ? std::string_view(hex).substr(16) : hex);
  }

  void strings(std::span<const std::string> list) {
    if (list.empty()) {
      out_.null();
      return;
    }
    out_.begin_array();
    for (const std::string& s : list) out_.string(s);
    out_.end_array();
  }

  void span(std::size_t i, std::span<const std::string> warnings) {
    out_.begin_object().plain_key("traceID");
    trace_id(batch_.trace_ids[i]);
    out_.plain_key("spanID").plain_string(to_hex(batch_.span_ids[i]));
    out_.plain_key("operationName").string(text(batch_.names[i]));
    references(i);
    out_.plain_key("startTime").integer(batch_.start_unix_ns[i] / kNanosPerMicro);
    out_.plain_key("duration").integer(batch_.duration_ns(i) / kNanosPerMicro);
    tags(i);
    logs(i);
    out_.plain_key("processID").plain_string(process_id(batch_.resource_of[i]));
    out_.plain_key("warnings");
    strings(warnings);
    out_.end_object();
  }

  void reference(std::string_view type, TraceId trace, SpanId span) {
    out_.begin_object().plain_key("refType").plain_string(type).plain_key("traceID");
    trace_id(trace);
    out_.plain_key("spanID").plain_string(to_hex(span)).end_object();
  }

  void references(std::size_t i) {
    out_.plain_key("references").begin_array();
    if (batch_.parent_span_ids[i].valid()) {
      reference("CHILD_OF", batch_.trace_ids[i], batch_.parent_span_ids[i]);
    }
    for (std::size_t l = batch_.first_link(i); l < batch_.link_ends[i]; ++l) {
      reference(link_type(l), batch_.links[l].trace_id, batch_.links[l].span_id);
    }
    out_.end_array();
  }

  [[nodiscard]] std::string_view link_type(std::size_t link) const {
    for (const Attribute& a : batch_.link_attributes_of(link)) {
      if (text(a.key()) == semconv::kOpenTracingRefType && a.value().type() == ValueType::kString &&
          text(a.value().as_string()) == semconv::kRefTypeChildOf) {
        return "CHILD_OF";
      }
    }
    return "FOLLOWS_FROM";
  }

  void string_tag(std::string_view key, std::string_view value) {
    out_.begin_object().plain_key("key").plain_string(key).plain_key("type").plain_string("string");
    out_.plain_key("value").string(value).end_object();
  }

  void tags(std::size_t i) {
    out_.plain_key("tags").begin_array();
    const Scope& scope = batch_.scopes[batch_.scope_of[i]];
    if (!scope.name.empty()) string_tag("otel.scope.name", text(scope.name));
    if (!scope.version.empty()) string_tag("otel.scope.version", text(scope.version));
    for (const Attribute& a : batch_.shared(scope.attributes)) tag(a);
    for (const Attribute& a : batch_.attributes_of(i)) tag(a);
    if (const auto kind = kind_text(batch_.kinds[i]); !kind.empty()) string_tag("span.kind", kind);
    status_tags(i);
    if (!batch_.trace_states[i].empty()) {
      string_tag("w3c.tracestate", text(batch_.trace_states[i]));
    }
    out_.end_array();
  }

  void status_tags(std::size_t i) {
    if (batch_.statuses[i] == StatusCode::kOk) string_tag("otel.status_code", "OK");
    if (batch_.statuses[i] == StatusCode::kError) {
      string_tag("otel.status_code", "ERROR");
      out_.begin_object().plain_key("key").plain_string("error");
      out_.plain_key("type").plain_string("bool").plain_key("value").boolean(true).end_object();
    }
    if (!batch_.status_messages[i].empty()) {
      string_tag("otel.status_description", text(batch_.status_messages[i]));
    }
  }

  void tag(const Attribute& a) {
    const Value v = a.value();
    out_.begin_object().plain_key("key").string(text(a.key())).plain_key("type");
    switch (v.type()) {
      case ValueType::kBool:
        out_.plain_string("bool").plain_key("value").boolean(v.as_bool());
        break;
      case ValueType::kInt:
        out_.plain_string("int64").plain_key("value");
        if (v.as_int() > kMaxSafeInteger || v.as_int() < -kMaxSafeInteger) {
          out_.quoted_integer(v.as_int());
        } else {
          out_.integer(v.as_int());
        }
        break;
      case ValueType::kDouble:
        out_.plain_string("float64").plain_key("value").real(v.as_double());
        break;
      case ValueType::kBytes:
        out_.plain_string("binary").plain_key("value").plain_string(
            codec::base64_encode(text(v.as_string())));
        break;
      case ValueType::kString:
        out_.plain_string("string").plain_key("value").string(text(v.as_string()));
        break;
      default:
        out_.plain_string("string").plain_key("value").string(value_text(batch_.strings, v));
    }
    out_.end_object();
  }

  void logs(std::size_t i) {
    out_.plain_key("logs").begin_array();
    for (std::size_t e = batch_.first_event(i); e < batch_.event_ends[i]; ++e) {
      const SpanEvent& event = batch_.events[e];
      out_.begin_object().plain_key("timestamp").integer(event.time_unix_ns / kNanosPerMicro);
      out_.plain_key("fields").begin_array();
      const auto attributes = batch_.event_attributes_of(e);
      if (!event.name.empty() && !has_key(attributes, "event")) {
        string_tag("event", text(event.name));
      }
      for (const Attribute& a : attributes) tag(a);
      out_.end_array().end_object();
    }
    out_.end_array();
  }

  [[nodiscard]] bool has_key(std::span<const Attribute> attributes, std::string_view key) const {
    for (const Attribute& a : attributes) {
      if (text(a.key()) == key) return true;
    }
    return false;
  }

  struct Process {
    std::uint32_t resource;
    std::string id;
  };

  // Requests repeat their resource, so a trace assembled from many has many equal ones: they are
  // one process.
  const std::string& process_id(std::uint32_t resource) {
    const auto [known, is_new] = process_of_.try_emplace(resource, processes_.size());
    if (is_new) {
      const auto attributes = batch_.shared(batch_.resources[resource].attributes);
      auto& same_hash = by_content_[content_hash(attributes)];
      for (const std::size_t p : same_hash) {
        const Resource& other = batch_.resources[processes_[p].resource];
        if (std::ranges::equal(attributes, batch_.shared(other.attributes))) {
          known->second = p;
          return processes_[p].id;
        }
      }
      same_hash.push_back(processes_.size());
      processes_.push_back({resource, fmt::format("p{}", processes_.size() + 1)});
    }
    return processes_[known->second].id;
  }

  static std::uint64_t content_hash(std::span<const Attribute> attributes) {
    std::uint64_t h = attributes.size();
    for (const Attribute& a : attributes) {
      h = (h ^ a.key().value) * 0x9E37'79B9'7F4A'7C15ULL;
      h = (h ^ (h >> 29) ^ a.value().payload()) * 0xFF51'AFD7'ED55'8CCDULL;
    }
    return h;
  }

  void process(std::size_t p) {
    const Resource& resource = batch_.resources[processes_[p].resource];
    out_.plain_key(processes_[p].id).begin_object().plain_key("serviceName");
    out_.string(resource.service.empty() ? kUnknownService : text(resource.service));
    out_.plain_key("tags").begin_array();
    for (const Attribute& a : batch_.shared(resource.attributes)) {
      if (text(a.key()) != semconv::kServiceName) tag(a);
    }
    out_.end_array().end_object();
  }

  const SpanBatch& batch_;
  JsonWriter& out_;
  std::vector<Process> processes_;
  std::unordered_map<std::uint32_t, std::size_t> process_of_;  // by resource number
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_content_;
};

}  // namespace

void write_trace(const SpanBatch& batch, std::span<const std::uint32_t> rows,
                 codec::JsonWriter& out, std::span<const std::string> warnings,
                 std::span<const std::vector<std::string>> span_warnings) {
  TraceWriter(batch, out).write(rows, warnings, span_warnings);
}

std::string encode_traces(const SpanBatch& batch) {
  std::vector<std::vector<std::uint32_t>> traces;
  std::unordered_map<TraceId, std::size_t> trace_of;
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const auto [found, is_new] = trace_of.try_emplace(batch.trace_ids[i], traces.size());
    if (is_new) traces.emplace_back();
    traces[found->second].push_back(i);
  }
  std::string out;
  JsonWriter w(out);
  w.begin_object().plain_key("data").begin_array();
  for (const auto& rows : traces) write_trace(batch, rows, w);
  w.end_array().plain_key("total").integer(traces.size());
  w.plain_key("limit").integer(0).plain_key("offset").integer(0);
  w.plain_key("errors").null().end_object();
  return out;
}

}  // namespace binnacle::jaeger
