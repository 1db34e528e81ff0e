#pragma once

#include "io/net/http_router.h"
#include "io/net/static_files.h"

// The web UI's files and its client-side routes, on the listeners of the UI. The files come from
// the table packed into the binary.

namespace binnacle {

/// Adds GET /{anything}: the file of that path; for a path without a file that could be one of the
/// UI's own pages ("/trace/1234": no extension in its last segment, not below /api), index.html, so
/// that a reloaded or shared link works; else 404 (as JSON below /api). `files` must outlive the
/// router's server; without an index.html in it every page is answered 404 with a hint.
void add_ui_routes(HttpRouter& router, const StaticFiles& files);

}  // namespace binnacle
