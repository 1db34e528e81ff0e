#include "sdk/scrape/target_file.h"

#include "codec/utf8.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace binnacle::sdk {

namespace {

std::string last_error() { return std::strerror(errno); }

/// Makes a directory and the one above it, both for this user alone.
bool make_private_directory(const std::string& path, std::string& problem) {
  const std::string above = path.substr(0, path.rfind('/'));
  if (!above.empty()) mkdir(above.c_str(), 0700);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    problem = "cannot make " + path + ": " + last_error();
    return false;
  }
  // In a directory that others may write to, somebody may have made it first.
  for (const std::string& directory : {above, path}) {
    struct stat found{};
    if (directory.empty() || lstat(directory.c_str(), &found) != 0) continue;
    const bool is_foreign = found.st_uid != geteuid() && found.st_uid != 0;
    if (!S_ISDIR(found.st_mode) || is_foreign || (found.st_mode & S_IWOTH) != 0) {
      problem = directory + " is not a directory of this user alone";
      return false;
    }
  }
  return true;
}

std::string json_text(std::string_view text) {
  const std::string repaired = codec::repair_utf8(text);
  std::string out = "\"";
  for (const char c : repaired) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;  // no name needs control characters
  }
  return out + '"';
}

bool write_whole(const std::string& path, std::string_view text, std::string& problem) {
  const std::string temporary = path + ".tmp";
  unlink(temporary.c_str());
  const int file =
      open(temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
  const bool is_written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (file >= 0) close(file);
  if (is_written && rename(temporary.c_str(), path.c_str()) == 0) return true;
  problem = "cannot write " + path + ": " + last_error();
  unlink(temporary.c_str());
  return false;
}

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { closedir(directory); }
};

/// Files whose process is no more.
void remove_stale(const std::string& directory) {
  const std::unique_ptr<DIR, CloseDirectory> listing(opendir(directory.c_str()));
  if (listing == nullptr) return;
  std::vector<std::string> stale;
  while (const dirent* entry = readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    pid_t process = 0;
    const auto [stop, failed] = std::from_chars(name.data(), name.data() + name.size(), process);
    const std::string_view rest(stop, static_cast<std::size_t>(name.data() + name.size() - stop));
    if (failed != std::errc{} || (rest != ".json" && rest != ".json.tmp") || process <= 0) continue;
    if (kill(process, 0) != 0 && errno == ESRCH) stale.emplace_back(name);
  }
  for (const std::string& name : stale) unlink((directory + "/" + name).c_str());
}

}  // namespace

std::string default_target_directory() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/') return std::string(runtime) + "/binnacle/targets";
  return "/tmp/binnacle-" + std::to_string(geteuid()) + "/targets";
}

TargetFile::~TargetFile() {
  if (!path_.empty() && writer_ == getpid()) unlink(path_.c_str());
}

bool TargetFile::write(const std::string& directory, std::string_view address, std::string_view job,
                       std::string& problem) {
  if (!make_private_directory(directory, problem)) return false;
  remove_stale(directory);
  const std::string path = directory + "/" + std::to_string(getpid()) + ".json";
  std::string text = "[{\"targets\": [" + json_text(address) + "], ";
  text += "\"labels\": {\"job\": " + json_text(job) + "}}]\n";
  if (!write_whole(path, text, problem)) return false;
  path_ = path;
  writer_ = getpid();
  return true;
}

}  // namespace binnacle::sdk
