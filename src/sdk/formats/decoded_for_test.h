#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Test support: what the server's decoders make of a body. Apart from the SDK's side of a test,
// because the model and the public API have types of the same names.
//
//   const Decoded spans = Decoded::from(Format::kZipkin, body);
//   EXPECT_EQ(spans.attribute(0, "k"), "v");

namespace binnacle {
struct DecodedSpans;
}  // namespace binnacle

namespace binnacle::sdk {

enum class Format : std::uint8_t { kOtlpProtobuf, kOtlpJson, kJaeger, kZipkin, kDatadog };

/// What a format keeps.
struct Fidelity {
  bool has_links = true;
  bool has_event_attributes = true;
  bool has_trace_state = true;
  bool has_value_types = true;  ///< numbers and booleans are not text
  bool has_integers = true;     ///< integers are no doubles
  std::uint64_t time_unit_ns = 1;
  std::uint64_t least_duration = 0;  ///< in units
};

class Decoded {
 public:
  /// Fails the test if the body is not good to the last span.
  static Decoded from(Format format, const std::string& body);

  std::size_t size() const;
  /// The value's text; "(absent)", or "(twice)".
  std::string attribute(std::size_t i, std::string_view key) const;
  std::string resource_attribute(std::size_t i, std::string_view key) const;
  std::string name(std::size_t i) const;
  std::string service(std::size_t i) const;
  std::string scope(std::size_t i) const;
  /// Numbers as in OTLP.
  int kind(std::size_t i) const;
  int status(std::size_t i) const;
  std::string status_message(std::size_t i) const;
  std::string trace_id(std::size_t i) const;
  std::string parent(std::size_t i) const;
  std::string trace_state(std::size_t i) const;
  std::uint64_t start_unix_ns(std::size_t i) const;
  std::uint64_t duration_ns(std::size_t i) const;
  std::vector<std::string> event_names(std::size_t i) const;
  /// Span ids.
  std::vector<std::string> links(std::size_t i) const;

  /// Everything there is.
  std::string text() const;
  /// Each span as text, as far as a format keeps it; sorted.
  std::vector<std::string> texts(const Fidelity& fidelity) const;

 private:
  std::shared_ptr<const DecodedSpans> spans_;
};

}  // namespace binnacle::sdk
