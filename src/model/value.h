#pragma once

#include "model/string_table.h"

#include <bit>
#include <cstdint>

// Attribute values as they lie in a batch: a type and eight bytes. Strings, bytes and composites
// are numbers into the batch's StringTable, so equal values are equal numbers within one batch.

namespace binnacle {

/// The kinds of OpenTelemetry's AnyValue. Numbers are written to disk.
enum class ValueType : std::uint8_t {
  kEmpty = 0,   ///< AnyValue with nothing set
  kString = 1,  ///< UTF-8 by contract; stored as received
  kBool = 2,
  kInt = 3,     ///< signed 64 bits
  kDouble = 4,  ///< NaN and infinities allowed
  kBytes = 5,
  kArray = 6,  ///< packed (packed_value.h)
  kMap = 7,    ///< packed (packed_value.h)
};

class Value {
 public:
  constexpr Value() = default;
  static constexpr Value of_string(StringId id) { return {ValueType::kString, id.value}; }
  static constexpr Value of_bool(bool v) { return {ValueType::kBool, v ? 1U : 0U}; }
  static constexpr Value of_int(std::int64_t v) {
    return {ValueType::kInt, static_cast<std::uint64_t>(v)};
  }
  static constexpr Value of_double(double v) {
    return {ValueType::kDouble, std::bit_cast<std::uint64_t>(v)};
  }
  static constexpr Value of_bytes(StringId id) { return {ValueType::kBytes, id.value}; }
  static constexpr Value of_array(StringId packed) { return {ValueType::kArray, packed.value}; }
  static constexpr Value of_map(StringId packed) { return {ValueType::kMap, packed.value}; }
  /// From a type and the raw payload, as engines store them.
  static constexpr Value of_raw(ValueType type, std::uint64_t payload) { return {type, payload}; }

  [[nodiscard]] constexpr ValueType type() const noexcept { return type_; }
  [[nodiscard]] constexpr std::uint64_t payload() const noexcept { return payload_; }
  /// For kBool, kInt, kDouble respectively; anything else is the caller's bug.
  [[nodiscard]] constexpr bool as_bool() const noexcept { return payload_ != 0; }
  [[nodiscard]] constexpr std::int64_t as_int() const noexcept {
    return static_cast<std::int64_t>(payload_);
  }
  [[nodiscard]] constexpr double as_double() const noexcept {
    return std::bit_cast<double>(payload_);
  }
  /// For kString, kBytes, kArray, kMap: the number of the text or packed bytes.
  [[nodiscard]] constexpr StringId as_string() const noexcept {
    return StringId{static_cast<std::uint32_t>(payload_)};
  }
  /// True if the payload is a StringId.
  [[nodiscard]] constexpr bool refers_to_string() const noexcept {
    return type_ == ValueType::kString || type_ >= ValueType::kBytes;
  }
  /// Same type and payload; meaningful within one batch. Doubles compare by bits (NaN equals
  /// itself).
  friend constexpr bool operator==(const Value&, const Value&) = default;

 private:
  constexpr Value(ValueType type, std::uint64_t payload) : payload_(payload), type_(type) {}
  std::uint64_t payload_ = 0;
  ValueType type_ = ValueType::kEmpty;
};

/// A key with its value; 16 bytes, so that four fit a cache line.
class Attribute {
 public:
  constexpr Attribute(StringId key, Value value)
      : payload_(value.payload()), key_(key), type_(value.type()) {}
  [[nodiscard]] constexpr StringId key() const noexcept { return key_; }
  [[nodiscard]] constexpr Value value() const noexcept { return Value::of_raw(type_, payload_); }
  friend constexpr bool operator==(const Attribute&, const Attribute&) = default;

 private:
  std::uint64_t payload_;
  StringId key_;
  ValueType type_;
};
static_assert(sizeof(Attribute) == 16);

}  // namespace binnacle
