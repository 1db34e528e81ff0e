#pragma once

#include "sdk/formats/log_encoder.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// OTLP's ExportLogsServiceRequest: one resource, a scope per logger, its records in order. Body and
// attributes are in wire form since they were recorded, so that encoding is mostly one copy.
// Thread-confined.

namespace binnacle::sdk {

class OtlpLogEncoder final : public LogEncoder {
 public:
  /// Loggers with a scope of their own in one request; records of further ones stand under the
  /// default scope, so that names made up at run time cannot make the search for a scope long.
  static constexpr std::size_t kMaxScopes = 64;

  /// `resource` is an encoded Resource message (resource.h).
  explicit OtlpLogEncoder(std::string resource);

  void add(const FinishedLog& log) override;
  std::size_t log_count() const noexcept override { return logs_; }
  std::size_t byte_count() const noexcept override { return bytes_; }
  EncodedBatch finish() override;

 private:
  /// The records of one logger. Kept, empty, for the next batch.
  struct Scope {
    std::string name;
    std::string header;   ///< the encoded scope field
    std::string records;  ///< encoded log_records fields
  };
  Scope& scope_of(std::string_view logger_name);
  static std::size_t size_of(const Scope& scope) noexcept;

  std::string resource_;
  std::vector<Scope> scopes_;  // the first is the default one
  std::size_t last_scope_ = 0;
  std::size_t logs_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace binnacle::sdk
