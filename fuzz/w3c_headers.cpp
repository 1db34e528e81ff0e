#include <binnacle/propagation.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

// Header values from anybody: traceparent, tracestate and baggage, one per line of the input. What
// is accepted must come out of the writer so that it is accepted again, unchanged.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string_view lines[3];
  for (std::string_view& line : lines) {
    const std::size_t end = rest.find('\n');
    line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  const binnacle::Context context = binnacle::extract_trace_context(lines[0], lines[1], lines[2]);
  std::map<std::string, std::string> headers;
  binnacle::add_trace_context_to_headers(headers, context);
  if (headers.empty()) return 0;
  const binnacle::Context again = binnacle::extract_trace_context(headers);
  if (again.is_valid() != context.is_valid() ||
      again.span_context().trace_id != context.span_context().trace_id ||
      again.span_context().span_id != context.span_context().span_id ||
      again.span_context().flags != context.span_context().flags ||
      again.baggage_header() != context.baggage_header() ||
      (context.is_valid() && again.trace_state() != context.trace_state())) {
    std::abort();
  }
  // Whatever is set as a value, what comes out is a header that is accepted.
  const binnacle::Context more = again.with_baggage("key", rest);
  const binnacle::Context read = binnacle::extract_trace_context({}, {}, more.baggage_header());
  if (read.baggage_header() != more.baggage_header()) std::abort();
  return 0;
}
