#include "engine/cache/block_pool.h"

#include "support/check.h"

namespace lacuna::engine {

BlockPool::BlockPool(int num_blocks) {
  LACUNA_CHECK(num_blocks > 0);
  blocks_.resize(static_cast<size_t>(num_blocks));
  free_.reserve(blocks_.size());
  for (int32_t block = num_blocks - 1; block >= 0; --block) free_.push_back(block);
}

const BlockPool::Block& BlockPool::at(int32_t block) const {
  LACUNA_CHECK(block >= 0 && block < num_blocks());
  return blocks_[static_cast<size_t>(block)];
}

BlockPool::Block& BlockPool::at(int32_t block) {
  LACUNA_CHECK(block >= 0 && block < num_blocks());
  return blocks_[static_cast<size_t>(block)];
}

std::optional<int32_t> BlockPool::allocate() {
  int32_t block = oldest_cached_;
  if (!free_.empty()) {
    block = free_.back();
    free_.pop_back();
  } else if (block >= 0) {
    unlink_cached(block);
  } else {
    return std::nullopt;
  }
  at(block).holders = 1;
  return block;
}

void BlockPool::retain(int32_t block) {
  if (at(block).cached)
    unlink_cached(block);
  else
    LACUNA_CHECK(at(block).holders > 0);
  at(block).holders += 1;
}

void BlockPool::release(int32_t block, bool keep) {
  LACUNA_CHECK(at(block).holders > 0);
  at(block).holders -= 1;
  if (at(block).holders > 0) return;
  if (keep)
    append_cached(block);
  else
    free_.push_back(block);
}

void BlockPool::drop_cached(int32_t block) {
  unlink_cached(block);
  free_.push_back(block);
}

void BlockPool::append_cached(int32_t block) {
  Block& node = at(block);
  node.cached = true;
  node.previous = newest_cached_;
  node.next = -1;
  if (newest_cached_ >= 0)
    at(newest_cached_).next = block;
  else
    oldest_cached_ = block;
  newest_cached_ = block;
  num_cached_ += 1;
}

void BlockPool::unlink_cached(int32_t block) {
  Block& node = at(block);
  LACUNA_CHECK(node.cached);
  if (node.previous >= 0)
    at(node.previous).next = node.next;
  else
    oldest_cached_ = node.next;
  if (node.next >= 0)
    at(node.next).previous = node.previous;
  else
    newest_cached_ = node.previous;
  node.cached = false;
  node.previous = node.next = -1;
  num_cached_ -= 1;
}

void BlockPool::check_integrity() const {
  std::vector<int> seen(blocks_.size(), 0);
  for (int32_t block : free_) {
    LACUNA_CHECK(at(block).holders == 0 && !at(block).cached);
    LACUNA_CHECK(++seen[static_cast<size_t>(block)] == 1);
  }
  int cached = 0;
  int32_t previous = -1;
  for (int32_t block = oldest_cached_; block >= 0; block = at(block).next) {
    LACUNA_CHECK(at(block).holders == 0 && at(block).cached && at(block).previous == previous);
    LACUNA_CHECK(++seen[static_cast<size_t>(block)] == 1);
    previous = block;
    cached += 1;
  }
  LACUNA_CHECK(previous == newest_cached_ && cached == num_cached_);
  for (size_t block = 0; block < blocks_.size(); ++block) {
    LACUNA_CHECK((seen[block] == 0) == (blocks_[block].holders > 0));
  }
}

}  // namespace lacuna::engine
