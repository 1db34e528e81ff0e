#include "io/net/address.h"

#include "io/net/http.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

namespace binnacle {

bool is_loopback(std::string_view address) noexcept {
  if (equal_ignoring_case(address, "localhost")) return true;
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  char text[INET6_ADDRSTRLEN] = {};
  if (address.size() >= sizeof(text)) return false;
  std::memcpy(text, address.data(), address.size());
  in_addr v4{};
  if (inet_pton(AF_INET, text, &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text, &v6) != 1) return false;
  if (IN6_IS_ADDR_LOOPBACK(&v6)) return true;
  return IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127;
}

Result<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  std::string_view port;
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no host or host:port: {}", text, why));
  };
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return bad("']' is missing");
    result.host = text.substr(1, close - 1);
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return bad("only :port may follow ']'");
    if (!rest.empty()) port = rest.substr(1);
  } else {
    const std::size_t colon = text.rfind(':');
    if (text.find(':') != colon) return bad("write IPv6 addresses in brackets");
    result.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  if (result.host.empty()) return bad("the host is empty");
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
    if (error != std::errc{} || end != port.data() + port.size()) {
      return bad("the port must be 0 to 65535");
    }
  }
  return result;
}

}  // namespace binnacle
