/// BlockPool: who holds which physical KV block.
///
/// A block is free (worth nothing), cached (nobody holds it, but its contents may be reused) or in use (one or more
/// holders). allocate() takes free blocks first and then the cached block that was used longest ago. The pool does not
/// know what blocks contain: PrefixIndex does. Engine thread only; all calls are O(1).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lacuna::engine {

class BlockPool {
 public:
  explicit BlockPool(int num_blocks);

  int num_blocks() const { return static_cast<int>(blocks_.size()); }
  /// Blocks that allocate() can still give: free and cached ones.
  int num_available() const { return static_cast<int>(free_.size()) + num_cached_; }
  int num_cached() const { return num_cached_; }

  /// A block with one holder. It may have been a cached one: the caller forgets its contents. Nothing if all are in
  /// use.
  std::optional<int32_t> allocate();
  /// One more holder, of a block that is in use or cached.
  void retain(int32_t block);
  /// One holder less. With the last one gone the block becomes cached if `keep`, and free otherwise.
  void release(int32_t block, bool keep);
  /// Cached becomes free.
  void drop_cached(int32_t block);

  int num_holders(int32_t block) const { return at(block).holders; }
  bool is_cached(int32_t block) const { return at(block).cached; }

  /// Aborts if the lists and the counts contradict each other.
  void check_integrity() const;

 private:
  /// A node of the list of cached blocks, in order of release; -1 ends it.
  struct Block {
    int32_t holders = 0;
    bool cached = false;
    int32_t previous = -1;
    int32_t next = -1;
  };

  const Block& at(int32_t block) const;
  Block& at(int32_t block);
  void append_cached(int32_t block);
  void unlink_cached(int32_t block);

  std::vector<Block> blocks_;
  std::vector<int32_t> free_;
  int32_t oldest_cached_ = -1;
  int32_t newest_cached_ = -1;
  int num_cached_ = 0;
};

}  // namespace lacuna::engine
