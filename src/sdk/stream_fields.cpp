#include "sdk/stream_fields.h"

#include "sdk/slot.h"
#include "wire/otlp/span_writer.h"

#include <binnacle/inline_recording.h>
#include <binnacle/span.h>

#include <cstring>
#include <string_view>
#include <utility>

namespace binnacle::sdk {

namespace wo = wire::otlp;

namespace {

std::uint64_t read_varint(const char*& at) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}

/// Status.code of a status that put_status() wrote: its last byte.
std::uint8_t status_code(const char* end) noexcept { return static_cast<std::uint8_t>(end[-1]); }

/// Which fields can have occurred before. Recording can afford 64 bits for the keys of a span, of
/// which ten share one as often as not; with 1,024 a hundred seldom send for a comparison in vain.
class SeenFields {
 public:
  /// Whether an attribute's key may have been added; adds it.
  bool add_key(std::string_view key) noexcept {
    const std::uint64_t place = v1::detail::key_hash(key) >> 54U;
    std::uint64_t& word = keys_[place / 64];
    const std::uint64_t bit = std::uint64_t{1} << (place % 64);
    const bool was_seen = (word & bit) != 0;
    word |= bit;
    return was_seen;
  }
  /// The same for a field that counts once, by its tag.
  bool add_single(std::uint8_t tag) noexcept {
    return std::exchange(tag == wo::kSpanName ? has_name_ : has_status_, true);
  }

 private:
  std::uint64_t keys_[16] = {};
  bool has_name_ = false;
  bool has_status_ = false;
};

}  // namespace

void StreamFields::convert_times(char* bytes, std::size_t size, const TickAnchor& anchor) noexcept {
  const char* at = bytes;
  const char* const end = bytes + size;
  while (at < end) {
    const auto tag = static_cast<std::uint8_t>(*at++);
    const std::uint64_t length = read_varint(at);
    if (tag == wo::kSpanEvents && static_cast<std::uint8_t>(*at) == kEventTicks) {
      char* time = bytes + (at - bytes);
      std::uint64_t ticks = 0;
      std::memcpy(&ticks, time + 1, sizeof ticks);
      if constexpr (std::endian::native == std::endian::big) ticks = __builtin_bswap64(ticks);
      time = wo::put_byte(time, wo::kEventTime);
      wo::put_fixed64(time, static_cast<std::uint64_t>(anchor.to_unix_ns(ticks)));
    }
    at += length;
  }
}

void StreamFields::supersede(const Field& last, std::size_t before) noexcept {
  for (std::size_t i = 0; i < before; ++i) {
    Field& earlier = fields_[i];
    if (earlier.tag != last.tag) continue;
    if (last.tag == wo::kSpanAttributes &&
        (earlier.key_size != last.key_size ||
         std::memcmp(earlier.key, last.key, last.key_size) != 0)) {
      continue;
    }
    earlier.is_kept = false;
  }
}

SettledFields StreamFields::settle(char* bytes, std::size_t size, const FieldLimits& limits,
                                   bool keeps_status) {
  SettledFields result;
  SeenFields seen;
  fields_.clear();
  const char* at = bytes;
  const char* const end = bytes + size;
  while (at < end) {
    Field field{.begin = at,
                .end = nullptr,
                .body = nullptr,
                .key = nullptr,
                .key_size = 0,
                .tag = static_cast<std::uint8_t>(*at++),
                .is_kept = true};
    const std::uint64_t length = read_varint(at);
    field.body = at;
    field.end = at + length;
    if (field.tag == wo::kSpanAttributes) {
      const char* key = at + 1;
      field.key_size = static_cast<std::uint32_t>(read_varint(key));
      field.key = key;
    }
    const bool is_single = field.tag == wo::kSpanName || field.tag == wo::kSpanStatus;
    if (field.tag == wo::kSpanStatus) {
      constexpr auto kOk = static_cast<std::uint8_t>(StatusCode::kOk);
      field.is_kept = keeps_status && !(result.has_status && result.status == kOk);
      if (field.is_kept) {
        result.has_status = true;
        result.status = status_code(field.end);
      }
    }
    if (field.is_kept) {
      const bool may_repeat =
          is_single ? seen.add_single(field.tag)
                    : field.tag == wo::kSpanAttributes && seen.add_key({field.key, field.key_size});
      if (may_repeat) supersede(field, fields_.size());
    }
    fields_.push_back(field);
    at = field.end;
  }
  std::uint32_t attributes = 0;
  std::uint32_t events = 0;
  std::uint32_t links = 0;
  char* out = bytes;
  for (const Field& field : fields_) {
    if (!field.is_kept) continue;
    const auto is_over = [](std::uint32_t& count, std::uint32_t limit, std::uint32_t& dropped) {
      if (++count <= limit) return false;
      ++dropped;
      return true;
    };
    if (field.tag == wo::kSpanAttributes &&
        is_over(attributes, limits.attributes, result.dropped_attributes)) {
      continue;
    }
    if (field.tag == wo::kSpanEvents && is_over(events, limits.events, result.dropped_events)) {
      continue;
    }
    if (field.tag == wo::kSpanLinks && is_over(links, limits.links, result.dropped_links)) continue;
    const auto length = static_cast<std::size_t>(field.end - field.begin);
    if (out != field.begin) std::memmove(out, field.begin, length);
    out += length;
  }
  result.size = static_cast<std::size_t>(out - bytes);
  return result;
}

}  // namespace binnacle::sdk
