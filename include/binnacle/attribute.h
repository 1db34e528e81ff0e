#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

// Attribute values as OpenTelemetry defines them: a string, an integer, a double, a boolean, or an
// array of one of these. `AttributeValue` borrows: it points at the caller's memory and lives only
// for the call it is passed to. The SDK copies what it records. Immutable.
//
//   span.set_attributes({{"llm.model", model}, {"llm.tokens", 1234}, {"llm.cached", true}});

namespace binnacle {
inline namespace v1 {

/// What an AttributeValue holds.
enum class AttributeKind : std::uint8_t {
  kString,
  kInt,
  kDouble,
  kBool,
  kStringArray,
  kIntArray,
  kDoubleArray,
  kBoolArray,
};

namespace detail {

template <typename T>
using RemoveCvRef = std::remove_cv_t<std::remove_reference_t<T>>;

template <typename T, typename = void>
struct IsContiguous : std::false_type {};
template <typename T>
struct IsContiguous<T, std::void_t<decltype(std::declval<const T&>().data()),
                                   decltype(std::declval<const T&>().size())>> : std::true_type {};

template <typename T>
inline constexpr bool kIsText = std::is_convertible_v<const T&, std::string_view>;

template <typename T>
std::string_view text_element(const void* array, std::size_t index) {
  return static_cast<const T*>(array)[index];
}

}  // namespace detail

/// A borrowed attribute value. Implicitly made from text (anything convertible to
/// std::string_view), any integer type (unsigned values above INT64_MAX wrap, as OTLP has only
/// signed ones), floating point, bool, and contiguous containers (data() and size()) of text,
/// std::int64_t, double or bool.
class AttributeValue {
 public:
  /// Element `index` of a string array; the array's element type is behind the pointer.
  using TextElement = std::string_view (*)(const void* array, std::size_t index);

  template <typename T, std::enable_if_t<detail::kIsText<T>, int> = 0>
  AttributeValue(const T& text) noexcept  // NOLINT(google-explicit-constructor)
      : kind_(AttributeKind::kString) {
    const std::string_view view = as_text(text);
    value_.pointer = view.data();
    size_ = view.size();
  }

  template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  AttributeValue(T value) noexcept {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_same_v<T, bool>) {
      kind_ = AttributeKind::kBool;
      value_.integer = value ? 1 : 0;
    } else if constexpr (std::is_floating_point_v<T>) {
      kind_ = AttributeKind::kDouble;
      value_.real = static_cast<double>(value);
    } else {
      kind_ = AttributeKind::kInt;
      value_.integer = static_cast<std::int64_t>(value);
    }
  }

  template <typename T,
            std::enable_if_t<!detail::kIsText<T> && detail::IsContiguous<T>::value, int> = 0>
  AttributeValue(const T& array) noexcept  // NOLINT(google-explicit-constructor)
      : size_(array.size()) {
    using Element = detail::RemoveCvRef<decltype(*array.data())>;
    value_.pointer = array.data();
    if constexpr (detail::kIsText<Element>) {
      kind_ = AttributeKind::kStringArray;
      text_ = &detail::text_element<Element>;
    } else if constexpr (std::is_same_v<Element, bool>) {
      kind_ = AttributeKind::kBoolArray;
    } else if constexpr (std::is_same_v<Element, double>) {
      kind_ = AttributeKind::kDoubleArray;
    } else {
      static_assert(std::is_integral_v<Element> && sizeof(Element) == sizeof(std::int64_t),
                    "attribute arrays hold text, 64-bit integers, double or bool");
      kind_ = AttributeKind::kIntArray;
    }
  }

  AttributeKind kind() const noexcept { return kind_; }
  /// Number of elements of an array; number of bytes of a string.
  std::size_t size() const noexcept { return size_; }
  std::string_view string() const noexcept {
    return {static_cast<const char*>(value_.pointer), size_};
  }
  std::int64_t integer() const noexcept { return value_.integer; }
  double real() const noexcept { return value_.real; }
  bool boolean() const noexcept { return value_.integer != 0; }
  std::string_view string_at(std::size_t index) const noexcept {
    return text_(value_.pointer, index);
  }
  std::int64_t integer_at(std::size_t index) const noexcept {
    return static_cast<const std::int64_t*>(value_.pointer)[index];
  }
  double real_at(std::size_t index) const noexcept {
    return static_cast<const double*>(value_.pointer)[index];
  }
  bool boolean_at(std::size_t index) const noexcept {
    return static_cast<const bool*>(value_.pointer)[index];
  }

 private:
  template <typename T>
  static std::string_view as_text(const T& text) noexcept {
    if constexpr (std::is_pointer_v<T>) {  // a null char pointer is an empty string, not a crash
      return text == nullptr ? std::string_view() : std::string_view(text);
    } else {
      return text;
    }
  }

  union {
    std::int64_t integer;
    double real;
    const void* pointer;
  } value_ = {};
  std::size_t size_ = 0;
  TextElement text_ = nullptr;
  AttributeKind kind_ = AttributeKind::kInt;
};

/// One attribute, borrowed.
struct KeyValue {
  std::string_view key;
  AttributeValue value;
};

}  // namespace v1
}  // namespace binnacle
