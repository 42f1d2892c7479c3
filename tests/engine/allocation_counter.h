/// Counts what `operator new` hands out in this test program: the proof that a small file cannot ask for much memory.
#pragma once

#include <cstddef>

namespace lacuna::testing {

/// The largest number of bytes that were allocated at one time since this object was made, beyond those before it.
class AllocationPeak {
 public:
  AllocationPeak();
  size_t bytes() const;

 private:
  size_t start_;
};

/// How often something was allocated since this object was made, on any thread.
class AllocationCount {
 public:
  AllocationCount();
  size_t allocations() const;

 private:
  size_t start_;
};

}  // namespace lacuna::testing
