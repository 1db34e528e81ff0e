#pragma once

#include "sdk/environment.h"
#include "sdk/text.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Reads single environment variables: typed, and with one warning for a value that makes no sense.
// Where several names say the same thing, the first that is set counts. Thread-confined, short
// lived.

namespace binnacle::sdk {

/// A variable that is set, and its value without spaces at both ends.
struct SetVariable {
  std::string name;
  std::string value;
};

class EnvironmentReader {
 public:
  using Names = std::initializer_list<std::string_view>;
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  explicit EnvironmentReader(const Environment& environment) : environment_(environment) {}

  std::optional<SetVariable> first_of(Names names) const;
  bool is_any_set(Names names) const { return first_of(names).has_value(); }
  void read_text(Names names, std::string& out) const;
  void read_bool(Names names, bool& out) const;
  std::optional<double> read_ratio(Names names) const;
  /// A number from 0 that is no larger than makes sense.
  void read_number(Names names, double& out) const;
  /// A whole number from `least` up to what T and 2^53 hold. True if `out` was set.
  template <typename T>
  bool read_count(Names names, T& out, std::uint64_t least) const {
    constexpr std::uint64_t kMost =
        std::min<std::uint64_t>(std::numeric_limits<T>::max(), std::uint64_t{1} << 53U);
    const std::optional<std::uint64_t> number = read_whole(names, least, kMost);
    if (number) out = static_cast<T>(*number);
    return number.has_value();
  }
  /// key=value,key=value with percent-encoded values, as W3C Baggage has it. False if unset.
  bool read_pairs(Names names, Pairs& out) const;

  /// Says that a value is not `wanted`, and what holds instead.
  void reject(const SetVariable& variable, std::string_view wanted) const;
  /// Passes a message on, once.
  void warn(std::string_view message) const;

 private:
  std::optional<std::uint64_t> read_whole(Names names, std::uint64_t least,
                                          std::uint64_t most) const;

  const Environment& environment_;
  mutable std::vector<std::string> said_;
};

}  // namespace binnacle::sdk
