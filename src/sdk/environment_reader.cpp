#include "sdk/environment_reader.h"

#include "sdk/environment_table.h"
#include "sdk/percent_encoding.h"
#include "sdk/w3c_headers.h"

#include <charconv>

namespace binnacle::sdk {

namespace {

// Enough to recognise the mistake by.
constexpr std::size_t kShownBytes = 80;

/// All of `text` as a number; nullopt if it is none.
template <typename T>
std::optional<T> parse(std::string_view text) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<SetVariable> EnvironmentReader::first_of(Names names) const {
  for (const std::string_view name : names) {
    SetVariable variable{std::string(name), {}};
    const std::optional<std::string> value = environment_.get(variable.name.c_str());
    if (!value) continue;
    variable.value = trim(*value);
    if (!variable.value.empty()) return variable;
  }
  return std::nullopt;
}

void EnvironmentReader::read_text(Names names, std::string& out) const {
  if (auto variable = first_of(names)) out = std::move(variable->value);
}

void EnvironmentReader::read_bool(Names names, bool& out) const {
  const auto variable = first_of(names);
  if (!variable) return;
  const std::string text = lowercase(variable->value);
  if (text == "true" || text == "1" || text == "yes" || text == "on") {
    out = true;
  } else if (text == "false" || text == "0" || text == "no" || text == "off") {
    out = false;
  } else {
    reject(*variable, "true or false");
  }
}

std::optional<double> EnvironmentReader::read_ratio(Names names) const {
  const auto variable = first_of(names);
  if (!variable) return std::nullopt;
  const auto number = parse<double>(variable->value);
  if (number && *number >= 0.0 && *number <= 1.0) return number;
  reject(*variable, "a number from 0 to 1");
  return std::nullopt;
}

void EnvironmentReader::read_number(Names names, double& out) const {
  const auto variable = first_of(names);
  if (!variable) return;
  const auto number = parse<double>(variable->value);
  if (number && *number >= 0.0 && *number < 1e9) {
    out = *number;
  } else {
    reject(*variable, "a number from 0");
  }
}

std::optional<std::uint64_t> EnvironmentReader::read_whole(Names names, std::uint64_t least,
                                                           std::uint64_t most) const {
  const auto variable = first_of(names);
  if (!variable) return std::nullopt;
  const auto number = parse<std::uint64_t>(variable->value);
  if (number && *number >= least && *number <= most) return number;
  reject(*variable, "a whole number from " + std::to_string(least));
  return std::nullopt;
}

bool EnvironmentReader::read_pairs(Names names, Pairs& out) const {
  const auto variable = first_of(names);
  if (!variable) return false;
  Pairs pairs;
  std::string_view list = variable->value;
  while (!list.empty()) {
    const std::string_view member = next_member(list);
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || trim(member.substr(0, equals)).empty()) {
      // Not the value itself: headers hold secrets.
      warn(variable->name + " has an entry that is not key=value; it is skipped");
      continue;
    }
    pairs.emplace_back(percent_decode(trim(member.substr(0, equals))),
                       percent_decode(trim(member.substr(equals + 1))));
  }
  out = std::move(pairs);
  return true;
}

void EnvironmentReader::warn(std::string_view message) const {
  if (std::find(said_.begin(), said_.end(), message) != said_.end()) return;
  said_.emplace_back(message);
  environment_.warn(message);
}

void EnvironmentReader::reject(const SetVariable& variable, std::string_view wanted) const {
  const Variable* known = find_variable(variable.name);
  const bool is_secret = known == nullptr || known->is_secret;
  std::string message = variable.name;
  if (!is_secret) message += "=" + excerpt(without_credentials(variable.value), kShownBytes);
  message.append(" is not ").append(wanted);
  if (known != nullptr && !known->default_value.empty()) {
    message.append("; the default ").append(known->default_value).append(" holds");
  } else {
    message.append("; it is ignored");
  }
  warn(message);
}

}  // namespace binnacle::sdk
