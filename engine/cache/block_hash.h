/// Chained hashes: one 64-bit name for "everything in the context up to the end of this block".
///
/// A block's keys and values depend on all tokens before it, so a block may be reused only behind the same prefix. The
/// hash of a full block covers the hash of the block before it; the first block's predecessor is a root that stands for
/// all else that the values depend on (the model, the window group of the layers, the adapter).
#pragma once

#include <cstdint>
#include <span>

#include "engine/request.h"

namespace lacuna::engine {

using BlockHash = uint64_t;

/// The finaliser of splitmix64 (Steele, Lea and Flood 2014): every input bit changes every output bit.
constexpr uint64_t mix_bits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

struct CacheIdentity {
  uint64_t model = 0;         ///< a digest of the weights and hyper-parameters
  uint32_t window_group = 0;  ///< layers that share a block table
  uint32_t adapter = 0;
};

constexpr BlockHash root_hash(const CacheIdentity& identity) {
  const uint64_t place = (uint64_t{identity.window_group} << 32) | identity.adapter;
  return mix_bits(mix_bits(identity.model + 0x9e3779b97f4a7c15ull) ^ (place + 0x632be59bd9b4e019ull));
}

constexpr BlockHash chain_hash(BlockHash parent, std::span<const TokenId> tokens) {
  BlockHash hash = mix_bits(parent ^ 0xd6e8feb86659fd93ull);
  for (TokenId token : tokens) hash = mix_bits(hash ^ (static_cast<uint32_t>(token) + 0x9e3779b97f4a7c15ull));
  return hash;
}

}  // namespace lacuna::engine
