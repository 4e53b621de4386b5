#pragma once

// An immutable radix tree over byte strings: copying a tree copies a pointer,
// an update shares every untouched node with the copies, and a reader of a
// copy needs no lock. An update edits in place what nobody else can see (a
// path whose nodes have one owner each), so a batch of updates between two
// copies pays for the shared path once. (Bagwell's persistent tries; the
// layout is the adaptive radix tree's, without its node sizes.)

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::storage {

/// Value must be cheap to copy (a shared pointer, a number) and have a
/// default. Keys are ordered by their bytes.
template <class Value>
class radix_tree {
  struct node;

  // Counts owners. A count of one, seen by that owner, means "mine alone".
  class ref {
  public:
    ref() = default;
    explicit ref(node* raw) : raw_(raw) {}
    ref(const ref& other) : raw_(other.raw_) {
      if (raw_)
        raw_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    ref(ref&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    ref& operator=(ref other) noexcept {
      std::swap(raw_, other.raw_);
      return *this;
    }
    ~ref() {
      if (raw_ && raw_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete raw_;
    }
    node* operator->() const { return raw_; }
    node& operator*() const { return *raw_; }
    explicit operator bool() const { return raw_ != nullptr; }
    // Makes the node ours alone, by a copy when somebody else sees it.
    node& own() {
      PRAETOR_ASSERT(raw_);
      if (raw_->owners.load(std::memory_order_acquire) != 1)
        *this = ref{new node(*raw_)};
      return *raw_;
    }

  private:
    node* raw_ = nullptr;
  };

  struct node {
    node() = default;
    node(const node& other)
        : prefix(other.prefix), occupied(other.occupied), value(other.value),
          children(other.children) {}

    std::atomic<std::uint32_t> owners{1};
    std::string prefix; // the bytes between the parent and here
    bool occupied = false;
    Value value{};
    std::vector<ref> children; // ordered by the first byte of their prefix
  };

public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// The value at the key, or null. Valid while this tree is unchanged.
  const Value* find(std::string_view key) const {
    auto* at = &root_;
    for (;;) {
      if (!*at || !key.starts_with((*at)->prefix))
        return nullptr;
      key.remove_prefix((*at)->prefix.size());
      if (key.empty())
        return (*at)->occupied ? &(*at)->value : nullptr;
      at = child(**at, key[0]);
      if (!at)
        return nullptr;
    }
  }

  /// Sets the value at the key; true when the key is new.
  bool put(std::string_view key, Value value) {
    bool added = insert(root_, key, std::move(value));
    size_ += added ? 1 : 0;
    return added;
  }

  /// Removes the key; false when it was not there.
  bool erase(std::string_view key) {
    if (!find(key))
      return false;
    remove(root_, key);
    PRAETOR_ASSERT(size_ > 0);
    --size_;
    return true;
  }

  /// Visits (key, value) in the order of the keys that begin with `prefix`,
  /// until the visitor returns false.
  template <class Visitor>
  void each(std::string_view prefix, Visitor&& visit) const {
    auto* at = &root_;
    std::string key;
    auto rest = prefix;
    while (*at) {
      auto& part = (*at)->prefix;
      if (rest.size() <= part.size()) {
        if (part.starts_with(rest))
          walk(**at, key, visit);
        return;
      }
      if (!rest.starts_with(part))
        return;
      key += part;
      rest.remove_prefix(part.size());
      at = child(**at, rest[0]);
      if (!at)
        return;
    }
  }

  /// Visits (key, value) in the order of the keys, from the first one that is
  /// not before `from`, until the visitor returns false. `next_after` of the
  /// last key seen goes on from there.
  template <class Visitor>
  void each_from(std::string_view from, Visitor&& visit) const {
    std::string key;
    if (root_)
      walk_from(*root_, key, from, visit);
  }

  /// True when both share every node: the same version.
  bool same(const radix_tree& other) const {
    return root_.operator->() == other.root_.operator->();
  }

private:
  static const ref* child(const node& parent, char first) {
    auto at = position(parent, first);
    return at != parent.children.end() && (*at)->prefix[0] == first ? &*at
                                                                    : nullptr;
  }

  static auto position(const node& parent, char first) {
    return std::lower_bound(parent.children.begin(), parent.children.end(),
                            first, [](const ref& one, char c) {
                              return static_cast<unsigned char>(
                                         one->prefix[0]) <
                                     static_cast<unsigned char>(c);
                            });
  }

  static ref make_leaf(std::string_view prefix, Value value) {
    ref leaf{new node};
    leaf->prefix = prefix;
    leaf->occupied = true;
    leaf->value = std::move(value);
    return leaf;
  }

  // Splits `at` so that its prefix becomes the first `length` bytes.
  static void split(ref& at, std::size_t length) {
    PRAETOR_ASSERT(length < at->prefix.size());
    auto& lower = at.own();
    ref upper{new node};
    upper->prefix = lower.prefix.substr(0, length);
    lower.prefix.erase(0, length);
    upper->children.reserve(2);
    upper->children.push_back(std::move(at));
    at = std::move(upper);
  }

  static bool insert(ref& at, std::string_view key, Value value) {
    if (!at) {
      at = make_leaf(key, std::move(value));
      return true;
    }
    auto common = static_cast<std::size_t>(std::mismatch(key.begin(), key.end(),
                                                         at->prefix.begin(),
                                                         at->prefix.end())
                                               .first -
                                           key.begin());
    if (common < at->prefix.size())
      split(at, common);
    auto& here = at.own();
    key.remove_prefix(common);
    if (key.empty()) {
      bool added = !here.occupied;
      here.occupied = true;
      here.value = std::move(value);
      return added;
    }
    auto place = position(here, key[0]);
    auto offset = place - here.children.begin();
    if (place != here.children.end() && (*place)->prefix[0] == key[0])
      return insert(here.children[static_cast<std::size_t>(offset)], key,
                    std::move(value));
    here.children.insert(here.children.begin() + offset,
                         make_leaf(key, std::move(value)));
    return true;
  }

  // The key is known to be below `at`. Leaves no node that is neither
  // occupied nor a fork.
  static void remove(ref& at, std::string_view key) {
    auto& here = at.own();
    PRAETOR_ASSERT(key.starts_with(here.prefix));
    key.remove_prefix(here.prefix.size());
    if (key.empty()) {
      here.occupied = false;
      here.value = Value{};
    } else {
      auto offset = static_cast<std::size_t>(position(here, key[0]) -
                                             here.children.begin());
      PRAETOR_ASSERT(offset < here.children.size());
      remove(here.children[offset], key);
      if (!here.children[offset])
        here.children.erase(here.children.begin() +
                            static_cast<std::ptrdiff_t>(offset));
    }
    if (here.occupied)
      return;
    if (here.children.empty()) {
      at = ref{};
    } else if (here.children.size() == 1) {
      auto only = here.children[0];
      here.children.clear();
      auto& merged = only.own();
      merged.prefix.insert(0, here.prefix);
      at = std::move(only);
    }
  }

  template <class Visitor>
  static bool walk(const node& at, std::string& key, Visitor& visit) {
    auto length = key.size();
    key += at.prefix;
    bool go_on = !at.occupied || visit(std::as_const(key), at.value);
    for (auto one = at.children.begin(); go_on && one != at.children.end();
         ++one)
      go_on = walk(**one, key, visit);
    key.resize(length);
    return go_on;
  }

  // `from` is what is left of it below `key`.
  template <class Visitor>
  static bool walk_from(const node& at, std::string& key, std::string_view from,
                        Visitor& visit) {
    auto& part = at.prefix;
    auto common = static_cast<std::size_t>(
        std::mismatch(from.begin(), from.end(), part.begin(), part.end())
            .first -
        from.begin());
    if (common == from.size())
      return walk(at, key, visit);
    // string_view compares bytes as unsigned, as the tree orders them.
    if (common < part.size())
      return std::string_view(part) < from || walk(at, key, visit);
    from.remove_prefix(common);
    PRAETOR_ASSERT(!from.empty());
    auto length = key.size();
    key += part;
    bool go_on = true;
    auto one = position(at, from[0]);
    if (one != at.children.end() && (*one)->prefix[0] == from[0]) {
      go_on = walk_from(**one, key, from, visit);
      ++one;
    }
    for (; go_on && one != at.children.end(); ++one)
      go_on = walk(**one, key, visit);
    key.resize(length);
    return go_on;
  }

  ref root_;
  std::size_t size_ = 0;
};

/// The first key behind the given one, in the order of their bytes.
inline std::string next_after(std::string key) {
  key += '\0';
  return key;
}

} // namespace praetor::storage
