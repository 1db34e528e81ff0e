#include "sdk/scrape/scrape_request.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kTextType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Cuts the text up to the next `separator` off the front of `list`.
std::string_view next_of(std::string_view& list, char separator) noexcept {
  const std::size_t at = list.find(separator);
  const std::string_view part = list.substr(0, at);
  list = at == std::string_view::npos ? std::string_view() : list.substr(at + 1);
  return trimmed(part);
}

/// One member of Accept or Accept-Encoding: a name, and how much it is wanted.
struct Preference {
  std::string_view name;
  double weight = 1.0;
};

/// RFC 9110 12.4.2; a weight that is none counts as not wanted.
Preference next_preference(std::string_view& list) noexcept {
  std::string_view member = next_of(list, ',');
  Preference found{.name = next_of(member, ';')};
  while (!member.empty()) {
    std::string_view parameter = next_of(member, ';');
    if (!equals_ignoring_case(next_of(parameter, '='), "q")) continue;
    const std::string_view text = trimmed(parameter);
    const auto [stop, failed] =
        std::from_chars(text.data(), text.data() + text.size(), found.weight);
    if (failed != std::errc{} || stop != text.data() + text.size()) found.weight = 0;
  }
  return found;
}

bool wants_open_metrics(std::string_view accept) noexcept {
  double open_metrics = 0;
  double text = 0;
  while (!accept.empty()) {
    const Preference one = next_preference(accept);
    if (equals_ignoring_case(one.name, "application/openmetrics-text")) {
      open_metrics = std::max(open_metrics, one.weight);
    } else if (equals_ignoring_case(one.name, "text/plain")) {
      text = std::max(text, one.weight);
    }
  }
  return open_metrics > 0 && open_metrics >= text;
}

bool wants_gzip(std::string_view accept_encoding) noexcept {
  while (!accept_encoding.empty()) {
    const Preference one = next_preference(accept_encoding);
    if (equals_ignoring_case(one.name, "gzip")) return one.weight > 0;
  }
  return false;
}

bool is_local_host(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    host = host.substr(0, host.find(']') + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  return equals_ignoring_case(host, "localhost") || host == "[::1]" || host.starts_with("127.");
}

struct Headers {
  std::string_view accept;
  std::string_view accept_encoding;
  std::string_view host;
  std::string_view connection;
  bool has_body = false;
};

std::optional<Headers> read_headers(std::string_view lines) noexcept {
  Headers headers;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 2);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    // Space before the colon, and folded lines, have been used for smuggling (RFC 9112 5).
    if (colon == std::string_view::npos || colon == 0 || line[colon - 1] == ' ' || line[0] == ' ' ||
        line[0] == '\t') {
      return std::nullopt;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (equals_ignoring_case(name, "accept")) headers.accept = value;
    if (equals_ignoring_case(name, "accept-encoding")) headers.accept_encoding = value;
    if (equals_ignoring_case(name, "host")) headers.host = value;
    if (equals_ignoring_case(name, "connection")) headers.connection = value;
    if (equals_ignoring_case(name, "transfer-encoding")) headers.has_body = true;
    if (equals_ignoring_case(name, "content-length") && value != "0") headers.has_body = true;
  }
  return headers;
}

ScrapeRequest refuse(int status, std::string problem) {
  ScrapeRequest request;
  request.status = status;
  request.problem = std::move(problem);
  request.problem += '\n';
  return request;
}

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Bad Request";
  }
}

}  // namespace

std::size_t scrape_head_end(std::string_view received) noexcept {
  const std::size_t end = received.find("\r\n\r\n");
  return end == std::string_view::npos ? end : end + 4;
}

ScrapeRequest read_scrape_request(std::string_view head, const ScrapeRules& rules) {
  const std::size_t end = head.find("\r\n");
  std::string_view line = head.substr(0, end);
  const std::string_view method = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(method.size() + 1, line.size()));
  const std::string_view target = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(target.size() + 1, line.size()));
  const bool is_http_1_0 = line == "HTTP/1.0";
  if (method.empty() || target.empty() || (line != "HTTP/1.1" && !is_http_1_0) ||
      end == std::string_view::npos) {
    return refuse(400, "this is not an HTTP/1.1 request");
  }
  const std::optional<Headers> headers = read_headers(head.substr(end + 2));
  if (!headers) return refuse(400, "a header line is malformed");
  if (headers->has_body) return refuse(400, "a scrape has no body");
  if (rules.requires_local_host && !is_local_host(headers->host)) {
    return refuse(403, "the Host header must name this machine (localhost, 127.0.0.1 or [::1])");
  }
  ScrapeRequest request;
  if (method != "GET" && method != "HEAD") {
    request = refuse(405, "use GET");
  } else if (target.substr(0, target.find('?')) != rules.path) {
    request = refuse(404, "metrics are at " + rules.path);
  }
  request.is_head = method == "HEAD";
  request.format =
      wants_open_metrics(headers->accept) ? ScrapeFormat::kOpenMetrics : ScrapeFormat::kText;
  request.accepts_gzip = wants_gzip(headers->accept_encoding);
  request.keeps_alive = is_http_1_0 ? false : !equals_ignoring_case(headers->connection, "close");
  return request;
}

std::string scrape_answer_head(const ScrapeRequest& request, std::size_t body_bytes, bool is_gzip) {
  std::string head = "HTTP/1.1 " + std::to_string(request.status) + " ";
  head.append(reason_of(request.status)).append("\r\ncontent-type: ");
  if (request.status != 200) {
    head += "text/plain; charset=utf-8";
  } else {
    head += request.format == ScrapeFormat::kOpenMetrics ? kOpenMetricsType : kTextType;
  }
  head += "\r\ncontent-length: " + std::to_string(body_bytes) + "\r\nvary: accept, accept-encoding";
  if (is_gzip) head += "\r\ncontent-encoding: gzip";
  if (request.status == 405) head += "\r\nallow: GET, HEAD";
  if (!request.keeps_alive) head += "\r\nconnection: close";
  head += "\r\n\r\n";
  return head;
}

}  // namespace binnacle::sdk
