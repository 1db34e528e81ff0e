#pragma once

#include "io/net/static_files.h"

#include <vector>

// The web UI as built into this binary. `app` hands the list to StaticFiles:
//
//   StaticFiles files(ui_files());
//
// Immutable; any thread. The views point into the binary itself.

namespace binnacle {

/// False when the binary was built before ui/dist was: ui_files() is then one page that says so.
[[nodiscard]] bool ui_is_built() noexcept;

/// Every file of the UI, "/index.html" always among them. Cost: one small allocation.
[[nodiscard]] std::vector<StaticFile> ui_files();

}  // namespace binnacle
