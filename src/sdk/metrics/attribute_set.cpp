#include "sdk/metrics/attribute_set.h"

#include <binnacle/metrics.h>

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace binnacle::sdk {

namespace {

__extension__ using Wide = unsigned __int128;

/// Multiplies and folds: every bit of either factor changes about half of the result's.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

struct Seeds {
  std::uint64_t key;
  std::uint64_t value;
};

/// Read on every unbound measurement. Constants until the registry is made, which is before
/// anything is hashed.
Seeds g_seeds{0x9E3779B97F4A7C15ULL, 0xD1B54A32D192ED03ULL};

template <typename T>
inline T load(const char* bytes) noexcept {
  T word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

/// A text as one word. Up to 16 bytes nothing is lost but the order of bits.
inline std::uint64_t word_of(std::string_view text) noexcept {
  const char* bytes = text.data();
  const std::size_t size = text.size();
  if (size >= 8) {
    std::uint64_t word = load<std::uint64_t>(bytes + size - 8);
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      word = std::rotl(word, 23) * 0x9FB21C651E98DF25ULL + load<std::uint64_t>(bytes + i);
    }
    return word;
  }
  if (size >= 4) {
    return std::uint64_t{load<std::uint32_t>(bytes)} << 32U | load<std::uint32_t>(bytes + size - 4);
  }
  if (size == 0) return 0;
  const auto byte = [bytes](std::size_t i) {
    return std::uint64_t{static_cast<unsigned char>(bytes[i])};
  };
  return byte(0) << 16U | byte(size / 2) << 8U | byte(size - 1);
}

inline std::int64_t bits_of(const AttributeValue& value) noexcept {
  return value.kind() == AttributeKind::kDouble ? std::bit_cast<std::int64_t>(value.real())
                                                : value.integer();
}

/// memcmp for texts that are mostly short: overlapping loads instead of a call.
[[gnu::always_inline]] inline bool is_same(const char* a, const char* b,
                                           std::size_t size) noexcept {
  const auto differ = [&](auto word, std::size_t from = 0) {
    using T = decltype(word);
    return (load<T>(a + from) ^ load<T>(b + from)) |
           (load<T>(a + size - sizeof(T) - from) ^ load<T>(b + size - sizeof(T) - from));
  };
  if (size >= 8) {
    if (size <= 16) return differ(std::uint64_t{}) == 0;
    if (size <= 32) return (differ(std::uint64_t{}) | differ(std::uint64_t{}, 8)) == 0;
    return std::memcmp(a, b, size) == 0;
  }
  if (size >= 4) return differ(std::uint32_t{}) == 0;
  if (size == 0) return true;
  return a[0] == b[0] && a[size - 1] == b[size - 1] && a[size / 2] == b[size / 2];
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string array_text(const AttributeValue& array) {
  std::string out = "[";
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i > 0) out += ',';
    switch (array.kind()) {
      case AttributeKind::kStringArray:
        append_json(out, array.string_at(i));
        break;
      case AttributeKind::kIntArray:
        out += std::to_string(array.integer_at(i));
        break;
      case AttributeKind::kDoubleArray: {
        char number[32];
        std::snprintf(number, sizeof number, "%.17g", array.real_at(i));
        out += std::isfinite(array.real_at(i)) ? number : "null";
        break;
      }
      default:
        out += array.boolean_at(i) ? "true" : "false";
    }
  }
  return out + "]";
}

bool is_array(AttributeKind kind) noexcept { return kind >= AttributeKind::kStringArray; }

}  // namespace

void seed_attribute_hash() noexcept {
  Seeds random{};
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof random)) {
    return;  // before the kernel's pool is ready; the constants do
  }
  g_seeds.key ^= random.key;
  g_seeds.value ^= random.value;
}

std::uint64_t hash_attributes(const KeyValue* attributes, std::size_t count) noexcept {
  std::uint64_t hash = count;
  for (std::size_t i = 0; i < count; ++i) {
    const KeyValue& attribute = attributes[i];
    const AttributeKind kind = attribute.value.kind();
    const std::uint64_t value = kind == AttributeKind::kString
                                    ? word_of(attribute.value.string())
                                    : static_cast<std::uint64_t>(bits_of(attribute.value));
    // Added up, so that the order does not matter and the products overlap in time.
    const std::uint64_t key = word_of(attribute.key) + attribute.key.size() * 0xD6E8FEB86659FD93ULL;
    hash += mix(key ^ g_seeds.key, (value + attribute.value.size()) ^ g_seeds.value);
  }
  hash ^= hash >> 32U;
  return hash != 0 ? hash : 1;
}

