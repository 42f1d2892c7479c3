/// How fast this machine's memory can be read: what a model's decoding is held against, as it reads all its weights for
/// every token.
#pragma once

#include <cstddef>

#include "support/result.h"

namespace lacuna::server {

/// Bytes a second (1e9 of them are a GB) of `num_threads` threads, each reading its own part of `bytes` from one end to
/// the other, over all of `passes`: where others use the same memory, decoding cannot choose its moments either.
/// `bytes` must be well beyond the caches. Errors: exhausted.
Result<double> measure_memory_read(int num_threads, size_t bytes, int passes);

/// A size beyond the caches of today's processors, and at most a quarter of the machine's memory.
size_t memory_read_bytes();

}  // namespace lacuna::server
