#pragma once

#include <string_view>

// Who serves a model, and what is asked of it, as far as the endpoint and the model's name tell.
// Pure.

namespace binnacle::sdk {

/// gen_ai.provider.name: a name of the conventions (or, for providers they do not know, the usual
/// one); "_OTHER" if nothing is known.
std::string_view provider_of(std::string_view host, std::string_view model) noexcept;

/// gen_ai.operation.name after the end of the endpoint's path; "chat" if it does not tell.
std::string_view operation_of(std::string_view path) noexcept;

}  // namespace binnacle::sdk
