#pragma once

#include "codec/json_document.h"

#include <string>

// A small schema for JSON, itself JSON: what an answer must look like, for tests that are data.
//   "string" "number" "boolean" "null" "array" "object" "any"   a value of that type
//   "array|null"                                                either
//   ["elem"]                                                    an array; every element fits "elem"
//   {"a": .., "b?": ..}    an object; a must be there, b may be; others may be, too

namespace binnacle::interop {

/// Empty if `value` fits `shape`, else the path of the first value that does not and why.
[[nodiscard]] std::string misfit(codec::JsonValue value, codec::JsonValue shape,
                                 const std::string& path = "$");

}  // namespace binnacle::interop
