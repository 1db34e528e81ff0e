#include "wire/jaeger/json_encode.h"

#include "base/ids.h"
#include "codec/text_encoding.h"
#include "model/predicate.h"
#include "model/semconv.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
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

  void begin(std::span<const std::uint32_t> rows) {
    out_.begin_object().plain_key("traceID");
    trace_id(rows.empty() ? TraceId{} : batch_.trace_ids[rows[0]]);
    out_.plain_key("spans").begin_array();
  }

  void end(std::span<const std::string> warnings) {
    out_.end_array().plain_key("processes").begin_object();
    for (std::size_t p = 0; p < processes_.size(); ++p) process(p);
    out_.end_object().plain_key("warnings");
    strings(warnings);
    out_.end_object();
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
    out_.begin_object().plain_key("key").plain_string(key);
    out_.raw_key(R"(,"type":"string","value":)").string(value).end_object();
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

  // The type's name in Jaeger's model.
  static std::string_view type_text(ValueType type) {
    switch (type) {
      case ValueType::kBool:
        return "bool";
      case ValueType::kInt:
        return "int64";
      case ValueType::kDouble:
        return "float64";
      case ValueType::kBytes:
        return "binary";
      default:
        return "string";
    }
  }

  // `"key":"http.method","type":"string","value":` as it stands in every tag of that key: half of
  // the bytes of an answer, so it is escaped once per key and not once per tag. A key whose values
  // change type keeps only its latest form.
  const std::string& tag_head(StringId key, ValueType type) {
    if (head_of_.empty()) head_of_.resize(batch_.strings.size());
    std::uint32_t& number = head_of_[key.value];
    if (number == 0) {
      heads_.emplace_back();
      number = static_cast<std::uint32_t>(heads_.size());
    }
    TagHead& head = heads_[number - 1];
    if (head.text.empty() || head.type != type) {
      head.type = type;
      head.text.clear();
      JsonWriter w(head.text);
      w.plain_key("key").string(text(key)).plain_key("type").plain_string(type_text(type));
      w.plain_key("value");
    }
    return head.text;
  }

  void tag(const Attribute& a) {
    const Value v = a.value();
    out_.begin_object().raw_key(tag_head(a.key(), v.type()));
    switch (v.type()) {
      case ValueType::kBool:
        out_.boolean(v.as_bool());
        break;
      case ValueType::kInt:
        if (v.as_int() > kMaxSafeInteger || v.as_int() < -kMaxSafeInteger) {
          out_.quoted_integer(v.as_int());
        } else {
          out_.integer(v.as_int());
        }
        break;
      case ValueType::kDouble:
        out_.real(v.as_double());
        break;
      case ValueType::kBytes:
        out_.plain_string(codec::base64_encode(text(v.as_string())));
        break;
      case ValueType::kString:
        out_.string(text(v.as_string()));
        break;
      default:
        out_.string(value_text(batch_.strings, v));
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

  struct TagHead {
    ValueType type = ValueType::kEmpty;
    std::string text;
  };

  const SpanBatch& batch_;
  JsonWriter& out_;
  std::vector<std::uint32_t> head_of_;  // by key: 1 + index in heads_; 0: none yet
  std::vector<TagHead> heads_;
  std::vector<Process> processes_;
  std::unordered_map<std::uint32_t, std::size_t> process_of_;  // by resource number
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_content_;
};

}  // namespace

void write_trace(const SpanBatch& batch, std::span<const std::uint32_t> rows,
                 codec::JsonWriter& out, std::span<const std::string> warnings,
                 std::span<const std::vector<std::string>> span_warnings) {
  TraceWriter writer(batch, out);
  writer.begin(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    writer.span(rows[i], i < span_warnings.size() ? std::span<const std::string>(span_warnings[i])
                                                  : std::span<const std::string>());
  }
  writer.end(warnings);
}

struct TracePieces::State {
  State(const SpanBatch& batch, std::span<const std::uint32_t> all_rows,
        std::span<const std::string> trace_warnings)
      : json(stage), writer(batch, json), rows(all_rows), warnings(trace_warnings) {}

  std::string stage;  // what the writer writes to, whatever string the next piece is for
  JsonWriter json;
  TraceWriter writer;
  std::span<const std::uint32_t> rows;
  std::span<const std::string> warnings;
  std::size_t next = 0;
  bool begun = false;
  bool ended = false;
};

TracePieces::TracePieces(const SpanBatch& batch, std::span<const std::uint32_t> rows,
                         std::span<const std::string> warnings)
    : state_(std::make_unique<State>(batch, rows, warnings)) {}
TracePieces::TracePieces(TracePieces&&) noexcept = default;
TracePieces& TracePieces::operator=(TracePieces&&) noexcept = default;
TracePieces::~TracePieces() = default;

bool TracePieces::next(std::string& out, std::size_t about_bytes) {
  State& s = *state_;
  if (s.ended) return false;
  if (!s.begun) s.writer.begin(s.rows);
  s.begun = true;
  while (s.next < s.rows.size() && s.stage.size() < about_bytes) {
    s.writer.span(s.rows[s.next++], {});
  }
  if (s.next == s.rows.size()) {
    s.writer.end(s.warnings);
    s.ended = true;
  }
  if (out.empty()) {
    out.swap(s.stage);
  } else {
    out.append(s.stage);
  }
  s.stage.clear();
  return !s.ended;
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
