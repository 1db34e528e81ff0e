#include "wire/datadog/msgpack_reader.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace binnacle::datadog {
namespace {

constexpr const char* kTruncated = "msgpack is truncated";

// First bytes of the format's families; in between stand the fixed forms.
enum : unsigned {
  kFixMap = 0x80,
  kFixArray = 0x90,
  kFixString = 0xA0,
  kNil = 0xC0,
  kFalse = 0xC2,
  kTrue = 0xC3,
  kBin8 = 0xC4,
  kBin16 = 0xC5,
  kBin32 = 0xC6,
  kExt8 = 0xC7,
  kExt16 = 0xC8,
  kExt32 = 0xC9,
  kFloat32 = 0xCA,
  kFloat64 = 0xCB,
  kUint8 = 0xCC,
  kInt8 = 0xD0,
  kInt64 = 0xD3,
  kFixExt1 = 0xD4,
  kFixExt16 = 0xD8,
  kStr8 = 0xD9,
  kStr16 = 0xDA,
  kStr32 = 0xDB,
  kArray16 = 0xDC,
  kArray32 = 0xDD,
  kMap16 = 0xDE,
  kMap32 = 0xDF,
  kNegativeFix = 0xE0,
};

constexpr MsgpackType type_of(unsigned byte) noexcept {
  if (byte < kFixMap || byte >= kNegativeFix) return MsgpackType::kInteger;
  if (byte < kFixArray) return MsgpackType::kMap;
  if (byte < kFixString) return MsgpackType::kArray;
  if (byte < kNil) return MsgpackType::kString;
  if (byte == kNil) return MsgpackType::kNil;
  if (byte < kFalse) return MsgpackType::kInvalid;
  if (byte <= kTrue) return MsgpackType::kBool;
  if (byte <= kBin32) return MsgpackType::kBinary;
  if (byte <= kExt32) return MsgpackType::kExtension;
  if (byte <= kFloat64) return MsgpackType::kReal;
  if (byte <= kInt64) return MsgpackType::kInteger;
  if (byte <= kFixExt16) return MsgpackType::kExtension;
  if (byte <= kStr32) return MsgpackType::kString;
  return byte <= kArray32 ? MsgpackType::kArray : MsgpackType::kMap;
}

}  // namespace

void MsgpackReader::fail(const char* what) noexcept {
  if (error_.what == nullptr) error_ = {what, static_cast<std::size_t>(p_ - begin_)};
  p_ = end_;
}

MsgpackType MsgpackReader::type() const noexcept {
  return p_ == end_ ? MsgpackType::kInvalid : type_of(static_cast<unsigned char>(*p_));
}

template <typename T>
T MsgpackReader::big_endian() noexcept {
  T v = 0;
  if (left() < sizeof v) {
    fail(kTruncated);
    return 0;
  }
  std::memcpy(&v, p_, sizeof v);
  p_ += sizeof v;
  if constexpr (std::endian::native == std::endian::little && sizeof v > 1) v = std::byteswap(v);
  return v;
}

/// A length or count of `size_bytes` bytes; `extra_bytes` of what follows belong to it (the type of
/// an extension).
MsgpackReader::Head MsgpackReader::sized(MsgpackType type, std::size_t size_bytes,
                                         std::size_t extra_bytes) noexcept {
  std::uint64_t n = 0;
  if (size_bytes == 1) n = big_endian<std::uint8_t>();
  if (size_bytes == 2) n = big_endian<std::uint16_t>();
  if (size_bytes == 4) n = big_endian<std::uint32_t>();
  return {type, true, n + extra_bytes};
}

MsgpackReader::Head MsgpackReader::number(unsigned byte) noexcept {
  const auto integer = [](bool is_unsigned, std::int64_t v) {
    return Head{MsgpackType::kInteger, is_unsigned, static_cast<std::uint64_t>(v)};
  };
  switch (byte) {
    case kFloat32:
      return {MsgpackType::kReal, false,
              std::bit_cast<std::uint64_t>(
                  static_cast<double>(std::bit_cast<float>(big_endian<std::uint32_t>())))};
    case kFloat64:
      return {MsgpackType::kReal, false, big_endian<std::uint64_t>()};
    case kUint8:
      return integer(true, big_endian<std::uint8_t>());
    case kUint8 + 1:
      return integer(true, big_endian<std::uint16_t>());
    case kUint8 + 2:
      return integer(true, big_endian<std::uint32_t>());
    case kUint8 + 3:
      return {MsgpackType::kInteger, true, big_endian<std::uint64_t>()};
    case kInt8:
      return integer(false, static_cast<std::int8_t>(big_endian<std::uint8_t>()));
    case kInt8 + 1:
      return integer(false, static_cast<std::int16_t>(big_endian<std::uint16_t>()));
    case kInt8 + 2:
      return integer(false, static_cast<std::int32_t>(big_endian<std::uint32_t>()));
    default:
      return {MsgpackType::kInteger, false, big_endian<std::uint64_t>()};
  }
}

