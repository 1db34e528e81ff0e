#pragma once

#include "base/error.h"
#include "store/context.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Small documents that people and rules make: dashboards, users, silences, alert state. A draft: no
// engine implements it yet. Internally locked; calls block on I/O (they are rare and small).

namespace binnacle {

/// `kind` is a namespace such as "dashboard"; `body` is JSON of the kind's schema; `version` rises
/// by one with every write.
struct Document {
  std::string kind;
  std::string id;
  std::string body;
  std::uint64_t version = 0;
  std::int64_t updated_unix_ns = 0;
};

class MetaStore {
 public:
  MetaStore() = default;
  MetaStore(const MetaStore&) = delete;
  MetaStore& operator=(const MetaStore&) = delete;
  virtual ~MetaStore() = default;

  [[nodiscard]] virtual Result<std::optional<Document>> get(const TenantId& tenant,
                                                            std::string_view kind,
                                                            std::string_view id) = 0;
  /// Sorted by id.
  [[nodiscard]] virtual Result<std::vector<Document>> list(const TenantId& tenant,
                                                           std::string_view kind) = 0;
  /// Writes if the stored version is `expected_version` (0: must not exist), else
  /// kFailedPrecondition. Returns the new version, durable.
  [[nodiscard]] virtual Result<std::uint64_t> put(const TenantId& tenant, const Document& document,
                                                  std::uint64_t expected_version) = 0;
  [[nodiscard]] virtual Status remove(const TenantId& tenant, std::string_view kind,
                                      std::string_view id, std::uint64_t expected_version) = 0;
};

}  // namespace binnacle
