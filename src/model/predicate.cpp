#include "model/predicate.h"

#include "model/packed_value.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace binnacle {
namespace {

std::string base64(std::string_view in) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < in.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = std::min<std::size_t>(3, in.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (k < have ? static_cast<unsigned char>(in[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out.push_back(k <= have ? kDigits[(group >> (18 - 6 * k)) & 0x3F] : '=');
    }
  }
  return out;
}

std::string number_text(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{}", v);
}

// Writes packed values as compact JSON. NaN and infinities become strings, bytes base64 strings, as
// in the protobuf JSON mapping.
class JsonText final : public PackedVisitor {
 public:
  explicit JsonText(std::string& out) : out_(out) {}
  void on_empty() override { put("null"); }
  void on_string(std::string_view text) override {
    separate();
    quoted(text);
  }
  void on_bool(bool v) override { put(v ? "true" : "false"); }
  void on_int(std::int64_t v) override { put(fmt::format("{}", v)); }
  void on_double(double v) override {
    if (std::isfinite(v)) {
      put(number_text(v));
    } else {
      on_string(number_text(v));
    }
  }
  void on_bytes(std::string_view data) override { on_string(base64(data)); }
  void on_array_begin(std::uint64_t) override { open('['); }
  void on_array_end() override { close(']'); }
  void on_map_begin(std::uint64_t) override { open('{'); }
  void on_key(std::string_view key) override {
    separate();
    quoted(key);
    out_.push_back(':');
    first_ = true;
  }
  void on_map_end() override { close('}'); }

 private:
  void separate() {
    if (!first_) out_.push_back(',');
    first_ = false;
  }
  void put(std::string_view text) {
    separate();
    out_.append(text);
  }
  void open(char c) {
    separate();
    out_.push_back(c);
    first_ = true;
  }
  void close(char c) {
    out_.push_back(c);
    first_ = false;
  }
  void quoted(std::string_view text) {
    out_.push_back('"');
    for (const char c : text) {
      if (c == '"' || c == '\\') {
        out_.push_back('\\');
        out_.push_back(c);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_.append(fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c))));
      } else {
        out_.push_back(c);
      }
    }
    out_.push_back('"');
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace

Predicate& Predicate::require(Comparison comparison) {
  clauses.push_back(Clause{std::move(comparison)});
  return *this;
}

std::string value_text(const StringTable& strings, Value value) {
  switch (value.type()) {
    case ValueType::kEmpty:
      return {};
    case ValueType::kString:
      return std::string(strings[value.as_string()]);
    case ValueType::kBool:
      return value.as_bool() ? "true" : "false";
    case ValueType::kInt:
      return fmt::format("{}", value.as_int());
    case ValueType::kDouble:
      return number_text(value.as_double());
    case ValueType::kBytes:
      return base64(strings[value.as_string()]);
    case ValueType::kArray:
    case ValueType::kMap:
      break;
  }
  std::string out;
  JsonText json(out);
  if (!visit_packed(strings[value.as_string()], json)) return {};
  return out;
}

}  // namespace binnacle
