#include "sdk/scrape/target_file.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace binnacle::sdk {
namespace {

class TargetFileTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/binnacle_target_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string directory() const { return root_ + "/binnacle/targets"; }
  std::string own_path() const { return directory() + "/" + std::to_string(getpid()) + ".json"; }
  static std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string root_;
  std::string problem_;
};

TEST_F(TargetFileTest, IsWhatFileSdReadsAndGoesWithTheProcess) {
  {
    TargetFile file;
    ASSERT_TRUE(file.write(directory(), "127.0.0.1:4711", "bid \"der\"\n", problem_)) << problem_;
    EXPECT_EQ(
        text_of(own_path()),
        "[{\"targets\": [\"127.0.0.1:4711\"], \"labels\": {\"job\": \"bid \\\"der\\\" \"}}]\n");
  }
  EXPECT_FALSE(std::filesystem::exists(own_path()));
}

TEST_F(TargetFileTest, RemovesWhatKilledProcessesLeft) {
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  ASSERT_EQ(waitpid(gone, nullptr, 0), gone);
  std::filesystem::create_directories(directory());
  const std::string stale = directory() + "/" + std::to_string(gone) + ".json";
  const std::string alive = directory() + "/" + std::to_string(getppid()) + ".json";
  const std::string foreign = directory() + "/hand-written.json";
  for (const std::string& path : {stale, alive, foreign}) std::ofstream(path) << "[]";
  std::filesystem::permissions(root_ + "/binnacle", std::filesystem::perms::owner_all);
  std::filesystem::permissions(directory(), std::filesystem::perms::owner_all);
  TargetFile file;
  ASSERT_TRUE(file.write(directory(), "127.0.0.1:1", "job", problem_)) << problem_;
  EXPECT_FALSE(std::filesystem::exists(stale));
  EXPECT_TRUE(std::filesystem::exists(alive));
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

TEST_F(TargetFileTest, DoesNotTrustADirectoryThatAnyoneMayWriteTo) {
  std::filesystem::create_directories(directory());
  ASSERT_EQ(chmod(directory().c_str(), 0777), 0);
  TargetFile file;
  EXPECT_FALSE(file.write(directory(), "127.0.0.1:1", "job", problem_));
  EXPECT_NE(problem_.find("not a directory of this user alone"), std::string::npos) << problem_;
}

TEST_F(TargetFileTest, AForkedChildLeavesItsParentsFile) {
  TargetFile file;
  ASSERT_TRUE(file.write(directory(), "127.0.0.1:1", "job", problem_)) << problem_;
  const pid_t child = fork();
  if (child == 0) {
    file.~TargetFile();
    _exit(0);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(std::filesystem::exists(own_path()));
}

TEST_F(TargetFileTest, SaysWhyItCannotBeWritten) {
  std::ofstream(root_ + "/binnacle") << "a file";
  TargetFile file;
  EXPECT_FALSE(file.write(directory(), "127.0.0.1:1", "job", problem_));
  EXPECT_NE(problem_.find(directory()), std::string::npos) << problem_;
}

}  // namespace
}  // namespace binnacle::sdk
