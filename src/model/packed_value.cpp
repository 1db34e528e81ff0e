#include "model/packed_value.h"

#include <bit>
#include <cstring>

namespace binnacle {
namespace {

class Walker {
 public:
  Walker(std::string_view in, PackedVisitor& visitor) : in_(in), visitor_(visitor) {}

  bool value(int depth) {
    if (depth > kMaxValueDepth || in_.empty()) return false;
    const auto type = static_cast<ValueType>(in_.front());
    in_.remove_prefix(1);
    switch (type) {
      case ValueType::kEmpty:
        visitor_.on_empty();
        return true;
      case ValueType::kArray:
        return array(depth);
      case ValueType::kMap:
        return map(depth);
      default:
        return scalar(type);
    }
  }
  [[nodiscard]] bool done() const { return in_.empty(); }

 private:
  bool scalar(ValueType type) {
    std::string_view text;
    std::uint64_t n = 0;
    switch (type) {
      case ValueType::kString:
        if (!chunk(text)) return false;
        visitor_.on_string(text);
        return true;
      case ValueType::kBytes:
        if (!chunk(text)) return false;
        visitor_.on_bytes(text);
        return true;
      case ValueType::kBool:
        if (!take(1, text)) return false;
        visitor_.on_bool(text[0] != 0);
        return true;
      case ValueType::kInt:
        if (!varint(n)) return false;
        visitor_.on_int(static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1));
        return true;
      case ValueType::kDouble: {
        if (!take(8, text)) return false;
        double v = 0;
        std::memcpy(&v, text.data(), 8);
        visitor_.on_double(v);
        return true;
      }
      default:
        return false;
    }
  }

  bool array(int depth) {
    std::uint64_t count = 0;
    if (!varint(count) || count > in_.size()) return false;
    visitor_.on_array_begin(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!value(depth + 1)) return false;
    }
    visitor_.on_array_end();
    return true;
  }

  bool map(int depth) {
    std::uint64_t count = 0;
    if (!varint(count) || count > in_.size()) return false;
    visitor_.on_map_begin(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string_view key;
      if (!chunk(key)) return false;
      visitor_.on_key(key);
      if (!value(depth + 1)) return false;
    }
    visitor_.on_map_end();
    return true;
  }

  bool chunk(std::string_view& out) {
    std::uint64_t n = 0;
    return varint(n) && take(n, out);
  }

  bool take(std::uint64_t n, std::string_view& out) {
    if (n > in_.size()) return false;
    out = in_.substr(0, n);
    in_.remove_prefix(n);
    return true;
  }

  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !in_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      out |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  std::string_view in_;
  PackedVisitor& visitor_;
};

static_assert(std::endian::native == std::endian::little, "packed doubles are little-endian");

}  // namespace

void PackedWriter::tag(ValueType type) { out_.push_back(static_cast<char>(type)); }

void PackedWriter::length(std::uint64_t n) {
  while (n >= 0x80) {
    out_.push_back(static_cast<char>((n & 0x7F) | 0x80));
    n >>= 7;
  }
  out_.push_back(static_cast<char>(n));
}

void PackedWriter::empty() { tag(ValueType::kEmpty); }

void PackedWriter::string(std::string_view text) {
  tag(ValueType::kString);
  key(text);
}

void PackedWriter::boolean(bool v) {
  tag(ValueType::kBool);
  out_.push_back(v ? 1 : 0);
}

void PackedWriter::integer(std::int64_t v) {
  tag(ValueType::kInt);
  length((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
}

void PackedWriter::real(double v) {
  tag(ValueType::kDouble);
  char raw[sizeof v];
  std::memcpy(raw, &v, sizeof v);
  out_.append(raw, sizeof raw);
}

void PackedWriter::bytes(std::string_view data) {
  tag(ValueType::kBytes);
  key(data);
}

void PackedWriter::begin_array(std::uint64_t count) {
  tag(ValueType::kArray);
  length(count);
}

void PackedWriter::begin_map(std::uint64_t count) {
  tag(ValueType::kMap);
  length(count);
}

void PackedWriter::key(std::string_view text) {
  length(text.size());
  out_.append(text);
}

Status visit_packed(std::string_view packed, PackedVisitor& visitor) {
  Walker walker(packed, visitor);
  if (!walker.value(0) || !walker.done()) {
    return fail(ErrorCode::kDataLoss, "packed attribute value is malformed");
  }
  return {};
}

}  // namespace binnacle
