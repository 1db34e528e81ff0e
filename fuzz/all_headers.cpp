#include "fuzz/header_lines.h"
#include "sdk/propagators.h"

// All formats together, in an order that the first byte of the input chooses.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using binnacle::PropagatorKind;
  if (size == 0) return 0;
  constexpr PropagatorKind kKinds[] = {PropagatorKind::kTraceContext, PropagatorKind::kBaggage,
                                       PropagatorKind::kB3,           PropagatorKind::kB3Multi,
                                       PropagatorKind::kJaeger,       PropagatorKind::kDatadog};
  binnacle::detail::Propagators propagators;
  for (std::size_t i = 0; i < 6; ++i) propagators.add({.kind = kKinds[(data[0] + i) % 6]});
  const auto lines = binnacle::fuzz::read_header_lines(data + 1, size - 1);
  const binnacle::Context context = binnacle::detail::extract_context(propagators, lines);
  std::vector<std::pair<std::string, std::string>> headers;
  binnacle::detail::inject_into(propagators, context, headers);
  const binnacle::Context again = binnacle::detail::extract_context(propagators, headers);
  binnacle::fuzz::require(again.is_valid() == context.is_valid());
  binnacle::fuzz::require(again.span_context().trace_id == context.span_context().trace_id);
  binnacle::fuzz::require(again.span_context().span_id == context.span_context().span_id);
  return 0;
}
