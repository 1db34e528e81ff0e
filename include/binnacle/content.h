#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

// What the scopes do with content: prompts and answers, queries, tool arguments, URLs, amounts.
//
// By default none of it is recorded. In its place stand its length and a keyed hash (SipHash-2-4),
// which is the same for the same content under the same key, so that repetitions can be found, and
// which cannot be tried out by whoever does not have the key: APM_CONTENT_HASH_KEY
// (Config::content_hash_key), or a random one of this process. A URL's host is recorded too; its
// user name, password, query and fragment are recorded never.
//
// APM_CAPTURE_CONTENT=true (Config::captures_content) records content, after the redaction hook has
// seen it. Which attributes that concerns: docs/reference/attributes.md.
//
//   binnacle::set_redaction_hook([](const binnacle::Content& content) {
//     return std::optional<std::string>(without_card_numbers(content.text));
//   });

namespace binnacle {
inline namespace v1 {

/// A piece of content that is about to be recorded. Borrowed for the call.
struct Content {
  std::string_view attribute;  ///< where it would go: "gen_ai.input.messages", "url.full", ...
  std::string_view text;       ///< one message, one query, one URL
};

/// Returns what to record instead, or nothing to drop it; then length and hash are recorded, as if
/// capture were off. So they are if the hook throws.
using RedactionHook = std::function<std::optional<std::string>(const Content& content)>;

/// Installs the hook that sees all content before it is recorded; an empty one removes it. Called
/// on the threads that record, by several at a time: it must be thread-safe. Not called while
/// capture is off. A call that is already running may still use the hook it replaces.
void set_redaction_hook(RedactionHook hook) noexcept;

/// Whether content is recorded now: as configured when the SDK started.
bool captures_content() noexcept;

}  // namespace v1
}  // namespace binnacle
