#include "store/trace/attribute_codec.h"

#include "store/columns/int_column.h"
#include "store/trace/keyed_hash.h"

#include <algorithm>

namespace binnacle::trace {
namespace {

using columns::ByteReader;
using columns::IntShape;
using columns::put_chunk;
using columns::put_varint;

// (key, type) in one number.
std::uint64_t column_key(const Attribute& a) {
  return (std::uint64_t{a.key().value} << 3) | static_cast<std::uint64_t>(a.value().type());
}
static_assert(static_cast<int>(ValueType::kMap) < 8);

struct Column {
  StringId key;
  ValueType type = ValueType::kEmpty;
  std::vector<std::uint64_t> payloads;
};

struct Shape {
  std::vector<std::uint64_t> keys;     ///< column_key of each attribute
  std::vector<std::uint32_t> columns;  ///< its column
};

// Open addressing from a 64-bit hash to a small number; grows at half load.
class NumberTable {
 public:
  template <typename Equal>
  std::uint32_t* find_or_add(std::uint64_t hash, Equal equal) {
    if ((used_ + 1) * 2 > slots_.size()) grow();
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      Slot& s = slots_[i];
      if (s.number == kFree) {
        s.hash = hash;
        ++used_;
        return &s.number;
      }
      if (s.hash == hash && equal(s.number)) return &s.number;
    }
  }
  static constexpr std::uint32_t kFree = 0xFFFF'FFFF;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t number = kFree;
  };
  void grow() {
    std::vector<Slot> bigger(std::max<std::size_t>(64, slots_.size() * 2));
    const std::size_t mask = bigger.size() - 1;
    for (const Slot& s : slots_) {
      if (s.number == kFree) continue;
      std::size_t i = s.hash & mask;
      while (bigger[i].number != kFree) i = (i + 1) & mask;
      bigger[i] = s;
    }
    slots_ = std::move(bigger);
  }
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

class Encoder {
 public:
  Encoder(std::span<const Attribute> pool, std::span<const std::uint32_t> list_ends) : pool_(pool) {
    shape_of_.reserve(list_ends.size());
    std::uint32_t begin = 0;
    for (const std::uint32_t end : list_ends) {
      add_list(pool.subspan(begin, end - begin));
      begin = end;
    }
  }

  bool write(std::string& out, StringNumbering& strings) {
    if (columns_.size() > kColumnsLimit) return false;
    put_varint(out, columns_.size());
    for (const Column& c : columns_) {
      put_varint(out, strings.number(c.key));
      out.push_back(static_cast<char>(c.type));
    }
    put_varint(out, shapes_.size());
    for (const Shape& s : shapes_) {
      put_varint(out, s.columns.size());
      for (const std::uint32_t column : s.columns) put_varint(out, column);
    }
    columns::append_ints(out, shape_of_);
    std::string bytes;
    for (Column& c : columns_) {
      bytes.clear();
      write_payloads(c, strings, bytes);
      put_chunk(out, bytes);
    }
    return true;
  }

 private:
  void add_list(std::span<const Attribute> list) {
    std::uint64_t hash = list.size();
    for (const Attribute& a : list) hash = keyed_hash(hash, column_key(a));
    const auto same = [&](std::uint32_t number) {
      const Shape& s = shapes_[number];
      if (s.keys.size() != list.size()) return false;
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (s.keys[i] != column_key(list[i])) return false;
      }
      return true;
    };
    std::uint32_t* number = shape_table_.find_or_add(hash, same);
    if (*number == NumberTable::kFree) {
      *number = static_cast<std::uint32_t>(shapes_.size());
      shapes_.push_back(new_shape(list));
    }
    shape_of_.push_back(*number);
    const Shape& s = shapes_[*number];
    for (std::size_t i = 0; i < list.size(); ++i) {
      columns_[s.columns[i]].payloads.push_back(list[i].value().payload());
    }
  }

  Shape new_shape(std::span<const Attribute> list) {
    Shape s;
    for (const Attribute& a : list) {
      const std::uint64_t key = column_key(a);
      std::uint32_t* column = column_table_.find_or_add(keyed_hash(key), [&](std::uint32_t n) {
        return columns_[n].key == a.key() && columns_[n].type == a.value().type();
      });
      if (*column == NumberTable::kFree) {
        *column = static_cast<std::uint32_t>(columns_.size());
        columns_.push_back({a.key(), a.value().type(), {}});
      }
      s.keys.push_back(key);
      s.columns.push_back(*column);
    }
    return s;
  }

  static void write_payloads(Column& c, StringNumbering& strings, std::string& out) {
    switch (c.type) {
      case ValueType::kEmpty:
        return;
      case ValueType::kBool:
      case ValueType::kDouble:
        columns::append_ints(out, c.payloads);
        return;
      case ValueType::kInt:
        for (std::uint64_t& v : c.payloads) v = columns::zigzag(v);
        columns::append_ints(out, c.payloads, IntShape::kRising);
        return;
      default:
        for (std::uint64_t& v : c.payloads) {
          v = strings.number(StringId{static_cast<std::uint32_t>(v)});
        }
        columns::append_ints(out, c.payloads, IntShape::kRising);
    }
  }

  std::span<const Attribute> pool_;
  std::vector<Column> columns_;
  std::vector<Shape> shapes_;
  std::vector<std::uint64_t> shape_of_;
  NumberTable shape_table_;
  NumberTable column_table_;
};

