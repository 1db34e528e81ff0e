#include "base/check.h"
#include "io/net/http_parser.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Requests as HttpConnection reads them: the first byte says how many bytes arrive at a time. What
// comes out must not depend on that.

namespace {

using namespace binnacle;

constexpr std::uint32_t kHeaderLimitBytes = 4096;
constexpr std::uint64_t kBodyLimitBytes = 10'000;

struct Parsed {
  ParseRefusal refusal = ParseRefusal::kNone;
  bool done = false;
  std::string target;
  std::string body;
  std::size_t fields = 0;
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

Parsed parse(std::string_view input, std::size_t step) {
  MemoryBudget budget("fuzz", 1 << 20);
  HttpRequestParser parser(kHeaderLimitBytes, &budget);
  parser.set_body_limit(kBodyLimitBytes);
  std::size_t begin = 0;
  std::size_t end = 0;
  while (!parser.is_done() && parser.refusal() == ParseRefusal::kNone) {
    const std::size_t used = parser.parse(input.substr(begin, end - begin));
    begin += used;
    if (used > 0 && begin < end) continue;
    if (end == input.size()) break;
    end = std::min(input.size(), end + step);
  }
  BINNACLE_CHECK(parser.request.body.size() <= kBodyLimitBytes, "the body limit holds");
  BINNACLE_CHECK(parser.request.headers.fields().size() <= kMaxHeaderFields, "fields are bounded");
  return {parser.refusal(), parser.is_done(), parser.request.target, parser.request.body,
          parser.request.headers.fields().size()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Parsed whole = parse(input, input.size() + 1);
  const Parsed pieces = parse(input, std::size_t{data[0]} + 1);
  // A request that is refused may have got further before in one case; a good one is the same.
  BINNACLE_CHECK(whole.done == pieces.done, "arrival does not decide about completeness");
  if (whole.done) BINNACLE_CHECK(whole == pieces, "arrival does not change the request");
  return 0;
}
