#include "sdk/environment_table.h"

#include "sdk/environment.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// One table of variables: what the code asks for, .env.example and the reference page all agree
// with it, in both directions.

namespace binnacle::sdk {
namespace {

std::string read_source(const std::string& path) {
  std::ifstream file(std::string(BINNACLE_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::set<std::string> names_in_table() {
  std::set<std::string> names;
  for (const Variable& variable : environment_variables()) names.emplace(variable.name);
  return names;
}

TEST(EnvironmentTableTest, NamesAreUniqueAndMeaningsOneLine) {
  EXPECT_EQ(names_in_table().size(), environment_variables().size());
  for (const Variable& variable : environment_variables()) {
    EXPECT_FALSE(variable.meaning.empty()) << variable.name;
    EXPECT_EQ(variable.meaning.find_first_of("|\n"), std::string_view::npos) << variable.name;
  }
}

TEST(EnvironmentTableTest, IsExactlyWhatTheCodeAsksFor) {
  std::set<std::string> asked;
  const auto read = [&](const std::map<std::string, std::string>& set) {
    read_environment({.get = [&](const char* name) -> std::optional<std::string> {
                        asked.insert(name);
                        const auto found = set.find(name);
                        if (found == set.end()) return std::nullopt;
                        return found->second;
                      },
                      .warn = [](std::string_view) {}});
  };
  read({{"APM_BACKEND", "jaeger,otlp,datadog,honeycomb,zipkin,console,file,prometheus"},
        {"HONEYCOMB_API_KEY", "k"},
        {"DATADOG_ENDPOINT", "https://d"},
        {"OTEL_TRACES_SAMPLER", "traceidratio"}});
  EXPECT_EQ(asked, names_in_table());
}

TEST(EnvironmentTableTest, TheExampleFileHasEveryVariableWithItsDefault) {
  const std::vector<std::string> lines = lines_of(read_source(".env.example"));
  std::set<std::string> found;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t equals = lines[i].find('=');
    if (!lines[i].starts_with("#") || lines[i].starts_with("# ") || equals == std::string::npos) {
      continue;
    }
    const std::string name = lines[i].substr(1, equals - 1);
    const Variable* variable = find_variable(name);
    ASSERT_NE(variable, nullptr) << name << " is in .env.example only";
    EXPECT_EQ(lines[i].substr(equals + 1), variable->default_value) << name;
    ASSERT_GT(i, 0U);
    EXPECT_EQ(lines[i - 1], "# " + std::string(variable->meaning)) << name;
    found.insert(name);
  }
  EXPECT_EQ(found, names_in_table());
}

TEST(EnvironmentTableTest, TheReferencePageHasEveryVariableWithItsDefault) {
  std::set<std::string> found;
  for (const std::string& line : lines_of(read_source("docs/reference/environment.md"))) {
    if (!line.starts_with("| `")) continue;
    const std::string name = line.substr(3, line.find('`', 3) - 3);
    const Variable* variable = find_variable(name);
    if (variable == nullptr) {
      ADD_FAILURE() << name << " is in the reference page only";
      continue;
    }
    const std::string default_value =
        variable->default_value.empty() ? "" : "`" + std::string(variable->default_value) + "`";
    EXPECT_EQ(line, "| `" + name + "` | " + default_value + " | " + std::string(variable->meaning) +
                        " |");
    found.insert(name);
  }
  EXPECT_EQ(found, names_in_table());
}

}  // namespace
}  // namespace binnacle::sdk
