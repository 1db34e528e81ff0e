#include "sdk/propagators.h"

#include "sdk/w3c_headers.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace binnacle::sdk {

namespace {

using detail::Propagators;

constexpr Propagators make_set(std::initializer_list<PropagatorKind> kinds) noexcept {
  Propagators set;
  for (const PropagatorKind kind : kinds) set.add({.kind = kind});
  return set;
}

constexpr std::pair<std::string_view, PropagatorKind> kKindNames[] = {
    {"tracecontext", PropagatorKind::kTraceContext},
    {"baggage", PropagatorKind::kBaggage},
    {"b3", PropagatorKind::kB3},
    {"b3multi", PropagatorKind::kB3Multi},
    {"jaeger", PropagatorKind::kJaeger},
    {"datadog", PropagatorKind::kDatadog},
};

/// Indexed by kind.
constexpr Propagators kSingles[] = {
    make_set({PropagatorKind::kTraceContext}), make_set({PropagatorKind::kBaggage}),
    make_set({PropagatorKind::kB3}),           make_set({PropagatorKind::kB3Multi}),
    make_set({PropagatorKind::kJaeger}),       make_set({PropagatorKind::kDatadog}),
};
constexpr Propagators kNone;
constexpr Propagators kDefault =
    make_set({PropagatorKind::kTraceContext, PropagatorKind::kBaggage});

constinit std::atomic<const Propagators*> g_configured{&kDefault};

/// Never destroyed: headers may be read while the process exits.
struct Registry {
  std::mutex mutex;  // guards what follows
  std::vector<std::pair<std::string, std::shared_ptr<const TextMapPropagator>>> named;
  std::vector<std::unique_ptr<const Propagators>> sets;          // every one that was ever used
  std::vector<std::shared_ptr<const TextMapPropagator>> in_use;  // what those point at
};

Registry& registry() {
  static Registry* const instance = std::make_unique<Registry>().release();
  return *instance;
}

std::shared_ptr<const TextMapPropagator> find_named(std::string_view name) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (const auto& [known, propagator] : all.named) {
    if (known == name) return propagator;
  }
  return nullptr;
}

Propagators make_set(const Config& config) {
  Propagators set;
  std::size_t next = 0;
  const auto add_custom = [&] {
    if (next == config.custom_propagators.size()) return;
    if (const auto& custom = config.custom_propagators[next++]) set.add({.custom = custom.get()});
  };
  for (const PropagatorKind kind : config.propagators) {
    if (kind == PropagatorKind::kCustom) {
      add_custom();
    } else {
      set.add({.kind = kind});
    }
  }
  while (next < config.custom_propagators.size()) add_custom();
  return set;
}

}  // namespace

void use_propagators(const Config& config) {
  const Propagators set = make_set(config);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (const auto& custom : config.custom_propagators) {
    if (custom != nullptr &&
        std::find(all.in_use.begin(), all.in_use.end(), custom) == all.in_use.end()) {
      all.in_use.push_back(custom);
    }
  }
  const Propagators* in_use = nullptr;
  for (const auto& known : all.sets) {
    if (*known == set) in_use = known.get();
  }
  if (in_use == nullptr) {
    in_use = all.sets.emplace_back(std::make_unique<const Propagators>(set)).get();
  }
  g_configured.store(in_use, std::memory_order_release);
}

void read_propagators(std::string_view list, Config& config,
                      const std::function<void(std::string_view)>& warn) {
  std::vector<PropagatorKind> kinds;
  std::vector<std::shared_ptr<const TextMapPropagator>> customs;
  bool is_none = false;
  while (!list.empty()) {
    const std::string_view name = next_member(list);
    const auto known = std::find_if(std::begin(kKindNames), std::end(kKindNames),
                                    [&](const auto& entry) { return entry.first == name; });
    if (known != std::end(kKindNames)) {
      kinds.push_back(known->second);
    } else if (auto custom = find_named(name)) {
      kinds.push_back(PropagatorKind::kCustom);
      customs.push_back(std::move(custom));
    } else if (name == "none") {
      is_none = true;
    } else if (!name.empty()) {
      warn("OTEL_PROPAGATORS: " + std::string(name) +
           " is not known (tracecontext, baggage, b3, b3multi, jaeger, datadog, none, or a name "
           "given to register_propagator()); it is skipped");
    }
  }
  if (kinds.empty() && !is_none) return;
  config.propagators = std::move(kinds);
  config.custom_propagators = std::move(customs);
}

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

TextMapPropagator::~TextMapPropagator() = default;

bool register_propagator(std::string_view name,
                         std::shared_ptr<const TextMapPropagator> propagator) noexcept try {
  const bool is_built_in = std::any_of(std::begin(sdk::kKindNames), std::end(sdk::kKindNames),
                                       [&](const auto& entry) { return entry.first == name; });
  if (propagator == nullptr || is_built_in || name == "none" || !sdk::is_token(name)) return false;
  sdk::Registry& all = sdk::registry();
  const std::lock_guard lock(all.mutex);
  for (auto& [known, current] : all.named) {
    if (known == name) return current = std::move(propagator), true;
  }
  all.named.emplace_back(name, std::move(propagator));
  return true;
} catch (const std::exception&) {  // out of memory
  return false;
}

namespace detail {

const Propagators& configured_propagators() noexcept {
  return *sdk::g_configured.load(std::memory_order_acquire);
}

const Propagators& only_propagator(PropagatorKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < std::size(sdk::kSingles) ? sdk::kSingles[index] : sdk::kNone;
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
