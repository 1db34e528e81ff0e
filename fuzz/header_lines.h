#pragma once

#include <binnacle/propagation.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the fuzz targets of header formats have in common: the input is header lines, "name:value".
// What is accepted must come out of the writer so that it is accepted again, unchanged.

namespace binnacle::fuzz {

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

inline Headers read_header_lines(const std::uint8_t* data, std::size_t size) {
  Headers headers;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  return headers;
}

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Reads the lines as `kind`, writes what they say and reads that again.
inline void check_format(PropagatorKind kind, const Headers& lines) {
  const Context context = extract(kind, lines);
  const SpanContext& ids = context.span_context();
  require(ids.trace_id.is_valid() == ids.span_id.is_valid());
  std::vector<std::pair<std::string, std::string>> headers;
  inject(kind, headers, context);
  for (const auto& [name, value] : headers) {
    for (const char c : name + value) require(c >= 0x20 || c == '\t');  // no header may be split
  }
  const Context again = extract(kind, headers);
  const SpanContext& read = again.span_context();
  require(read.trace_id == ids.trace_id && read.span_id == ids.span_id);
  require(read.flags == ids.flags && read.is_deferred == ids.is_deferred);
  require(again.trace_state() == context.trace_state());
}

}  // namespace binnacle::fuzz
