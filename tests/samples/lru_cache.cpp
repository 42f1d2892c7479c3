// A cache that forgets what was not used for the longest time.
#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

template <class Key, class Value>
class LruCache {
 public:
  explicit LruCache(std::size_t capacity) : capacity_(capacity) {}

  std::optional<Value> get(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) {
      ++misses_;
      return std::nullopt;
    }
    ++hits_;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->second;
  }

  void put(const Key& key, Value value) {
    if (const auto found = index_.find(key); found != index_.end()) {
      found->second->second = std::move(value);
      entries_.splice(entries_.begin(), entries_, found->second);
      return;
    }
    if (entries_.size() == capacity_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(value));
    index_.emplace(key, entries_.begin());
  }

  Value get_or_make(const Key& key, const std::function<Value(const Key&)>& make) {
    if (auto cached = get(key)) return *cached;
    Value value = make(key);
    put(key, value);
    return value;
  }

  std::size_t size() const { return entries_.size(); }

  double hit_rate() const {
    const auto total = hits_ + misses_;
    return total == 0 ? 0.0 : static_cast<double>(hits_) / static_cast<double>(total);
  }

  void clear() {
    entries_.clear();
    index_.clear();
    hits_ = 0;
    misses_ = 0;
  }

 private:
  using Entry = std::pair<Key, Value>;

  std::size_t capacity_;
  std::size_t hits_ = 0;
  std::size_t misses_ = 0;
  std::list<Entry> entries_;
  std::unordered_map<Key, typename std::list<Entry>::iterator> index_;
};

int main() {
  LruCache<std::string, int> cache(2);
  cache.put("one", 1);
  cache.put("two", 2);
  cache.get("one");
  cache.put("three", 3);
  return cache.get("two").has_value() ? 1 : 0;
}
