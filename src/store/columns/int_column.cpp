#include "store/columns/int_column.h"

#include <algorithm>
#include <bit>

namespace binnacle::columns {
namespace {

// Numbers are on disk.
enum class Layout : std::uint8_t { kConstant = 0, kPlanes = 1, kDeltaPlanes = 2, kRaw = 3 };

std::size_t width_of(std::uint64_t largest) {
  return static_cast<std::size_t>(std::bit_width(largest | 1) + 7) / 8;
}

struct Shape {
  std::uint64_t smallest;
  std::uint64_t largest;
  std::uint64_t largest_delta;  ///< zig-zag
  std::size_t steps_of_one;
};

Shape measure(std::span<const std::uint64_t> values, bool deltas) {
  Shape s{values[0], values[0], 0, 0};
  for (const std::uint64_t v : values) {
    s.smallest = std::min(s.smallest, v);
    s.largest = std::max(s.largest, v);
  }
  if (!deltas) return s;
  for (std::size_t i = 1; i < values.size(); ++i) {
    const std::uint64_t delta = values[i] - values[i - 1];
    s.largest_delta = std::max(s.largest_delta, zigzag(delta));
    s.steps_of_one += delta == 1 ? 1U : 0U;
  }
  return s;
}

template <typename At>
void append_planes(std::string& out, std::size_t count, std::size_t width, At at) {
  const std::size_t begin = out.size();
  out.resize(begin + count * width);
  char* plane = out.data() + begin;
  for (std::size_t w = 0; w < width; ++w, plane += count) {
    const unsigned shift = static_cast<unsigned>(8 * w);
    for (std::size_t i = 0; i < count; ++i) plane[i] = static_cast<char>(at(i) >> shift);
  }
}

void add_planes(std::string_view bytes, std::size_t width, std::vector<std::uint64_t>& values) {
  const auto* plane = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) values[i] = plane[i];
  for (std::size_t w = 1; w < width; ++w) {
    plane += count;
    const unsigned shift = static_cast<unsigned>(8 * w);
    for (std::size_t i = 0; i < count; ++i) {
      values[i] |= static_cast<std::uint64_t>(plane[i]) << shift;
    }
  }
}

std::size_t read_width(ByteReader& reader) {
  const std::uint8_t width = reader.byte();
  if (width < 1 || width > 8) reader.fail();
  return width;
}

bool read_delta_planes(ByteReader& reader, std::vector<std::uint64_t>& values) {
  const std::uint64_t first = reader.varint();
  const std::size_t width = read_width(reader);
  // One plane entry per value; the first is zero, which keeps both loops plain.
  const std::string_view planes = reader.bytes(values.size() * width);
  if (reader.failed()) return false;
  add_planes(planes, width, values);
  std::uint64_t value = first;
  for (std::uint64_t& v : values) {
    value += unzigzag(v);
    v = value;
  }
  return true;
}

}  // namespace

void append_ints(std::string& out, std::span<const std::uint64_t> values, IntShape shape) {
  if (values.empty()) return;
  const std::size_t n = values.size();
  if (shape == IntShape::kRandom) {
    out.push_back(static_cast<char>(Layout::kRaw));
    out.append(reinterpret_cast<const char*>(values.data()), n * sizeof(std::uint64_t));
    return;
  }
  const Shape s = measure(values, shape == IntShape::kRising);
  if (s.smallest == s.largest) {
    out.push_back(static_cast<char>(Layout::kConstant));
    put_varint(out, s.smallest);
    return;
  }
  const std::size_t width = width_of(s.largest - s.smallest);
  if (shape == IntShape::kRising && (width_of(s.largest_delta) < width || s.steps_of_one * 2 > n)) {
    const std::size_t delta_width = width_of(s.largest_delta);
    out.push_back(static_cast<char>(Layout::kDeltaPlanes));
    put_varint(out, values[0]);
    out.push_back(static_cast<char>(delta_width));
    append_planes(out, n, delta_width,
                  [&](std::size_t i) { return i == 0 ? 0 : zigzag(values[i] - values[i - 1]); });
    return;
  }
  out.push_back(static_cast<char>(Layout::kPlanes));
  put_varint(out, s.smallest);
  out.push_back(static_cast<char>(width));
  append_planes(out, n, width, [&](std::size_t i) { return values[i] - s.smallest; });
}

bool read_ints(ByteReader& reader, std::size_t count, std::vector<std::uint64_t>& values) {
  values.clear();
  if (count == 0) return !reader.failed();
  switch (static_cast<Layout>(reader.byte())) {
    case Layout::kConstant: {
      const std::uint64_t value = reader.varint();
      if (reader.failed()) return false;
      values.assign(count, value);
      return true;
    }
    case Layout::kPlanes: {
      const std::uint64_t smallest = reader.varint();
      const std::size_t width = read_width(reader);
      const std::string_view planes = reader.bytes(count * width);
      if (reader.failed()) return false;
      values.resize(count);
      add_planes(planes, width, values);
      for (std::uint64_t& v : values) v += smallest;
      return true;
    }
    case Layout::kDeltaPlanes: {
      if (count > reader.left()) break;  // before the resize: a plane entry per value must follow
      values.resize(count);
      return read_delta_planes(reader, values);
    }
    case Layout::kRaw: {
      const std::string_view raw = reader.bytes(count * sizeof(std::uint64_t));
      if (reader.failed()) return false;
      values.resize(count);
      std::memcpy(values.data(), raw.data(), raw.size());
      return true;
    }
  }
  reader.fail();
  return false;
}

bool skip_ints(ByteReader& reader, std::size_t count) {
  if (count == 0) return !reader.failed();
  switch (static_cast<Layout>(reader.byte())) {
    case Layout::kConstant:
      reader.varint();
      return !reader.failed();
    case Layout::kPlanes:
    case Layout::kDeltaPlanes:
      reader.varint();
      reader.bytes(count * read_width(reader));
      return !reader.failed();
    case Layout::kRaw:
      reader.bytes(count * sizeof(std::uint64_t));
      return !reader.failed();
  }
  reader.fail();
  return false;
}

}  // namespace binnacle::columns
