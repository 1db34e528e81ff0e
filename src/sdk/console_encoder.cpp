#include "sdk/console_encoder.h"

#include "sdk/formats/span_reader.h"

#include <binnacle/context.h>

#include <time.h>

#include <charconv>
#include <cstdio>
#include <cstring>

namespace binnacle::sdk {

namespace {

// Longer values are cut: this is for looking at, not for keeping.
constexpr std::size_t kShownBytes = 200;

void append_quoted(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7F) {
      out.append({'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 0xFU]});
    } else {
      out += c;
    }
  }
  out += text.size() > kShownBytes ? "...\"" : "\"";
}

void append_value(std::string& out, const ValueView& value) {
  char number[40];
  switch (value.kind) {
    case ValueKind::kString:
      return append_quoted(out, value.text);
    case ValueKind::kBool:
      out += value.boolean ? "true" : "false";
      return;
    case ValueKind::kInt:
      out.append(number, std::to_chars(number, number + sizeof number, value.integer).ptr);
      return;
    case ValueKind::kDouble:
      out.append(number, std::to_chars(number, number + sizeof number, value.real).ptr);
      return;
    case ValueKind::kArray: {
      out += '[';
      const char* separator = "";
      for (const ValueView element : value.elements()) {
        out += separator;
        separator = ", ";
        // Arrays in arrays are not recorded.
        if (element.kind != ValueKind::kArray) append_value(out, element);
      }
      out += ']';
      return;
    }
    case ValueKind::kEmpty:
    case ValueKind::kMap:
    case ValueKind::kBytes:
      out += "(not shown)";
  }
}

void append_time(std::string& out, std::uint64_t unix_ns) {
  const auto seconds = static_cast<time_t>(unix_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  out.append(text, size);
  const int more =
      snprintf(text, sizeof text, ".%06uZ", static_cast<unsigned>(unix_ns / 1000 % 1'000'000));
  out.append(text, static_cast<std::size_t>(more));
}

template <typename Id>
void append_id(std::string& out, std::string_view label, const std::uint8_t* bytes) {
  Id id;
  std::memcpy(id.bytes, bytes, sizeof id.bytes);
  char digits[2 * sizeof id.bytes];
  id.to_hex(digits);
  out.append(label).append(digits, sizeof digits);
}

/// What comes from the stream of fields, in the order of the line.
struct LineParts {
  std::string attributes;
  std::string events;
  std::string status;
  std::size_t links = 0;

  void on_attribute(const AttributeView& attribute) {
    attributes += attributes.empty() ? " {" : ", ";
    attributes.append(attribute.key.substr(0, kShownBytes)).append("=");
    append_value(attributes, attribute.value);
  }
  void on_event(const EventView& event) {
    events += events.empty() ? " events=[" : ", ";
    append_quoted(events, event.name);
  }
  void on_link(const LinkView& /*link*/) { ++links; }
  void on_status(const StatusView& view) {
    status = view.code == 2 ? " ERROR" : " OK";
    if (view.message.empty()) return;
    status += ' ';
    append_quoted(status, view.message);
  }
};

}  // namespace

void ConsoleEncoder::add(const FinishedSpan& span) {
  constexpr std::string_view kKinds[] = {"UNSPECIFIED", "INTERNAL", "SERVER",
                                         "CLIENT",      "PRODUCER", "CONSUMER"};
  append_time(text_, span.start_unix_ns);
  text_.append(" ").append(kKinds[span.kind < std::size(kKinds) ? span.kind : 0]).append(" ");
  append_quoted(text_, name_of(span));
  char duration[48];
  const int size =
      snprintf(duration, sizeof duration, " %.3f ms",
               static_cast<double>(span.end_unix_ns - span.start_unix_ns) / 1'000'000.0);
  text_.append(duration, static_cast<std::size_t>(size));
  LineParts parts;
  visit_span(span, parts);
  text_ += parts.status;
  append_id<TraceId>(text_, " trace=", span.trace_id);
  append_id<SpanId>(text_, " span=", span.span_id);
  if (span.parent_span_id != nullptr) append_id<SpanId>(text_, " parent=", span.parent_span_id);
  if (!parts.attributes.empty()) text_.append(parts.attributes).append("}");
  if (!parts.events.empty()) text_.append(parts.events).append("]");
  if (parts.links > 0) text_.append(" links=").append(std::to_string(parts.links));
  text_ += '\n';
  ++spans_;
}

EncodedBatch ConsoleEncoder::finish() {
  EncodedBatch batch = make_batch(Signal::kTraces, text_, spans_);
  text_.clear();
  spans_ = 0;
  return batch;
}

}  // namespace binnacle::sdk
