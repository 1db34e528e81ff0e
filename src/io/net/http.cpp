#include "io/net/http.h"

#include "base/check.h"
#include "base/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace binnacle {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends `text` unescaped to `out`; returns the offset of a broken escape or npos.
std::size_t append_decoded(std::string_view text, bool plus_is_space, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (c != '%') {
      out.push_back(c);
    } else {
      const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return i;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return std::string_view::npos;
}

std::unexpected<Error> broken_escape(std::string_view what, std::size_t offset,
                                     std::string_view text) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: '{}' at byte {} is no %XX escape; write a literal % as %25", what,
                          text.substr(offset, 3), offset));
}

/// RFC 9110, section 15.
constexpr std::pair<int, std::string_view> kReasonPhrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

}  // namespace

std::string_view to_string(HttpMethod method) noexcept {
  constexpr std::array<std::string_view, 7> kNames{"GET",   "HEAD",   "POST",   "PUT",
                                                   "PATCH", "DELETE", "OPTIONS"};
  return kNames[static_cast<std::size_t>(method)];
}

std::string_view reason_phrase(int status) noexcept {
  const auto* const found = std::find_if(std::begin(kReasonPhrases), std::end(kReasonPhrases),
                                         [&](const auto& entry) { return entry.first == status; });
  return found == std::end(kReasonPhrases) ? "Unknown" : found->second;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return ascii_lower(x) == ascii_lower(y);
         });
}

void HttpHeaders::add(std::string_view name, std::string_view value) {
  fields_.push_back({std::string(name), std::string(value)});
}

void HttpHeaders::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void HttpHeaders::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& f) { return equal_ignoring_case(f.name, name); });
}

std::string_view HttpHeaders::get(std::string_view name) const noexcept {
  for (const Field& field : fields_) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

bool HttpHeaders::has(std::string_view name) const noexcept {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const Field& f) { return equal_ignoring_case(f.name, name); });
}

std::optional<std::string_view> QueryParameters::get(std::string_view name) const noexcept {
  for (const Entry& entry : entries_) {
    if (entry.first == name) return entry.second;
  }
  return std::nullopt;
}

std::vector<std::string_view> QueryParameters::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Entry& entry : entries_) {
    if (entry.first == name) values.emplace_back(entry.second);
  }
  return values;
}

void QueryParameters::add(std::string name, std::string value) {
  entries_.emplace_back(std::move(name), std::move(value));
}

Result<QueryParameters> parse_query(std::string_view text) {
  QueryParameters parameters;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('&', begin), text.size());
    const std::string_view piece = text.substr(begin, end - begin);
    if (!piece.empty()) {
      if (parameters.entries().size() == kMaxQueryParameters) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("query: more than {} parameters", kMaxQueryParameters));
      }
      const std::size_t equals = std::min(piece.find('='), piece.size());
      std::string name;
      std::string value;
      if (const std::size_t bad = append_decoded(piece.substr(0, equals), true, name);
          bad != std::string_view::npos) {
        return broken_escape("query", begin + bad, text);
      }
      const std::size_t value_at = std::min(equals + 1, piece.size());
      if (const std::size_t bad = append_decoded(piece.substr(value_at), true, value);
          bad != std::string_view::npos) {
        return broken_escape("query", begin + value_at + bad, text);
      }
      parameters.add(std::move(name), std::move(value));
    }
    begin = end + 1;
  }
  return parameters;
}

Result<std::string> decode_percent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (const std::size_t bad = append_decoded(text, false, out); bad != std::string_view::npos) {
    return broken_escape("path", bad, text);
  }
  return out;
}

std::string encode_percent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHexDigits[byte >> 4]);
    out.push_back(kHexDigits[byte & 15]);
  }
  return out;
}

std::string media_type(std::string_view content_type) {
  std::string_view text = content_type.substr(0, content_type.find(';'));
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), ascii_lower);
  return out;
}

std::string_view HttpRequest::path_parameter(std::string_view name) const noexcept {
  return path_parameters.get(name).value_or(std::string_view{});
}

HttpResponse HttpResponse::with_type(int status, std::string_view content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", content_type);
  response.body = std::move(body);
  return response;
}

HttpResponse HttpResponse::text(int status, std::string body) {
  return with_type(status, "text/plain; charset=utf-8", std::move(body));
}

HttpResponse HttpResponse::json(int status, std::string body) {
  return with_type(status, "application/json", std::move(body));
}

HttpResponse HttpResponse::empty(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

HttpResponse& HttpResponse::header(std::string_view name, std::string_view value) & {
  headers.set(name, value);
  return *this;
}

HttpResponse&& HttpResponse::header(std::string_view name, std::string_view value) && {
  headers.set(name, value);
  return std::move(*this);
}

int http_status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kCancelled:
      return 499;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kOutOfRange:
      return 400;
    case ErrorCode::kDeadlineExceeded:
      return 504;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
      return 409;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kResourceExhausted:
      return 429;
    case ErrorCode::kFailedPrecondition:
      return 400;
    case ErrorCode::kUnimplemented:
      return 501;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kUnauthenticated:
      return 401;
    case ErrorCode::kInternal:
    case ErrorCode::kDataLoss:
      return 500;
  }
  return 500;
}

std::string retry_after_seconds(std::int64_t retry_after_ns) {
  const std::int64_t seconds = (retry_after_ns + kNanosPerSecond - 1) / kNanosPerSecond;
  return std::to_string(std::max<std::int64_t>(seconds, 1));
}

HttpResponder& HttpResponder::operator=(HttpResponder&& other) noexcept {
  if (this != &other) {
    HttpResponder abandoned(std::move(*this));
    sink_ = std::exchange(other.sink_, nullptr);
  }
  return *this;
}

HttpResponder::~HttpResponder() {
  if (sink_) send(HttpResponse::text(500, "the request was dropped without an answer\n"));
}

void HttpResponder::send(HttpResponse&& response) {
  BINNACLE_CHECK(sink_ != nullptr, "a responder is used once");
  Sink sink = std::exchange(sink_, nullptr);
  sink(std::move(response));
}

}  // namespace binnacle