MsgpackReader::Head MsgpackReader::head() noexcept {
  if (p_ == end_) {
    fail(kTruncated);
    return {};
  }
  const auto byte = static_cast<unsigned char>(*p_);
  const MsgpackType type = type_of(byte);
  if (type == MsgpackType::kInvalid) {
    fail("byte 0xC1 stands for nothing in msgpack");
    return {};
  }
  ++p_;
  if (byte < kFixMap) return {MsgpackType::kInteger, true, byte};
  if (byte >= kNegativeFix) {
    return {MsgpackType::kInteger, false,
            static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(byte)})};
  }
  if (byte < kFixString) return {type, true, byte & 0x0FU};
  if (byte < kNil) return {type, true, byte & 0x1FU};
  switch (type) {
    case MsgpackType::kNil:
      return {type, true, 0};
    case MsgpackType::kBool:
      return {type, true, byte & 1U};
    case MsgpackType::kBinary:
      return sized(type, std::size_t{1} << (byte - kBin8), 0);
    case MsgpackType::kString:
      return sized(type, std::size_t{1} << (byte - kStr8), 0);
    case MsgpackType::kArray:
      return sized(type, byte == kArray16 ? 2 : 4, 0);
    case MsgpackType::kMap:
      return sized(type, byte == kMap16 ? 2 : 4, 0);
    case MsgpackType::kExtension:
      if (byte <= kExt32) return sized(type, std::size_t{1} << (byte - kExt8), 1);
      return {type, true, (std::uint64_t{1} << (byte - kFixExt1)) + 1};
    default:
      return number(byte);
  }
}

std::string_view MsgpackReader::string() noexcept {
  const char* const at = p_;
  const Head h = head();
  if (failed() || h.type == MsgpackType::kNil) return {};
  if (h.type != MsgpackType::kString && h.type != MsgpackType::kBinary) {
    p_ = at;
    fail("expected a string");
    return {};
  }
  if (h.bits > left()) {
    fail("length runs past the end");
    return {};
  }
  const std::string_view text(p_, h.bits);
  p_ += h.bits;
  return text;
}

bool MsgpackReader::boolean() noexcept { return integer() != 0; }

std::int64_t MsgpackReader::integer() noexcept {
  const char* const at = p_;
  const Head h = head();
  switch (h.type) {
    case MsgpackType::kNil:
    case MsgpackType::kBool:
    case MsgpackType::kInteger:
      return static_cast<std::int64_t>(h.bits);
    case MsgpackType::kReal: {
      const auto v = std::bit_cast<double>(h.bits);
      // What has no integer (NaN too) is 0, as where numbers are missing.
      return std::abs(v) < 0x1p63 ? static_cast<std::int64_t>(v) : 0;
    }
    default:
      p_ = at;
      fail("expected a number");
      return 0;
  }
}

double MsgpackReader::real() noexcept {
  const char* const at = p_;
  const Head h = head();
  switch (h.type) {
    case MsgpackType::kNil:
    case MsgpackType::kBool:
    case MsgpackType::kInteger:
      return h.is_unsigned ? static_cast<double>(h.bits)
                           : static_cast<double>(static_cast<std::int64_t>(h.bits));
    case MsgpackType::kReal:
      return std::bit_cast<double>(h.bits);
    default:
      p_ = at;
      fail("expected a number");
      return 0;
  }
}

std::uint32_t MsgpackReader::container(MsgpackType type, const char* wrong) noexcept {
  const char* const at = p_;
  const Head h = head();
  if (failed() || h.type == MsgpackType::kNil) return 0;
  if (h.type != type) {
    p_ = at;
    fail(wrong);
    return 0;
  }
  const std::uint64_t least_bytes = type == MsgpackType::kMap ? 2 * h.bits : h.bits;
  if (least_bytes > left()) {
    fail("count is larger than the bytes that remain");
    return 0;
  }
  return static_cast<std::uint32_t>(h.bits);
}

std::uint32_t MsgpackReader::begin_array() noexcept {
  return container(MsgpackType::kArray, "expected an array");
}
std::uint32_t MsgpackReader::begin_map() noexcept {
  return container(MsgpackType::kMap, "expected a map");
}

void MsgpackReader::skip() noexcept {
  // Values still to pass over. Each takes a byte at least, so the loop ends with the input.
  std::uint64_t pending = 1;
  while (pending > 0 && !failed()) {
    --pending;
    const Head h = head();
    switch (h.type) {
      case MsgpackType::kString:
      case MsgpackType::kBinary:
      case MsgpackType::kExtension:
        if (h.bits > left()) return fail("length runs past the end");
        p_ += h.bits;
        break;
      case MsgpackType::kArray:
        pending += h.bits;
        break;
      case MsgpackType::kMap:
        pending += 2 * h.bits;
        break;
      default:
        break;
    }
  }
}

}  // namespace binnacle::datadog
