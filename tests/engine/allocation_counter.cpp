#include "tests/engine/allocation_counter.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<size_t> live_bytes = 0;
std::atomic<size_t> peak_bytes = 0;
std::atomic<size_t> num_allocations = 0;

void* counted(void* memory) {
  if (memory == nullptr) std::abort();
  num_allocations += 1;
  const size_t now = live_bytes += malloc_usable_size(memory);
  if (now > peak_bytes) peak_bytes = now;
  return memory;
}

void release(void* memory) {
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

// All other forms of new and delete end in these.
void* operator new(size_t size) {
  return counted(std::malloc(std::max<size_t>(size, 1)));
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, size_t) noexcept {
  release(memory);
}

namespace lacuna::testing {

AllocationPeak::AllocationPeak() : start_(live_bytes) {
  peak_bytes = start_;
}

size_t AllocationPeak::bytes() const {
  return peak_bytes > start_ ? peak_bytes - start_ : 0;
}

AllocationCount::AllocationCount() : start_(num_allocations) {}

size_t AllocationCount::allocations() const {
  return num_allocations - start_;
}

}  // namespace lacuna::testing
