#include "io/net/http_router.h"

#include "base/check.h"

#include <algorithm>

namespace binnacle {
namespace {

/// "/a/b" is {"a", "b"}; "/a/" is {"a", ""}. Without the leading slash nothing.
std::vector<std::string_view> split_path(std::string_view path, std::size_t limit) {
  std::vector<std::string_view> segments;
  if (path.empty() || path.front() != '/') return segments;
  path.remove_prefix(1);
  while (segments.size() <= limit) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool is_rest(std::string_view segment) {
  return is_parameter(segment) && segment.size() > 5 && segment.ends_with("...}");
}

std::string_view parameter_name(std::string_view segment) {
  const std::size_t closing = is_rest(segment) ? std::string_view("...}").size() : 1;
  return segment.substr(1, segment.size() - 1 - closing);
}

}  // namespace

/// State of one descent. `captured` are the segments taken by {name}; `rest_from` is the offset in
/// `segments` from which {name...} took over, or npos.
struct HttpRouter::Walk {
  HttpMethod method = HttpMethod::kGet;
  std::vector<std::string_view> segments{};
  std::vector<std::string_view> captured{};
  std::size_t rest_from = std::string_view::npos;
  const Node* found = nullptr;
  std::size_t route = 0;
  std::vector<HttpMethod> allowed{};

  /// Takes the node's route for the method (HEAD falls back to GET), else notes what it has.
  bool take(const Node& node) {
    const auto find = [&](HttpMethod wanted) {
      return static_cast<std::size_t>(
          std::find_if(node.routes.begin(), node.routes.end(),
                       [&](const HttpRoute& r) { return r.method == wanted; }) -
          node.routes.begin());
    };
    std::size_t index = find(method);
    if (index == node.routes.size() && method == HttpMethod::kHead) index = find(HttpMethod::kGet);
    if (index < node.routes.size()) {
      found = &node;
      route = index;
      return true;
    }
    // Several patterns may fit the path: each method is named once.
    for (const HttpRoute& other : node.routes) {
      if (std::ranges::find(allowed, other.method) == allowed.end()) {
        allowed.push_back(other.method);
      }
    }
    return false;
  }
};

std::uint32_t HttpRouter::child_for(std::uint32_t node, std::string_view segment) {
  const auto next = static_cast<std::uint32_t>(nodes_.size());
  std::uint32_t* slot = nullptr;
  if (is_rest(segment)) {
    slot = &nodes_[node].rest;
  } else if (is_parameter(segment)) {
    slot = &nodes_[node].any;
  } else {
    for (const auto& [text, child] : nodes_[node].literals) {
      if (text == segment) return child;
    }
    nodes_[node].literals.emplace_back(std::string(segment), next);
    nodes_.emplace_back();
    return next;
  }
  if (*slot != 0) return *slot;
  *slot = next;
  nodes_.emplace_back();
  return next;
}

void HttpRouter::add(HttpMethod method, std::string_view pattern, HttpHandler handler,
                     HttpRouteOptions options) {
  if (nodes_.empty()) nodes_.emplace_back();
  const std::vector<std::string_view> segments = split_path(pattern, kMaxPathSegments);
  BINNACLE_CHECK(!segments.empty() && segments.size() <= kMaxPathSegments,
                 "a route pattern starts with / and has at most kMaxPathSegments segments");
  std::uint32_t node = 0;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    BINNACLE_CHECK(!is_rest(segments[i]) || i + 1 == segments.size(), "{name...} is the last");
    if (is_parameter(segments[i])) names.emplace_back(parameter_name(segments[i]));
    node = child_for(node, segments[i]);
  }
  for (const HttpRoute& route : nodes_[node].routes) {
    BINNACLE_CHECK(route.method != method, "two routes of the same method and shape");
  }
  nodes_[node].routes.push_back(
      {method, std::string(pattern), std::move(handler), std::move(options)});
  nodes_[node].names.push_back(std::move(names));
}

// Recursion depth is bounded by kMaxPathSegments; alternatives by the patterns of our own routes.
bool HttpRouter::walk(std::uint32_t index, Walk& state, std::size_t depth) const {
  const Node& node = nodes_[index];
  if (depth == state.segments.size()) {
    if (!node.routes.empty() && state.take(node)) return true;
  } else {
    const std::string_view segment = state.segments[depth];
    for (const auto& [text, child] : node.literals) {
      if (text == segment && walk(child, state, depth + 1)) return true;
    }
    if (node.any != 0 && !segment.empty()) {
      state.captured.push_back(segment);
      if (walk(node.any, state, depth + 1)) return true;
      state.captured.pop_back();
    }
  }
  if (node.rest != 0 && depth <= state.segments.size() && state.take(nodes_[node.rest])) {
    state.rest_from = depth;
    return true;
  }
  return false;
}

Result<HttpRouteMatch> HttpRouter::match(HttpMethod method, std::string_view path) const {
  HttpRouteMatch result;
  Walk state{.method = method, .segments = split_path(path, kMaxPathSegments)};
  if (nodes_.empty() || state.segments.empty() || state.segments.size() > kMaxPathSegments) {
    return result;
  }
  if (!walk(0, state, 0)) {
    result.allowed = std::move(state.allowed);
    return result;
  }
  const std::vector<std::string>& names = state.found->names[state.route];
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string_view raw;
    if (i < state.captured.size()) {
      raw = state.captured[i];
    } else if (state.rest_from < state.segments.size()) {
      const char* begin = state.segments[state.rest_from].data();
      raw = std::string_view(begin, static_cast<std::size_t>(path.data() + path.size() - begin));
    }
    Result<std::string> decoded = decode_percent(raw);
    if (!decoded) return std::unexpected(decoded.error());
    result.parameters.add(names[i], *std::move(decoded));
  }
  result.route = &state.found->routes[state.route];
  return result;
}

}  // namespace binnacle
