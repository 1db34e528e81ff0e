#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

// Expected failures as values. A function that can fail for reasons outside our code returns
// `Result<T>`; bugs are checks (check.h). Immutable after construction, freely copied.
//
//   Result<Part> open_part(...);
//   if (auto part = open_part(path); !part) return std::unexpected(part.error());

namespace binnacle {

/// What kind of failure, in the vocabulary of gRPC status codes so that every protocol can map it.
/// Numbers are stable: they reach logs and metrics. Never reuse one.
enum class ErrorCode : std::uint8_t {
  kCancelled = 1,           ///< the caller went away or cancelled
  kInvalidArgument = 3,     ///< the input is wrong; sending it again will not help
  kDeadlineExceeded = 4,    ///< the caller's deadline passed first
  kNotFound = 5,            ///< what was asked for by name does not exist
  kAlreadyExists = 6,       ///< creation of something that exists
  kPermissionDenied = 7,    ///< known caller, not allowed
  kResourceExhausted = 8,   ///< a limit or quota was hit; retry after `retry_after_ns`
  kFailedPrecondition = 9,  ///< the system is not in a state for this; retrying alone will not help
  kOutOfRange = 11,         ///< a value outside its documented range
  kUnimplemented = 12,      ///< a valid request for something that is not supported
  kInternal = 13,           ///< an invariant was broken outside of our control (library, kernel)
  kUnavailable = 14,        ///< cannot be served now (disk full, shutting down); retry later
  kDataLoss = 15,           ///< stored bytes fail their checksum
  kUnauthenticated = 16,    ///< no or wrong credentials
};

/// "invalid_argument" and so on: the name used in logs and JSON.
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// One failure. `message` is lowercase, without a full stop, and names the place, the offending
/// value and the remedy. It never holds secrets.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  /// When the caller may try again, from now; 0 means no statement (retryable codes: a default
  /// applies).
  std::int64_t retry_after_ns = 0;

  /// True if the same request may succeed later.
  [[nodiscard]] bool retryable() const noexcept {
    return code == ErrorCode::kResourceExhausted || code == ErrorCode::kUnavailable;
  }
  /// The same failure seen from further out: "context: message".
  [[nodiscard]] Error in(std::string_view context) const;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

/// `return fail(ErrorCode::kNotFound, "no such trace")`, convertible to any Result<T>.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                                 std::int64_t retry_after_ns = 0) {
  return std::unexpected(Error{code, std::move(message), retry_after_ns});
}

/// For hot decoders: what is wrong and where, without allocation. `what` is a string literal;
/// `offset_bytes` counts from the start of the (decompressed) message.
struct DecodeError {
  const char* what = nullptr;
  std::size_t offset_bytes = 0;

  /// "<what> at byte <offset>" as kInvalidArgument.
  [[nodiscard]] Error to_error() const;
};

}  // namespace binnacle