KeyValue AttributeSet::Item::borrow() const noexcept {
  switch (kind) {
    case AttributeKind::kString:
      return {key_view(), std::string_view(text, text_size)};
    case AttributeKind::kDouble:
      return {key_view(), std::bit_cast<double>(bits)};
    case AttributeKind::kBool:
      return {key_view(), bits != 0};
    default:
      return {key_view(), bits};
  }
}

const AttributeSet* AttributeSet::make(const KeyValue* attributes, std::size_t count,
                                       std::uint64_t hash) noexcept {
  std::size_t text_bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    text_bytes += attributes[i].key.size();
    if (attributes[i].value.kind() == AttributeKind::kString) {
      text_bytes += attributes[i].value.size();
    }
  }
  void* memory = std::malloc(sizeof(AttributeSet) + count * sizeof(Item) + text_bytes);
  if (memory == nullptr) return nullptr;
  auto* set = new (memory) AttributeSet(hash, count);
  auto* items = reinterpret_cast<Item*>(set + 1);
  char* texts = reinterpret_cast<char*>(items + count);
  const auto keep = [&texts](std::string_view text) {
    if (!text.empty()) std::memcpy(texts, text.data(), text.size());
    texts += text.size();
    return texts - text.size();
  };
  for (std::size_t i = 0; i < count; ++i) {
    const AttributeValue& value = attributes[i].value;
    Item& item = *new (items + i) Item;
    item.kind = value.kind();
    item.key = keep(attributes[i].key);
    item.key_size = static_cast<std::uint32_t>(attributes[i].key.size());
    item.text_size = static_cast<std::uint32_t>(value.size());
    if (item.kind == AttributeKind::kString) {
      item.text = keep(value.string());
    } else {
      item.bits = bits_of(value);
    }
  }
  return set;
}

bool AttributeSet::equals(const KeyValue* attributes, std::size_t count) const noexcept {
  if (count != count_) return false;
  const Item* item = begin();
  for (std::size_t i = 0; i < count; ++i, ++item) {
    const KeyValue& attribute = attributes[i];
    const AttributeValue& value = attribute.value;
    if (item->key_size != attribute.key.size() || item->kind != value.kind() ||
        !is_same(item->key, attribute.key.data(), item->key_size)) {
      return false;
    }
    if (item->kind == AttributeKind::kString) {
      if (item->text_size != value.size() ||
          !is_same(item->text, value.string().data(), item->text_size)) {
        return false;
      }
    } else if (item->bits != bits_of(value)) {
      return false;
    }
  }
  return true;
}

NormalAttributes::NormalAttributes(const KeyValue* attributes, std::size_t count) {
  static_assert(kMaxItems == kMaxMetricAttributes);
  for (std::size_t i = 0; i < count; ++i) {
    const KeyValue& attribute = attributes[i];
    if (attribute.key.empty()) continue;
    if (is_array(attribute.value.kind())) {
      // Texts must not move: values point at them.
      if (arrays_.empty()) arrays_.reserve(kMaxItems);
      if (arrays_.size() == kMaxItems) {
        ++dropped_;
        continue;
      }
      arrays_.push_back(array_text(attribute.value));
      insert({attribute.key, std::string_view(arrays_.back())});
    } else {
      insert(attribute);
    }
  }
}

/// Few, and mostly in order already: an insertion sort.
void NormalAttributes::insert(const KeyValue& attribute) noexcept {
  KeyValue* items = mutable_data();
  std::size_t at = size_;
  while (at > 0 && attribute.key < items[at - 1].key) --at;
  if (at > 0 && items[at - 1].key == attribute.key) {
    items[at - 1].value = attribute.value;
    return;
  }
  if (size_ == kMaxItems) {
    ++dropped_;
    return;
  }
  for (std::size_t i = size_; i > at; --i) items[i] = items[i - 1];
  items[at] = attribute;
  ++size_;
}

std::size_t NormalAttributes::text_bytes() const noexcept {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    bytes += data()[i].key.size();
    if (data()[i].value.kind() == AttributeKind::kString) bytes += data()[i].value.size();
  }
  return bytes;
}

}  // namespace binnacle::sdk
