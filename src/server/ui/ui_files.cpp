#include "server/ui/ui_files.h"

#include "server/ui/ui_archive.h"

#include <string_view>

namespace binnacle {
namespace {

constexpr std::string_view kNotBuiltPage =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Binnacle</title>"
    "<body><h1>Binnacle is running without its web UI</h1>"
    "<p>This binary was built before the UI was. Run <code>./run</code> in the checkout, or "
    "<code>npm ci &amp;&amp; npm run build</code> in <code>ui/</code> and build the server again. "
    "The APIs on this port work.</p></body></html>\n";

}  // namespace

bool ui_is_built() noexcept { return !ui_archive_entries().empty(); }

std::vector<StaticFile> ui_files() {
  std::vector<StaticFile> files;
  if (!ui_is_built()) {
    files.push_back({.path = "/index.html",
                     .content_type = "text/html; charset=utf-8",
                     .content = kNotBuiltPage,
                     .gzipped = {},
                     .immutable = false});
    return files;
  }
  const char* bytes = ui_archive_bytes();
  files.reserve(ui_archive_entries().size());
  for (const UiArchiveEntry& entry : ui_archive_entries()) {
    files.push_back({.path = entry.path,
                     .content_type = entry.content_type,
                     .content = std::string_view(bytes + entry.content_at, entry.content_bytes),
                     .gzipped = std::string_view(bytes + entry.gzipped_at, entry.gzipped_bytes),
                     .immutable = entry.immutable});
  }
  return files;
}

}  // namespace binnacle
