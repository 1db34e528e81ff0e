#pragma once

#include <binnacle/attribute.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Sets of attributes as the identity of series: hashing and comparing what a caller passes without
// copying it, bringing it into normal form, and keeping it. Two sets are the same if they hold the
// same keys with the same values, in whatever order.

namespace binnacle::sdk {

/// Of the attributes as passed, in any order: permutations have the same hash. Never 0. Seeded per
/// process, since values come from outside. ~3 ns each.
std::uint64_t hash_attributes(const KeyValue* attributes, std::size_t count) noexcept;

/// Draws the seeds; once, before the first hash.
void seed_attribute_hash() noexcept;

/// Attributes that are kept: immutable, one block of memory, never freed. Values are text, integer,
/// double or boolean.
class AttributeSet {
 public:
  struct Item {
    const char* key;
    union {
      const char* text;
      std::int64_t bits;  ///< of an integer, double or boolean
    };
    std::uint32_t key_size;
    std::uint32_t text_size;
    AttributeKind kind;

    std::string_view key_view() const noexcept { return {key, key_size}; }
    /// Borrows from the set.
    KeyValue borrow() const noexcept;
  };

  /// Copies attributes without arrays. Null if memory lacks.
  static const AttributeSet* make(const KeyValue* attributes, std::size_t count,
                                  std::uint64_t hash) noexcept;

  std::uint64_t hash() const noexcept { return hash_; }
  std::size_t size() const noexcept { return count_; }
  const Item* begin() const noexcept { return reinterpret_cast<const Item*>(this + 1); }
  const Item* end() const noexcept { return begin() + count_; }
  /// Whether these are the same attributes in the same order.
  bool equals(const KeyValue* attributes, std::size_t count) const noexcept;

 private:
  AttributeSet(std::uint64_t hash, std::size_t count) noexcept : hash_(hash), count_(count) {}

  std::uint64_t hash_;
  std::size_t count_;
};

/// The normal form of what a caller passed: ascending keys, the last of several values of one key,
/// no empty keys, arrays as JSON text. On the stack; allocates for arrays only. Borrows.
class NormalAttributes {
 public:
  NormalAttributes(const KeyValue* attributes, std::size_t count);
  NormalAttributes(const NormalAttributes&) = delete;
  NormalAttributes& operator=(const NormalAttributes&) = delete;

  const KeyValue* data() const noexcept { return reinterpret_cast<const KeyValue*>(items_); }
  std::size_t size() const noexcept { return size_; }
  std::uint64_t hash() const noexcept { return hash_attributes(data(), size_); }
  /// Bytes of keys and texts.
  std::size_t text_bytes() const noexcept;
  /// Attributes past kMaxMetricAttributes.
  std::size_t dropped() const noexcept { return dropped_; }

  /// Keeps those whose key `keeps` says yes to.
  template <typename Keeps>
  void filter(Keeps keeps) noexcept {
    KeyValue* items = mutable_data();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (keeps(items[i].key)) items[kept++] = items[i];
    }
    size_ = kept;
  }

 private:
  static constexpr std::size_t kMaxItems = 64;

  KeyValue* mutable_data() noexcept { return reinterpret_cast<KeyValue*>(items_); }
  void insert(const KeyValue& attribute) noexcept;

  std::size_t size_ = 0;
  std::size_t dropped_ = 0;
  std::vector<std::string> arrays_;
  alignas(KeyValue) std::byte items_[kMaxItems * sizeof(KeyValue)];
};

}  // namespace binnacle::sdk
