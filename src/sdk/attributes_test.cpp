#include "sdk/all_scopes_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/traced.h>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// docs/reference/attributes.md against the code, in both directions: every attribute that a scope
// exports is in its table, with its type, and every attribute in a table is exported by somebody.

namespace binnacle::sdk {
namespace {

/// What one scope exports, or what its section says.
struct Description {
  std::string name;  ///< in the document with <placeholders>
  std::string kind;
  std::map<std::string, std::string> attributes;  ///< key to type
};

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t begin = text.find(before);
  if (begin == std::string::npos) return "";
  const std::size_t from = begin + before.size();
  return text.substr(from, text.find(after, from) - from);
}

/// Sections by heading; the attributes of every scope under "Every scope".
std::map<std::string, Description> read_document() {
  std::ifstream in(std::string(BINNACLE_SOURCE_DIR) + "/docs/reference/attributes.md");
  std::map<std::string, Description> sections;
  std::string line;
  std::string section;
  while (std::getline(in, line)) {
    if (line.rfind("## ", 0) == 0) {
      section = line.find('`') != std::string::npos ? between(line, "`", "`") : line.substr(3);
    } else if (line.rfind("Span `", 0) == 0) {
      sections[section].name = between(line, "Span `", "`");
      const std::string sentence = line.substr(0, line.find('.'));
      sections[section].kind = sentence.substr(sentence.rfind(", ") + 2);
    } else if (line.rfind("| `", 0) == 0) {
      std::istringstream cells(line.substr(2));
      std::string key;
      std::string type;
      std::getline(cells, key, '|');
      std::getline(cells, type, '|');
      const std::size_t end = type.find_last_not_of(' ');
      sections[section].attributes[between(key, "`", "`")] = type.substr(1, end);
    }
  }
  return sections;
}

/// "s:x" is a string, "[d:1]" a double[].
std::string type_of(const std::string& value) {
  if (value[0] == '[') return type_of(value.substr(1)) + "[]";
  switch (value[0]) {
    case 's':
      return "string";
    case 'i':
      return "int";
    case 'd':
      return "double";
    default:
      return "bool";
  }
}

/// "retrieval.documents.3.document.id" is "retrieval.documents.N.document.id".
std::string general_key(const std::string& key) {
  std::string general;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const bool is_digit = std::isdigit(static_cast<unsigned char>(key[i])) != 0;
    const bool is_index = is_digit && i > 0 && key[i - 1] == '.';
    general += is_index ? 'N' : key[i];
  }
  return general;
}

std::string kind_of(std::uint64_t kind) {
  return kind == 1 ? "internal" : kind == 2 ? "server" : "client";
}

/// The scopes, and the decorator that has attributes of its own.
std::vector<DrivenScope> everything_driven() {
  std::vector<DrivenScope> all = all_scopes();
  all.push_back(
      {"BINNACLE_TRACE_FUNCTION", [](const MarkedContent&) { BINNACLE_TRACE_FUNCTION(); }});
  return all;
}

/// With content captured and not, with OpenInference and not.
std::map<std::string, Description> observe() {
  std::map<std::string, Description> observed;
  for (const int variant : {0, 1, 2, 3}) {
    Config config = Recording::quiet_config();
    config.captures_content = (variant & 1) != 0;
    config.uses_openinference = (variant & 2) != 0;
    Recording recording(config);
    for (const DrivenScope& scope : everything_driven()) {
      scope.drive(MarkedContent{});
      const ReadSpan span = recording.span();
      Description& seen = observed[scope.function];
      seen.name = span.name;
      seen.kind = kind_of(span.kind);
      for (const auto& [key, value] : span.attributes) {
        seen.attributes[general_key(key)] = type_of(value);
      }
    }
  }
  return observed;
}

TEST(AttributesDocumentTest, EveryAttributeIsDocumentedWithItsType) {
  auto document = read_document();
  const auto& common = document["Every scope"].attributes;
  for (const auto& [scope, seen] : observe()) {
    EXPECT_EQ(document[scope].kind, seen.kind) << scope;
    for (const auto& [key, type] : seen.attributes) {
      const auto& table = common.count(key) != 0 ? common : document[scope].attributes;
      ASSERT_TRUE(table.count(key) != 0) << scope << ": " << key << " is not documented";
      EXPECT_EQ(table.at(key), type) << scope << ": " << key;
    }
  }
}

TEST(AttributesDocumentTest, EveryDocumentedAttributeIsExported) {
  const auto observed = observe();
  std::set<std::string> exported_by_any;
  for (const auto& [scope, seen] : observed) {
    for (const auto& [key, type] : seen.attributes) exported_by_any.insert(key);
  }
  for (const auto& [section, described] : read_document()) {
    if (section == "Content") continue;  // its table is of variables
    if (section == "Every scope") {
      for (const auto& [key, type] : described.attributes) {
        EXPECT_TRUE(exported_by_any.count(key) != 0) << key << " is documented and not exported";
      }
      continue;
    }
    const auto seen = observed.find(section);
    if (seen == observed.end()) {
      EXPECT_TRUE(described.attributes.empty()) << "nothing of the code is called " << section;
      continue;
    }
    for (const auto& [key, type] : described.attributes) {
      EXPECT_TRUE(seen->second.attributes.count(key) != 0)
          << section << ": " << key << " is documented and not exported";
    }
  }
  EXPECT_GE(read_document().size(), observed.size());
}

TEST(AttributesDocumentTest, SpanNamesBeginAsDocumented) {
  auto document = read_document();
  for (const auto& [scope, seen] : observe()) {
    const std::string& pattern = document[scope].name;
    EXPECT_NE(pattern, "") << scope << " has no section";
    // Up to the first placeholder.
    const std::string fixed = pattern.substr(0, pattern.find('<'));
    EXPECT_EQ(seen.name.substr(0, fixed.size()), fixed) << scope;
  }
}

}  // namespace
}  // namespace binnacle::sdk