struct DecodedColumn {
  StringId key;
  ValueType type = ValueType::kEmpty;
  bool wanted = true;
  std::size_t count = 0;
  std::size_t next = 0;
  std::vector<std::uint64_t> payloads;
};

class Decoder {
 public:
  Decoder(ByteReader& reader, StringResolver& strings, const WantedKeys* wanted)
      : reader_(reader), strings_(strings), wanted_(wanted) {}

  bool read(std::size_t lists, std::vector<Attribute>& pool,
            std::vector<std::uint32_t>& list_ends) {
    if (!read_columns() || !read_shapes() || !count(lists)) return false;
    for (DecodedColumn& c : columns_) {
      if (!read_payloads(c)) return false;
    }
    emit(pool, list_ends);
    return true;
  }

 private:
  bool read_columns() {
    columns_.resize(reader_.count(std::min<std::uint64_t>(kColumnsLimit, reader_.left())));
    for (DecodedColumn& c : columns_) {
      const std::uint64_t number = reader_.varint();
      const std::uint8_t type = reader_.byte();
      if (reader_.failed() || type > static_cast<std::uint8_t>(ValueType::kMap) ||
          number >= strings_.size()) {
        return false;
      }
      c.type = static_cast<ValueType>(type);
      c.wanted = wanted_ == nullptr ||
                 std::ranges::find(*wanted_, strings_.text(number)) != wanted_->end();
      if (c.wanted && !strings_.resolve(number, c.key)) return false;
    }
    return true;
  }

  bool read_shapes() {
    shape_begins_.push_back(0);
    for (std::uint64_t n = reader_.count(reader_.left()); n > 0; --n) {
      for (std::uint64_t k = reader_.count(reader_.left()); k > 0; --k) {
        const std::uint64_t column = reader_.varint();
        if (column >= columns_.size()) return false;
        shape_columns_.push_back(static_cast<std::uint32_t>(column));
      }
      shape_begins_.push_back(shape_columns_.size());
    }
    return !reader_.failed();
  }

  // How many values each column has follows from the shapes: checked before anything is allocated
  // for them, because constant columns of any length are a few bytes.
  bool count(std::size_t lists) {
    if (!columns::read_ints(reader_, lists, shape_of_)) return false;
    const std::size_t shapes = shape_begins_.size() - 1;
    std::vector<std::uint64_t> uses(shapes);
    for (const std::uint64_t s : shape_of_) {
      if (s >= shapes) return false;
      ++uses[s];
    }
    std::uint64_t total = 0;
    for (std::size_t s = 0; s < shapes; ++s) {
      total += uses[s] * (shape_begins_[s + 1] - shape_begins_[s]);
      if (total > kAttributesLimit) return false;
      for (std::size_t k = shape_begins_[s]; k < shape_begins_[s + 1]; ++k) {
        columns_[shape_columns_[k]].count += uses[s];
      }
    }
    return true;
  }

  bool read_payloads(DecodedColumn& c) {
    const std::string_view bytes = reader_.chunk();
    if (reader_.failed()) return false;
    if (!c.wanted) return true;
    if (c.type == ValueType::kEmpty) {
      c.payloads.assign(c.count, 0);
      return true;
    }
    ByteReader in(bytes);
    if (!columns::read_ints(in, c.count, c.payloads)) return false;
    switch (c.type) {
      case ValueType::kBool:
        return std::ranges::all_of(c.payloads, [](std::uint64_t v) { return v <= 1; });
      case ValueType::kInt:
        for (std::uint64_t& v : c.payloads) v = columns::unzigzag(v);
        return true;
      case ValueType::kDouble:
        return true;
      default:
        for (std::uint64_t& v : c.payloads) {
          StringId id;
          if (!strings_.resolve(v, id)) return false;
          v = id.value;
        }
        return true;
    }
  }

  void emit(std::vector<Attribute>& pool, std::vector<std::uint32_t>& list_ends) {
    for (const std::uint64_t s : shape_of_) {
      for (std::size_t k = shape_begins_[s]; k < shape_begins_[s + 1]; ++k) {
        DecodedColumn& c = columns_[shape_columns_[k]];
        if (!c.wanted) continue;
        pool.emplace_back(c.key, Value::of_raw(c.type, c.payloads[c.next++]));
      }
      list_ends.push_back(static_cast<std::uint32_t>(pool.size()));
    }
  }

  ByteReader& reader_;
  StringResolver& strings_;
  const WantedKeys* wanted_;
  std::vector<DecodedColumn> columns_;
  std::vector<std::size_t> shape_begins_;
  std::vector<std::uint32_t> shape_columns_;
  std::vector<std::uint64_t> shape_of_;
};

}  // namespace

bool append_attribute_lists(std::string& out, std::span<const Attribute> pool,
                            std::span<const std::uint32_t> list_ends, StringNumbering& strings) {
  return Encoder(pool, list_ends).write(out, strings);
}

bool read_attribute_lists(ByteReader& reader, std::size_t lists, StringResolver& strings,
                          const WantedKeys* wanted, std::vector<Attribute>& pool,
                          std::vector<std::uint32_t>& list_ends) {
  return Decoder(reader, strings, wanted).read(lists, pool, list_ends);
}

}  // namespace binnacle::trace
