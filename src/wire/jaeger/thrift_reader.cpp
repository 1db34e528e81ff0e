#include "wire/jaeger/thrift_reader.h"

#include "codec/varint.h"

#include <bit>
#include <cstring>

namespace binnacle::jaeger {
namespace {

// The least bytes an element of a type can take: bounds counts by the bytes that remain.
std::size_t least_bytes(ThriftType type, bool compact) {
  switch (type) {
    case ThriftType::kDouble:
      return 8;
    case ThriftType::kI16:
      return compact ? 1 : 2;
    case ThriftType::kI32:
      return compact ? 1 : 4;
    case ThriftType::kI64:
      return compact ? 1 : 8;
    case ThriftType::kString:
      return compact ? 1 : 4;
    case ThriftType::kSet:
    case ThriftType::kList:
      return compact ? 1 : 5;
    case ThriftType::kMap:
      return compact ? 1 : 6;
    default:
      return 1;
  }
}

}  // namespace

void ThriftReader::fail(const char* what) noexcept {
  if (error_.what == nullptr) error_ = {what, offset()};
  p_ = end_;
}

std::uint8_t ThriftReader::byte() noexcept {
  if (p_ == end_) {
    fail("thrift message is truncated");
    return 0;
  }
  return static_cast<std::uint8_t>(*p_++);
}

template <typename T>
T ThriftReader::big_endian() noexcept {
  if (left() < sizeof(T)) {
    fail("thrift message is truncated");
    return 0;
  }
  T v = 0;
  std::memcpy(&v, p_, sizeof v);
  p_ += sizeof v;
  return std::byteswap(v);
}

std::uint64_t ThriftReader::varint() noexcept {
  std::uint64_t v = 0;
  const char* after = codec::read_varint(p_, end_, v);
  if (after == nullptr) {
    fail("thrift integer is truncated or longer than 10 bytes");
    return 0;
  }
  p_ = after;
  return v;
}

std::int64_t ThriftReader::zigzag() noexcept { return codec::zigzag_decode(varint()); }

ThriftType ThriftReader::compact_type(std::uint8_t nibble) noexcept {
  constexpr ThriftType kTypes[] = {ThriftType::kStop,  ThriftType::kBool,   ThriftType::kBool,
                                   ThriftType::kByte,  ThriftType::kI16,    ThriftType::kI32,
                                   ThriftType::kI64,   ThriftType::kDouble, ThriftType::kString,
                                   ThriftType::kList,  ThriftType::kSet,    ThriftType::kMap,
                                   ThriftType::kStruct};
  if (nibble >= std::size(kTypes)) {
    fail("thrift type does not exist");
    return ThriftType::kStop;
  }
  return kTypes[nibble];
}

void ThriftReader::begin_struct() noexcept {
  if (depth_ >= kMaxDepth) {
    fail("thrift values nest deeper than 32");
    return;
  }
  last_field_[depth_++] = 0;
}

void ThriftReader::end_struct() noexcept {
  if (depth_ > 0) --depth_;
}

bool ThriftReader::next_field() noexcept {
  if (failed() || depth_ == 0) return false;
  const std::uint8_t header = byte();
  bool_in_header_ = false;
  if (!compact_) {
    type_ = static_cast<ThriftType>(header);
    if (type_ == ThriftType::kStop) return false;
    field_ = static_cast<std::int16_t>(big_endian<std::uint16_t>());
    return !failed();
  }
  type_ = compact_type(header & 0x0F);
  if (type_ == ThriftType::kStop) return false;
  std::int16_t& last = last_field_[depth_ - 1];
  const int delta = header >> 4;
  last = static_cast<std::int16_t>(delta != 0 ? last + delta : zigzag());
  field_ = last;
  if (type_ == ThriftType::kBool) {
    bool_in_header_ = true;
    bool_value_ = (header & 0x0F) == 1;
  }
  return !failed();
}

bool ThriftReader::boolean() noexcept {
  if (bool_in_header_) {
    bool_in_header_ = false;
    return bool_value_;
  }
  const std::uint8_t v = byte();
  return compact_ ? v == 1 : v != 0;
}

std::int32_t ThriftReader::i32() noexcept {
  return static_cast<std::int32_t>(compact_ ? zigzag() : big_endian<std::uint32_t>());
}

std::int64_t ThriftReader::i64() noexcept {
  return compact_ ? zigzag() : static_cast<std::int64_t>(big_endian<std::uint64_t>());
}

double ThriftReader::real() noexcept {
  if (!compact_) return std::bit_cast<double>(big_endian<std::uint64_t>());
  // The compact specification says big-endian, all implementations write little-endian.
  if (left() < 8) {
    fail("thrift message is truncated");
    return 0;
  }
  double v = 0;
  std::memcpy(&v, p_, sizeof v);
  p_ += sizeof v;
  return v;
}

std::string_view ThriftReader::string() noexcept {
  const std::uint64_t n = compact_ ? varint() : big_endian<std::uint32_t>();
  if (n > left()) {
    fail("thrift string runs past the end of the message");
    return {};
  }
  const std::string_view out(p_, n);
  p_ += n;
  return out;
}

std::uint32_t ThriftReader::element_count(ThriftType& element) noexcept {
  const std::uint8_t header = byte();
  std::uint64_t n = 0;
  if (compact_) {
    element = compact_type(header & 0x0F);
    n = header >> 4;
    if (n == 15) n = varint();
  } else {
    element = static_cast<ThriftType>(header);
    n = big_endian<std::uint32_t>();
  }
  if (failed()) return 0;
  if (n > left() / least_bytes(element, compact_)) {
    fail("thrift list claims more elements than there are bytes");
    return 0;
  }
  return static_cast<std::uint32_t>(n);
}

std::uint32_t ThriftReader::begin_list(ThriftType element) noexcept {
  ThriftType found = ThriftType::kStop;
  const std::uint32_t n = element_count(found);
  if (n != 0 && found != element) {
    fail("thrift list has elements of the wrong type");
    return 0;
  }
  return n;
}

void ThriftReader::skip_fixed(std::size_t bytes) noexcept {
  if (left() < bytes) {
    fail("thrift message is truncated");
  } else {
    p_ += bytes;
  }
}

void ThriftReader::skip_map() noexcept {
  std::uint64_t n = 0;
  ThriftType key = ThriftType::kStop;
  ThriftType value = ThriftType::kStop;
  if (compact_) {
    n = varint();
    if (n == 0) return;
    const std::uint8_t types = byte();
    key = compact_type(types >> 4);
    value = compact_type(types & 0x0F);
  } else {
    key = static_cast<ThriftType>(byte());
    value = static_cast<ThriftType>(byte());
    n = big_endian<std::uint32_t>();
  }
  if (n > left()) return fail("thrift map claims more entries than there are bytes");
  for (std::uint64_t i = 0; i < n && !failed(); ++i) {
    skip_value(key);
    skip_value(value);
  }
}

void ThriftReader::skip_value(ThriftType type) noexcept {
  switch (type) {
    case ThriftType::kBool:
      boolean();
      return;
    case ThriftType::kByte:
      return skip_fixed(1);
    case ThriftType::kDouble:
      return skip_fixed(8);
    case ThriftType::kI16:
      compact_ ? static_cast<void>(varint()) : skip_fixed(2);
      return;
    case ThriftType::kI32:
      i32();
      return;
    case ThriftType::kI64:
      i64();
      return;
    case ThriftType::kString:
      string();
      return;
    default:
      break;
  }
  // Containers share begin_struct's depth limit; their elements are no fields.
  begin_struct();
  if (type == ThriftType::kStruct) {
    while (next_field()) skip();
  } else if (type == ThriftType::kMap) {
    skip_map();
  } else if (type == ThriftType::kList || type == ThriftType::kSet) {
    ThriftType element = ThriftType::kStop;
    const std::uint32_t n = element_count(element);
    for (std::uint32_t i = 0; i < n && !failed(); ++i) skip_value(element);
  } else {
    fail("thrift type does not exist");
  }
  end_struct();
}

bool ThriftReader::message_header() noexcept {
  if (compact_) {
    const std::uint8_t protocol = byte();
    const std::uint8_t version_and_type = byte();
    if (protocol != 0x82 || (version_and_type & 0x1F) != 1) fail("no compact thrift message");
    varint();  // sequence number
    string();  // method
    return !failed();
  }
  const std::uint32_t word = big_endian<std::uint32_t>();
  if ((word & 0x8000'0000) != 0) {
    if ((word & 0xFFFF'0000) != 0x8001'0000) fail("thrift message has an unknown version");
    string();  // method
  } else {
    p_ -= failed() ? 0 : 4;
    string();  // before versions: the method's name comes first
    byte();    // type
  }
  big_endian<std::uint32_t>();  // sequence number
  return !failed();
}

}  // namespace binnacle::jaeger
