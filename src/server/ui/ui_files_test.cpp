#include "server/ui/ui_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace binnacle {
namespace {

// Holds for a binary with the UI and for one without: there is always a page to show.
TEST(UiFiles, HasAnIndexPage) {
  const std::vector<StaticFile> files = ui_files();
  const auto index = std::ranges::find(files, std::string_view("/index.html"), &StaticFile::path);
  ASSERT_NE(index, files.end());
  EXPECT_EQ(index->content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(index->content.starts_with("<!doctype html>") ||
              index->content.starts_with("<!DOCTYPE html>"))
      << index->content.substr(0, 40);
  EXPECT_FALSE(index->immutable);
}

TEST(UiFiles, PathsAreRootedUniqueAndTyped) {
  const std::vector<StaticFile> files = ui_files();
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_TRUE(files[i].path.starts_with("/")) << files[i].path;
    EXPECT_FALSE(files[i].content_type.empty()) << files[i].path;
    EXPECT_EQ(files[i].immutable, files[i].path.starts_with("/assets/")) << files[i].path;
    if (i > 0) {
      EXPECT_LT(files[i - 1].path, files[i].path);
    }
  }
}

TEST(UiFiles, GzippedFormsAreGzipAndSmaller) {
  for (const StaticFile& file : ui_files()) {
    if (file.gzipped.empty()) continue;
    EXPECT_TRUE(file.gzipped.starts_with("\x1f\x8b")) << file.path;
    EXPECT_LT(file.gzipped.size(), file.content.size()) << file.path;
  }
}

}  // namespace
}  // namespace binnacle
