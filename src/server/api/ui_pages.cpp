#include "server/api/ui_pages.h"

#include "server/api/jaeger_answers.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace binnacle {
namespace {

bool is_api(std::string_view path) { return path == "/api" || path.starts_with("/api/"); }

// A page of the UI's own router. Files have extensions, so that a missing script is a 404 and not
// a page of HTML that the browser then fails to run.
bool may_be_page(std::string_view path) {
  return path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos;
}

HttpResponse answer(const HttpRequest& request, const StaticFiles& files) {
  const auto path = decode_percent(request.path);
  if (!path) return HttpResponse::text(400, path.error().message);
  if (const StaticFile* file = files.find(*path)) return files.respond(request, *file);
  if (is_api(*path)) return jaeger_failure(404, fmt::format("no such API: {}", *path));
  if (!may_be_page(*path)) return HttpResponse::text(404, "no such page");
  if (const StaticFile* index = files.find("/index.html")) return files.respond(request, *index);
  return HttpResponse::text(404, "this binary was built without the web UI");
}

}  // namespace

void add_ui_routes(HttpRouter& router, const StaticFiles& files) {
  router.add(HttpMethod::kGet, "/{path...}",
             [&files](HttpRequest&& request, HttpResponder responder) {
               responder.send(answer(request, files));
             });
}

}  // namespace binnacle
