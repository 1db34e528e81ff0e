// Query strings of Jaeger's search APIs: whatever comes in, the parsers neither crash nor let a
// search out of its limits.

#include "server/api/jaeger_search.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

constexpr binnacle::SearchRules kRules{.now_unix_ns = 1'700'000'000'000'000'000,
                                       .traces_limit = 1500};

void check(const binnacle::Result<binnacle::JaegerSearch>& search) {
  if (!search) {
    if (search.error().message.empty()) std::abort();
    return;
  }
  if (search->limit < 1 || search->limit > kRules.traces_limit) std::abort();
  if (search->start_unix_ns > search->end_unix_ns) std::abort();
  if (search->tags.size() > binnacle::kMaxSearchTags) std::abort();
  if (search->max_duration_ns != 0 && search->max_duration_ns < search->min_duration_ns) {
    std::abort();
  }
  const auto asked = binnacle::to_trace_search(*search);
  if (asked.selection.predicate.clauses.size() < search->tags.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = binnacle::parse_query(text);
  if (!query) return 0;
  check(binnacle::parse_search_v1(*query, kRules));
  check(binnacle::parse_search_v3(*query, kRules));
  (void)binnacle::check_trace_hints_v1(*query);
  (void)binnacle::check_trace_hints_v3(*query);
  return 0;
}
