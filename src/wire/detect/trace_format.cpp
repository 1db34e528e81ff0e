#include "wire/detect/trace_format.h"

#include <array>
#include <utility>

namespace binnacle::wire {
namespace {

using Telling = std::pair<std::string_view, TraceFormat>;

// Keys of a document's outermost object.
constexpr std::array<Telling, 12> kObjectKeys = {{
    {"resourceSpans", TraceFormat::kOtlpJson},
    {"resource_spans", TraceFormat::kOtlpJson},
    {"batches", TraceFormat::kOtlpJson},
    {"trace", TraceFormat::kOtlpJson},
    {"resourceMetrics", TraceFormat::kOtlpSignal},
    {"resource_metrics", TraceFormat::kOtlpSignal},
    {"resourceLogs", TraceFormat::kOtlpSignal},
    {"resource_logs", TraceFormat::kOtlpSignal},
    {"data", TraceFormat::kJaegerJson},
    {"processes", TraceFormat::kJaegerJson},
    {"traceID", TraceFormat::kJaegerJson},
    {"traceId", TraceFormat::kUnknown},  // a lone span of some other format
}};
// Keys of the first object of an array.
constexpr std::array<Telling, 5> kElementKeys = {{
    {"traceId", TraceFormat::kZipkinJson},
    {"localEndpoint", TraceFormat::kZipkinJson},
    {"traceID", TraceFormat::kJaegerJson},
    {"processes", TraceFormat::kJaegerJson},
    {"spans", TraceFormat::kJaegerJson},
}};

// Walks the keys of one JSON object, skipping its values by brackets and strings alone.
class KeyWalk {
 public:
  explicit KeyWalk(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // The next key of the object that was entered; false at its end or at the text's.
  bool next_key(std::string_view& key) {
    skip_space();
    if (!rest_.starts_with('"') || !string(key)) return false;
    return take(':');
  }

  // Skips the value after a key and the comma behind it.
  bool skip_value() {
    int depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"') {
        std::string_view ignored;
        if (!string(ignored)) return false;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) return false;
        --depth;
      }
      rest_.remove_prefix(1);
      if (c == ',' && depth == 0) return true;
    }
    return false;
  }

 private:
  void skip_space() {
    const auto at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }

  bool string(std::string_view& out) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        out = rest_.substr(1, i - 1);
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }

  std::string_view rest_;
};

template <std::size_t N>
TraceFormat by_keys(KeyWalk& walk, const std::array<Telling, N>& telling) {
  std::string_view key;
  while (walk.next_key(key)) {
    for (const auto& [name, format] : telling) {
      if (key == name) return format;
    }
    if (!walk.skip_value()) break;
  }
  return TraceFormat::kUnknown;
}

TraceFormat by_json(std::string_view bytes, char first) {
  KeyWalk walk(bytes);
  if (first == '{') {
    (void)walk.take('{');
    return by_keys(walk, kObjectKeys);
  }
  if (first != '[') return TraceFormat::kUnknown;
  (void)walk.take('[');
  if (walk.take(']')) return TraceFormat::kZipkinJson;  // an empty list of spans is Zipkin's
  (void)walk.take('[');
  return walk.take('{') ? by_keys(walk, kElementKeys) : TraceFormat::kUnknown;
}

// Field 1 of a request, a length, and then a field that ResourceSpans has: resource, scope_spans,
// schema_url or instrumentation_library_spans (field 1000).
bool begins_resource_spans(std::string_view bytes) {
  if (!bytes.starts_with('\x0A')) return false;
  std::size_t i = 1;
  while (i < bytes.size() && static_cast<unsigned char>(bytes[i]) >= 0x80) ++i;
  if (i >= bytes.size() || i > 5) return false;
  if (bytes[i] == 0 && i == 1) return true;  // nothing in it
  ++i;
  return i < bytes.size() &&
         (bytes[i] == '\x0A' || bytes[i] == '\x12' || bytes[i] == '\x1A' || bytes[i] == '\xC2');
}

}  // namespace

TraceFormat detect_trace_format(std::string_view bytes) noexcept {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const auto first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return TraceFormat::kEmpty;
  const TraceFormat format = by_json(bytes, bytes[first]);
  // The first byte of protobuf is a line feed and its length may be a bracket (messages of 91 or
  // 123 bytes), so JSON comes first and has to be told by its keys.
  return format == TraceFormat::kUnknown && begins_resource_spans(bytes)
             ? TraceFormat::kOtlpProtobuf
             : format;
}

std::string_view to_string(TraceFormat format) noexcept {
  switch (format) {
    case TraceFormat::kUnknown:
      return "unknown";
    case TraceFormat::kEmpty:
      return "empty";
    case TraceFormat::kOtlpJson:
      return "OTLP JSON";
    case TraceFormat::kOtlpProtobuf:
      return "OTLP protobuf";
    case TraceFormat::kOtlpSignal:
      return "OTLP JSON of metrics or logs";
    case TraceFormat::kJaegerJson:
      return "Jaeger JSON";
    case TraceFormat::kZipkinJson:
      return "Zipkin JSON";
  }
  return "";
}

}  // namespace binnacle::wire
