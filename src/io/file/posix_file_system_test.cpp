#include "io/file/posix_file_system.h"

#include <gtest/gtest.h>

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace binnacle {
namespace {

class PosixFileSystemTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "binnacle_file_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  std::string path_;
  PosixFileSystem fs_;
};

TEST_F(PosixFileSystemTest, WritesManyPiecesInOrderAndReadsThemBack) {
  auto file = fs_.open(path_ + "/file", OpenMode::kCreate);
  ASSERT_TRUE(file.has_value());
  std::string whole;
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back(std::string(static_cast<std::size_t>(i % 7), 'a'));
  std::vector<std::string_view> pieces(texts.begin(), texts.end());
  for (const std::string& text : texts) whole += text;
  ASSERT_TRUE((*file)->write_at(5, pieces).has_value());
  ASSERT_TRUE((*file)->sync_data(SyncPoint::kPartContent).has_value());
  std::string back(whole.size() + 100, '?');
  EXPECT_EQ((*file)->read_at(5, back.data(), back.size()).value_or(0), whole.size());
  EXPECT_EQ(back.substr(0, whole.size()), whole);
  EXPECT_EQ((*file)->size_bytes().value_or(0), whole.size() + 5);
}

TEST_F(PosixFileSystemTest, ErrorsNameThePathAndMapToCodes) {
  const auto missing = fs_.open(path_ + "/missing", OpenMode::kRead);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message, "open " + path_ + "/missing: No such file or directory");
  ASSERT_TRUE(fs_.make_directory(path_ + "/dir").has_value());
  EXPECT_EQ(fs_.make_directory(path_ + "/dir").error().code, ErrorCode::kAlreadyExists);
  const Error full = system_error("write", "/x", ENOSPC);
  EXPECT_EQ(full.code, ErrorCode::kUnavailable);
  EXPECT_GT(full.retry_after_ns, 0);
  EXPECT_EQ(system_error("read", "/x", EIO).code, ErrorCode::kInternal);
}

TEST_F(PosixFileSystemTest, FullDeviceIsRetryable) {
  auto full = fs_.open("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(full.has_value());
  const Status written = (*full)->write_at(0, "x");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(written.error().retryable());
}

TEST_F(PosixFileSystemTest, ListsRenamesLinksAndRemoves) {
  ASSERT_TRUE(fs_.open(path_ + "/b", OpenMode::kCreate).has_value());
  ASSERT_TRUE(fs_.make_directory(path_ + "/a").has_value());
  EXPECT_FALSE(fs_.open(path_ + "/b", OpenMode::kCreate).has_value());
  ASSERT_TRUE(fs_.link(path_ + "/b", path_ + "/c").has_value());
  ASSERT_TRUE(fs_.rename(path_ + "/b", path_ + "/d").has_value());
  const std::vector<DirectoryEntry> expected = {{"a", true}, {"c", false}, {"d", false}};
  EXPECT_EQ(fs_.list(path_).value_or(std::vector<DirectoryEntry>{}), expected);
  ASSERT_TRUE(fs_.remove(path_ + "/c").has_value());
  EXPECT_FALSE(fs_.exists(path_ + "/c").value_or(true));
  ASSERT_TRUE(fs_.sync_directory(path_, SyncPoint::kPartName).has_value());
  EXPECT_GT(fs_.space(path_)->total_bytes, 0U);
}

TEST_F(PosixFileSystemTest, LockIsExclusiveUntilReleased) {
  auto first = fs_.lock(path_ + "/LOCK");
  ASSERT_TRUE(first.has_value());
  const auto second = fs_.lock(path_ + "/LOCK");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  first->reset();
  EXPECT_TRUE(fs_.lock(path_ + "/LOCK").has_value());
}

TEST(ParentDirectory, StripsOneLevel) {
  EXPECT_EQ(parent_directory("a/b/c"), "a/b");
  EXPECT_EQ(parent_directory("a/b/"), "a");
  EXPECT_EQ(parent_directory("c"), ".");
  EXPECT_EQ(parent_directory("/c"), "/");
  EXPECT_EQ(parent_directory("/"), "/");
}

}  // namespace
}  // namespace binnacle
