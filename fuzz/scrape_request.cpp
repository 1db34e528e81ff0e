#include "sdk/scrape/scrape_request.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// The head of a scrape, whatever it is, is read within its bounds and gets one of our answers.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace binnacle::sdk;
  const std::string_view received(reinterpret_cast<const char*>(data), size);
  const std::size_t end = scrape_head_end(received);
  const std::string_view head = received.substr(0, end);
  for (const bool requires_local_host : {true, false}) {
    const ScrapeRequest request =
        read_scrape_request(head, {.path = "/metrics", .requires_local_host = requires_local_host});
    const bool is_known = request.status == 200 || request.status == 400 || request.status == 403 ||
                          request.status == 404 || request.status == 405;
    if (!is_known || (request.status == 200) != request.problem.empty()) std::abort();
    if (!scrape_answer_head(request, 1, false).ends_with("\r\n\r\n")) std::abort();
  }
  return 0;
}
