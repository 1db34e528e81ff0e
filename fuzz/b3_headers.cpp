#include "fuzz/header_lines.h"

// Headers of B3, from anybody.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lines = binnacle::fuzz::read_header_lines(data, size);
  binnacle::fuzz::check_format(binnacle::PropagatorKind::kB3, lines);
  binnacle::fuzz::check_format(binnacle::PropagatorKind::kB3Multi, lines);
  return 0;
}
