#include "io/net/static_files.h"

#include "base/hash.h"
#include "io/net/http_negotiation.h"

#include <fmt/format.h>

#include <algorithm>

namespace binnacle {

StaticFiles::StaticFiles(const std::vector<StaticFile>& files) {
  entries_.reserve(files.size());
  for (const StaticFile& file : files) {
    const std::string_view bytes = file.gzipped.empty() ? file.content : file.gzipped;
    const Hash128 hash = hash128(bytes);
    entries_.push_back({file, fmt::format("{:016x}{:016x}", hash.high, hash.low)});
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.file.path < b.file.path; });
}

const StaticFile* StaticFiles::find(std::string_view path) const noexcept {
  const auto it =
      std::lower_bound(entries_.begin(), entries_.end(), path,
                       [](const Entry& e, std::string_view p) { return e.file.path < p; });
  return it != entries_.end() && it->file.path == path ? &it->file : nullptr;
}

HttpResponse StaticFiles::respond(const HttpRequest& request, const StaticFile& file) const {
  const auto it =
      std::lower_bound(entries_.begin(), entries_.end(), file.path,
                       [](const Entry& e, std::string_view p) { return e.file.path < p; });
  const bool gzip = !file.gzipped.empty() &&
                    (file.content.empty() || accepts_gzip(request.headers.get("Accept-Encoding")));
  // The representations differ in bytes, so their strong tags must too (RFC 9110, 8.8.3.3).
  const std::string etag = fmt::format("\"{}{}\"", it->etag, gzip ? "-gzip" : "");
  HttpResponse response;
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control",
                       file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("Vary", "Accept-Encoding");
  if (etag_matches(request.headers.get("If-None-Match"), etag)) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", file.content_type);
  response.headers.add("X-Content-Type-Options", "nosniff");
  if (gzip) response.headers.add("Content-Encoding", "gzip");
  response.body = gzip ? file.gzipped : file.content;
  return response;
}

}  // namespace binnacle
