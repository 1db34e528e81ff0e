#include "base/error.h"

#include <fmt/format.h>

namespace binnacle {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kAlreadyExists:
      return "already_exists";
    case ErrorCode::kPermissionDenied:
      return "permission_denied";
    case ErrorCode::kResourceExhausted:
      return "resource_exhausted";
    case ErrorCode::kFailedPrecondition:
      return "failed_precondition";
    case ErrorCode::kOutOfRange:
      return "out_of_range";
    case ErrorCode::kUnimplemented:
      return "unimplemented";
    case ErrorCode::kInternal:
      return "internal";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kDataLoss:
      return "data_loss";
    case ErrorCode::kUnauthenticated:
      return "unauthenticated";
  }
  return "unknown";
}

Error Error::in(std::string_view context) const {
  return Error{code, fmt::format("{}: {}", context, message), retry_after_ns};
}

Error DecodeError::to_error() const {
  return Error{ErrorCode::kInvalidArgument, fmt::format("{} at byte {}", what, offset_bytes), 0};
}

}  // namespace binnacle
