#include "sdk/log_fields.h"

#include "wire/otlp/log_writer.h"

namespace binnacle::sdk {

namespace wo = wire::otlp;

namespace {

std::size_t text_field_size(std::string_view text) noexcept {
  return text.empty() ? 0 : wo::bytes_field_size(text.size());
}

char* put_text_field(char* out, std::uint8_t tag, std::string_view text) noexcept {
  return text.empty() ? out : wo::put_bytes_field(out, tag, text);
}

/// A body that is an empty text is no body: events often have none.
bool has_body(const AttributeValue& body) noexcept {
  return body.kind() != AttributeKind::kString || body.size() != 0;
}

}  // namespace

std::string_view take_logger_name(std::string_view& stream) noexcept {
  if (stream.empty() || static_cast<std::uint8_t>(stream[0]) != kLogLoggerName) return {};
  std::size_t at = 1;
  std::size_t size = 0;
  for (unsigned shift = 0; at < stream.size(); shift += 7) {
    const auto byte = static_cast<unsigned char>(stream[at++]);
    size |= std::size_t{byte & 0x7FU} << shift;
    if (byte < 0x80) break;
  }
  const std::string_view name = stream.substr(at, size);
  stream.remove_prefix(at + name.size());
  return name;
}

LogFields::LogFields(const AttributeValue& body, AttributeList attributes,
                     const LogOptions* options, const LogLimits& limits) noexcept
    : body_(body),
      attributes_(attributes),
      options_(options),
      limits_(limits),
      may_repeat_(may_repeat()) {
  if (!may_repeat_ && attributes_.size <= limits_.attributes) [[likely]]
    return;
  std::size_t distinct = attributes_.size;
  for (std::size_t i = 0; may_repeat_ && i < attributes_.size; ++i) {
    if (is_superseded(i)) --distinct;
  }
  if (distinct > limits_.attributes) {
    dropped_ = static_cast<std::uint32_t>(distinct - limits_.attributes);
  }
}

std::size_t LogFields::size() const noexcept {
  std::size_t size = 0;
  if (options_ != nullptr) {
    size += text_field_size(options_->logger_name) + text_field_size(options_->severity_text) +
            text_field_size(options_->event_name);
  }
  if (has_body(body_)) size += wo::bytes_field_size(any_value_size(body_, kNoTextLimit));
  for_each_kept([&](const KeyValue& attribute) {
    size += attribute_size(attribute.key, attribute.value, limits_.value_bytes);
  });
  return size;
}

std::size_t LogFields::size_bound() const noexcept {
  // Tag and length of a field of fewer than 2^14 bytes; what is longer is out of the question here.
  constexpr std::size_t kHead = 3;
  constexpr std::size_t kPlain = kHead + 10;              // an AnyValue without a text
  constexpr std::size_t kAttribute = 3 * kHead + kPlain;  // KeyValue, key, value
  std::size_t bound = kHead + kPlain;
  const auto add = [&bound](const AttributeValue& value) {
    if (value.kind() == AttributeKind::kString) {
      bound += value.size();
    } else if (value.kind() > AttributeKind::kBool) {
      bound = SIZE_MAX / 2;
    }
  };
  if (options_ != nullptr) {
    bound += 3 * kHead + options_->logger_name.size() + options_->severity_text.size() +
             options_->event_name.size();
  }
  add(body_);
  for (const KeyValue& attribute : attributes_) {
    bound += kAttribute + attribute.key.size();
    add(attribute.value);
  }
  return bound;
}

char* LogFields::put(char* out) const noexcept {
  if (options_ != nullptr) {
    out = put_text_field(out, kLogLoggerName, options_->logger_name);
    out = put_text_field(out, wo::kLogSeverityText, options_->severity_text);
  }
  if (has_body(body_)) {
    out = wo::put_byte(out, wo::kLogBody);
    out = wo::put_varint(out, any_value_size(body_, kNoTextLimit));
    out = put_any_value(out, body_, kNoTextLimit);
  }
  for_each_kept([&](const KeyValue& attribute) {
    out =
        put_attribute(out, wo::kLogAttributes, attribute.key, attribute.value, limits_.value_bytes);
  });
  if (options_ != nullptr) out = put_text_field(out, wo::kLogEventName, options_->event_name);
  return out;
}

template <typename F>
void LogFields::for_each_kept(F f) const noexcept {
  std::size_t left = limits_.attributes;
  for (std::size_t i = 0; i < attributes_.size && left > 0; ++i) {
    if (may_repeat_ && is_superseded(i)) continue;
    f(attributes_.data[i]);
    --left;
  }
}

bool LogFields::is_superseded(std::size_t index) const noexcept {
  for (std::size_t later = index + 1; later < attributes_.size; ++later) {
    if (attributes_.data[later].key == attributes_.data[index].key) return true;
  }
  return false;
}

/// Whether two keys may be the same: a 64-bit Bloom filter over length and last byte, so that the
/// comparison of all pairs is left out for nearly all records.
bool LogFields::may_repeat() const noexcept {
  std::uint64_t seen = 0;
  for (const KeyValue& attribute : attributes_) {
    const std::string_view key = attribute.key;
    const std::size_t last = key.empty() ? 0 : static_cast<unsigned char>(key.back());
    const std::uint64_t bit = std::uint64_t{1} << ((last * 7 + key.size()) & 63U);
    if ((seen & bit) != 0) return true;
    seen |= bit;
  }
  return false;
}

}  // namespace binnacle::sdk
