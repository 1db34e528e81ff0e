#include "sdk/content_policy.h"

#include "sdk/fields.h"
#include "sdk/sip_hash.h"
#include "sdk/tick_clock.h"

#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <memory>
#include <mutex>
#include <utility>

namespace binnacle::sdk {

namespace {

/// Never destroyed, so that static destructors may still record.
struct Policy {
  std::atomic<bool> captures{false};
  std::atomic<bool> uses_openinference{false};
  std::atomic<std::uint64_t> key_low{0};
  std::atomic<std::uint64_t> key_high{0};
  std::atomic<bool> has_hook{false};
  std::mutex mutex;  // guards what follows
  SipKey random_key;
  std::shared_ptr<const RedactionHook> hook;
};

SipKey make_random_key() noexcept {
  SipKey key;
  if (getrandom(&key, sizeof key, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof key)) return key;
  // Only before the kernel's pool is ready; unguessable enough from outside the machine.
  key.low = static_cast<std::uint64_t>(read_clock_ns(CLOCK_REALTIME)) * 0x9E3779B97F4A7C15ULL;
  key.high = ticks_now() ^ static_cast<std::uint64_t>(getpid()) << 40U;
  return key;
}

Policy& policy() noexcept {
  static Policy* const instance = [] {
    auto* made = std::make_unique<Policy>().release();
    made->random_key = make_random_key();
    made->key_low = made->random_key.low;
    made->key_high = made->random_key.high;
    return made;
  }();
  return *instance;
}

/// A key of any text: two hashes under fixed keys. The text is the secret, not the derivation.
SipKey derive_key(std::string_view text) noexcept {
  return {sip_hash({1, 0}, text), sip_hash({2, 0}, text)};
}

std::shared_ptr<const RedactionHook> current_hook() {
  Policy& now = policy();
  const std::lock_guard lock(now.mutex);
  return now.hook;
}

}  // namespace

void configure_content(const Config& config) noexcept {
  Policy& now = policy();
  now.captures.store(config.captures_content, std::memory_order_relaxed);
  now.uses_openinference.store(config.uses_openinference, std::memory_order_relaxed);
  const SipKey key =
      config.content_hash_key.empty() ? now.random_key : derive_key(config.content_hash_key);
  now.key_low.store(key.low, std::memory_order_relaxed);
  now.key_high.store(key.high, std::memory_order_relaxed);
}

bool uses_openinference() noexcept {
  return policy().uses_openinference.load(std::memory_order_relaxed);
}

std::uint64_t content_hash(std::string_view text) noexcept {
  const Policy& now = policy();
  return sip_hash(
      {now.key_low.load(std::memory_order_relaxed), now.key_high.load(std::memory_order_relaxed)},
      text);
}

std::optional<std::string> capture(std::string_view attribute, std::string_view text) noexcept try {
  const Policy& now = policy();
  if (!now.captures.load(std::memory_order_relaxed)) return std::nullopt;
  std::optional<std::string> kept;
  const auto hook = now.has_hook.load(std::memory_order_acquire) ? current_hook() : nullptr;
  if (hook != nullptr) {
    kept = (*hook)(Content{attribute, text});
  } else {
    kept.emplace(cut_text(text, kMaxContentBytes));
  }
  if (kept && kept->size() > kMaxContentBytes) {
    kept->resize(cut_text(*kept, kMaxContentBytes).size());
  }
  return kept;
} catch (...) {
  return std::nullopt;
}

void set_hash(const SpanRef& span, std::string_view key, std::uint64_t hash) noexcept {
  constexpr char kDigits[] = "0123456789abcdef";
  char digits[16];
  for (std::size_t i = 0; i < sizeof digits; ++i) {
    digits[i] = kDigits[hash >> (60U - 4U * i) & 0xFU];
  }
  span.set_attribute(key, std::string_view(digits, sizeof digits));
}

void set_digest(const SpanRef& span, const ContentKey& key, std::size_t length,
                std::uint64_t hash) noexcept {
  span.set_attribute(key.length, length);
  set_hash(span, key.hash, hash);
}

bool set_content(const SpanRef& span, const ContentKey& key, std::string_view text) noexcept {
  if (!span.is_recording()) return false;
  if (const std::optional<std::string> kept = capture(key.attribute, text)) {
    span.set_attribute(key.attribute, *kept);
    return true;
  }
  set_digest(span, key, text.size(), content_hash(text));
  return false;
}

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

void set_redaction_hook(RedactionHook hook) noexcept try {
  auto shared = hook ? std::make_shared<const RedactionHook>(std::move(hook)) : nullptr;
  sdk::Policy& now = sdk::policy();
  const std::lock_guard lock(now.mutex);
  now.has_hook.store(shared != nullptr, std::memory_order_release);
  now.hook.swap(shared);
} catch (...) {
  // Without memory for the hook nothing may be captured that it was to see.
  sdk::policy().captures.store(false, std::memory_order_relaxed);
}

bool captures_content() noexcept { return sdk::policy().captures.load(std::memory_order_relaxed); }

}  // namespace v1
}  // namespace binnacle
