#pragma once

#include "sdk/metrics/attribute_set.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

// A hash table from attributes to nodes that only grows: looked into from any thread without a lock
// (loads only, so that all cores share its lines), written by one thread at a time. Open
// addressing; when it is two thirds full a larger one replaces it, and the old ones are kept, since
// somebody may be reading them: together they are no larger than the last.

namespace binnacle::sdk {

/// `Node` has a member `const AttributeSet* attributes`.
template <typename Node>
class LookupTable {
 public:
  LookupTable() = default;
  LookupTable(const LookupTable&) = delete;
  LookupTable& operator=(const LookupTable&) = delete;

  /// The node with these attributes in this order; null if there is none.
  Node* find(std::uint64_t hash, const KeyValue* attributes, std::size_t count) const noexcept {
    const Slots* slots = current_.load(std::memory_order_acquire);
    if (slots == nullptr) return nullptr;
    for (std::size_t i = hash & slots->mask;; i = (i + 1) & slots->mask) {
      const Slot& slot = slots->items[i];
      const std::uint64_t found = slot.hash.load(std::memory_order_acquire);
      if (found == 0) return nullptr;
      if (found != hash) continue;
      Node* node = slot.node.load(std::memory_order_relaxed);
      if (node->attributes->equals(attributes, count)) return node;
    }
  }

  /// False if memory lacks. The caller sees to it that only one thread inserts.
  bool insert(Node* node) noexcept {
    if (newest_ == nullptr || size_ * 3 >= (newest_->mask + 1) * 2) {
      if (!grow()) return false;
    }
    put(*newest_, node);
    ++size_;
    return true;
  }

  std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    std::atomic<std::uint64_t> hash{0};  ///< 0: free. Written after `node`.
    std::atomic<Node*> node{nullptr};
  };
  struct Slots {
    std::size_t mask = 0;
    std::unique_ptr<Slot[]> items;
    std::unique_ptr<Slots> older;
  };
  static constexpr std::size_t kFirstSlots = 16;

  static void put(Slots& slots, Node* node) noexcept {
    const std::uint64_t hash = node->attributes->hash();
    std::size_t i = hash & slots.mask;
    while (slots.items[i].hash.load(std::memory_order_relaxed) != 0) i = (i + 1) & slots.mask;
    slots.items[i].node.store(node, std::memory_order_relaxed);
    slots.items[i].hash.store(hash, std::memory_order_release);
  }

  bool grow() noexcept {
    const std::size_t count = newest_ == nullptr ? kFirstSlots : (newest_->mask + 1) * 2;
    std::unique_ptr<Slots> larger(new (std::nothrow) Slots);
    if (larger == nullptr) return false;
    larger->items.reset(new (std::nothrow) Slot[count]);
    if (larger->items == nullptr) return false;
    larger->mask = count - 1;
    if (newest_ != nullptr) {
      for (std::size_t i = 0; i <= newest_->mask; ++i) {
        Node* node = newest_->items[i].node.load(std::memory_order_relaxed);
        if (node != nullptr) put(*larger, node);
      }
    }
    larger->older = std::move(newest_);
    newest_ = std::move(larger);
    current_.store(newest_.get(), std::memory_order_release);
    return true;
  }

  std::atomic<const Slots*> current_{nullptr};
  std::unique_ptr<Slots> newest_;
  std::size_t size_ = 0;
};

}  // namespace binnacle::sdk
