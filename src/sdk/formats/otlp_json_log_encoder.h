#pragma once

#include "sdk/formats/log_encoder.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// OTLP/JSON's ExportLogsServiceRequest, on one line, a scope per logger (OTLP specification 1.x,
// "JSON Protobuf Encoding"). What OTLP/HTTP receivers take as application/json. Thread-confined.

namespace binnacle::sdk {

class OtlpJsonLogEncoder final : public LogEncoder {
 public:
  /// As OtlpLogEncoder::kMaxScopes.
  static constexpr std::size_t kMaxScopes = 64;

  /// `resource` is an encoded Resource message (sdk/resource.h).
  explicit OtlpJsonLogEncoder(std::string_view resource);

  void add(const FinishedLog& log) override;
  std::size_t log_count() const noexcept override { return logs_; }
  std::size_t byte_count() const noexcept override { return bytes_; }
  EncodedBatch finish() override;

 private:
  /// The records of one logger. Kept, empty, for the next batch.
  struct Scope {
    std::string name;
    std::string head;  ///< all that stands before the first record
    ByteBuffer records;
  };
  Scope& scope_of(std::string_view logger_name);

  std::string head_;  // all that stands before the first scope
  std::vector<Scope> scopes_;
  std::size_t logs_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace binnacle::sdk
