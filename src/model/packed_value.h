#pragma once

#include "base/error.h"
#include "model/value.h"

#include <cstdint>
#include <string>
#include <string_view>

// Arrays and maps inside attributes as self-contained bytes, because they are rare and are only
// ever shown or compared whole. One value is: type byte (ValueType), then
//   kEmpty: nothing; kBool: 1 byte; kInt: zig-zag LEB128; kDouble: 8 bytes little-endian;
//   kString, kBytes: LEB128 length, bytes;
//   kArray: LEB128 count, values; kMap: LEB128 count, (LEB128 key length, key, value)*.
// Stored on disk as part of batches: the encoding never changes (docs/formats/packed_value.md).

namespace binnacle {

/// Deepest nesting of arrays and maps accepted anywhere; JSON viewers and protobuf's own default of
/// 100 are in the same range, real attributes stay below 5.
constexpr int kMaxValueDepth = 32;

/// Appends packed values to a string. Containers are opened with their count, which must then be
/// followed by exactly that many values (map: key() before each). Thread-confined.
class PackedWriter {
 public:
  explicit PackedWriter(std::string& out) : out_(out) {}
  void empty();
  void string(std::string_view text);
  void boolean(bool v);
  void integer(std::int64_t v);
  void real(double v);
  void bytes(std::string_view data);
  void begin_array(std::uint64_t count);
  void begin_map(std::uint64_t count);
  void key(std::string_view text);

 private:
  void tag(ValueType type);
  void length(std::uint64_t n);
  std::string& out_;
};

/// What a walk over packed bytes calls, in order. Implemented by JSON and OTLP encoders.
class PackedVisitor {
 public:
  PackedVisitor() = default;
  PackedVisitor(const PackedVisitor&) = delete;
  PackedVisitor& operator=(const PackedVisitor&) = delete;
  virtual ~PackedVisitor() = default;
  virtual void on_empty() = 0;
  virtual void on_string(std::string_view text) = 0;
  virtual void on_bool(bool v) = 0;
  virtual void on_int(std::int64_t v) = 0;
  virtual void on_double(double v) = 0;
  virtual void on_bytes(std::string_view data) = 0;
  virtual void on_array_begin(std::uint64_t count) = 0;
  virtual void on_array_end() = 0;
  virtual void on_map_begin(std::uint64_t count) = 0;
  virtual void on_key(std::string_view key) = 0;
  virtual void on_map_end() = 0;
};

/// Walks exactly one packed value. kDataLoss if the bytes are no packed value, are followed by
/// more, or nest deeper than kMaxValueDepth.
[[nodiscard]] Status visit_packed(std::string_view packed, PackedVisitor& visitor);

}  // namespace binnacle
