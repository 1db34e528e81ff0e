#include "app/commands.h"
#include "config/server_config.h"
#include "io/net/http_client.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>

// healthcheck, check config, version.

namespace binnacle::app {

std::string version() { return BINNACLE_VERSION; }

int print_version(bool json) {
  if (json) {
    fmt::print("{{\"name\":\"binnacle\",\"version\":\"{}\"}}\n", version());
  } else {
    fmt::print("binnacle {}\n", version());
  }
  return kExitGood;
}

int healthcheck(const std::string& url, std::int64_t timeout_ns) {
  HttpClientConfig config;
  config.connect_timeout_ns = timeout_ns;
  config.request_timeout_ns = timeout_ns;
  HttpClient client(url, config);
  HttpClientRequest request;
  request.target = "/ready";
  const auto answer = client.send(request);
  if (!answer) {
    fmt::print(stderr, "not healthy: {}\n", answer.error().message);
    return kExitBad;
  }
  if (answer->status != 200) {
    fmt::print(stderr, "not healthy: {}/ready answered {}: {}\n", url, answer->status,
               answer->body);
    return kExitBad;
  }
  fmt::print("healthy\n");
  return kExitGood;
}

int check_config(const std::vector<std::string>& files) {
  int bad = 0;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      fmt::print(stderr, "{}: cannot be read\n", file);
      ++bad;
      continue;
    }
    config::Sources sources;
    sources.file_name = file;
    sources.file_text = std::string(std::istreambuf_iterator<char>(in), {});
    const auto loaded = config::load(sources);
    if (!loaded) {
      fmt::print(stderr, "{}\n", loaded.error().message);
      ++bad;
      continue;
    }
    fmt::print("{}: good\n", file);
  }
  return bad == 0 ? kExitGood : kExitBad;
}

}  // namespace binnacle::app
