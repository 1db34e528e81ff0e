#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// The HTTP of a scrape: reads one request head and decides what to answer with. Pure functions; no
// I/O. Sources: RFC 9110 and 9112; OpenMetrics 1.0, "Negotiation".

namespace binnacle::sdk {

/// Longest request head that is read. Prometheus sends about 400 bytes; proxies add some hundred.
inline constexpr std::size_t kScrapeHeadLimitBytes = std::size_t{8} << 10U;

enum class ScrapeFormat : std::uint8_t { kText, kOpenMetrics };

/// What the head asks for. `status` is 200 if it can be answered with metrics; otherwise the rest,
/// but `keeps_alive`, means nothing and `problem` is the text to answer with.
struct ScrapeRequest {
  int status = 200;
  std::string problem;
  ScrapeFormat format = ScrapeFormat::kText;
  bool is_head = false;
  bool accepts_gzip = false;
  bool keeps_alive = false;
};

struct ScrapeRules {
  /// The one path that is served.
  std::string path = "/metrics";
  /// True: the Host header must name this machine. A page in a browser that was led here by a name
  /// of its own making (DNS rebinding) sends that name.
  bool requires_local_host = true;
};

/// Where the head ends (behind the empty line), or npos if it is not complete.
std::size_t scrape_head_end(std::string_view received) noexcept;

/// Reads a complete head.
ScrapeRequest read_scrape_request(std::string_view head, const ScrapeRules& rules);

/// The answer's status line and headers. `body_bytes` is what the body has or, for HEAD, would
/// have.
std::string scrape_answer_head(const ScrapeRequest& request, std::size_t body_bytes, bool is_gzip);

}  // namespace binnacle::sdk
