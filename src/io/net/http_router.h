#pragma once

#include "io/net/http.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Finds the handler of a request by method and path. Built once by `app` (the folders under server/
// add their routes), then given to a listener; immutable and shared by all threads from then on.
//
//   router.add(HttpMethod::kGet, "/api/services/{service}/operations", handler,
//              {.run = HttpRun::kWorker});
//
// Patterns: literal segments, {name} for exactly one segment, and {name...} as the last segment for
// the rest of the path (also empty). A literal beats {name}, {name} beats {name...}, decided
// segment by segment from the left; the order of add() does not matter. Segments are split before
// they are unescaped, so that a service called "a/b" arrives as a%2Fb and is one segment. A
// trailing slash is significant. HEAD is answered by the GET route. Two routes of the same method
// and shape are a bug and checked.

namespace binnacle {

/// On which threads a handler runs.
enum class HttpRun : std::uint8_t {
  kInline,  ///< on the connection's I/O thread: must not block; for short work and for ingest
  kWorker,  ///< on the server's worker threads: may block and compute; refused with 503 when the
            ///< queue is full
};

/// Makes the body of a refusal; the request may lack its body.
using HttpErrorRenderer =
    std::function<HttpResponse(const HttpRequest& request, int status, const Error& error)>;

struct HttpRouteOptions {
  HttpRun run = HttpRun::kInline;
  /// 0: the listener's limit. A larger one raises it for this route.
  std::uint64_t body_limit_bytes = 0;
  /// Answer 411 when the request declares no body.
  bool needs_body = false;
  /// How the server's own refusals of a request to this route look (408, 411, 413, 429, 503), for
  /// protocols that prescribe a body. The status line is the server's. Default: plain text.
  HttpErrorRenderer render_refusal{};
};

struct HttpRoute {
  HttpMethod method = HttpMethod::kGet;
  std::string pattern;
  HttpHandler handler;
  HttpRouteOptions options;
};

/// What match() found. `route` is null when nothing fits; then `allowed` lists the methods that the
/// path does have (empty: 404, else 405 with an Allow header).
struct HttpRouteMatch {
  const HttpRoute* route = nullptr;
  QueryParameters parameters;
  std::vector<HttpMethod> allowed;
};

/// Paths with more segments match nothing; the deepest route of all our APIs has 7.
constexpr std::size_t kMaxPathSegments = 32;

class HttpRouter {
 public:
  /// Before the router is shared.
  void add(HttpMethod method, std::string_view pattern, HttpHandler handler,
           HttpRouteOptions options = {});

  /// `path` is escaped and without the query. kInvalidArgument for a broken escape. The route stays
  /// valid while the router lives. O(segments x routes that share a prefix).
  [[nodiscard]] Result<HttpRouteMatch> match(HttpMethod method, std::string_view path) const;

  [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }

 private:
  /// A trie over segments; children by index, so that the router can be moved.
  struct Node {
    std::vector<std::pair<std::string, std::uint32_t>> literals;
    std::uint32_t any = 0;   ///< child for {name}, 0: none
    std::uint32_t rest = 0;  ///< child for {name...}, 0: none
    std::vector<HttpRoute> routes;
    std::vector<std::vector<std::string>> names;  ///< pairs with routes: parameter names in order
  };
  struct Walk;

  std::uint32_t child_for(std::uint32_t node, std::string_view segment);
  bool walk(std::uint32_t node, Walk& state, std::size_t depth) const;

  std::vector<Node> nodes_;
};

}  // namespace binnacle
