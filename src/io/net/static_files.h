#pragma once

#include "io/net/http.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Files that are part of the binary (the UI), answered with strong ETags, 304, and the gzipped form
// when there is one and the client accepts it. Immutable after construction; any thread.

namespace binnacle {

/// One embedded file. The views must live for ever.
struct StaticFile {
  std::string_view path{};          ///< "/assets/index-3f2a.js"
  std::string_view content_type{};  ///< "text/javascript; charset=utf-8"
  std::string_view content{};       ///< may be empty when `gzipped` is there
  std::string_view gzipped{};       ///< may be empty
  /// Its name changes with its content, so clients may keep it for a year.
  bool immutable = false;
};

class StaticFiles {
 public:
  explicit StaticFiles(const std::vector<StaticFile>& files);

  /// Null when there is no such path.
  [[nodiscard]] const StaticFile* find(std::string_view path) const noexcept;

  /// The answer to GET or HEAD for `file`: 200 or 304.
  [[nodiscard]] HttpResponse respond(const HttpRequest& request, const StaticFile& file) const;

 private:
  struct Entry {
    StaticFile file;
    std::string etag;
  };
  std::vector<Entry> entries_;  // sorted by path
};

}  // namespace binnacle
