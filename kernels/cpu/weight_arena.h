/// WeightArena: where repacked weights live: a few large pieces of memory on huge pages.
///
/// A forward pass reads every weight once; on small pages a third of that time goes into address translation. Pieces
/// are never given back before the arena is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/aligned_buffer.h"
#include "support/os.h"

namespace lacuna::kernels {

class WeightArena {
 public:
  /// Zeroed and on a cache line, or null if there is no memory.
  std::byte* allocate(uint64_t size) {
    const uint64_t rounded =
        (size + AlignedBuffer::kAlignment - 1) / AlignedBuffer::kAlignment * AlignedBuffer::kAlignment;
    if (rounded < size || (rounded > left_ && !add_piece(rounded))) return nullptr;
    std::byte* memory = next_;
    next_ += rounded;
    left_ -= rounded;
    return memory;
  }

 private:
  static constexpr uint64_t kPieceBytes = uint64_t{64} << 20;

  bool add_piece(uint64_t least) {
    constexpr uint64_t kPage = os::kHugePageBytes;
    if (least > SIZE_MAX / 2) return false;
    const uint64_t size = ((least > kPieceBytes ? least : kPieceBytes) + kPage - 1) / kPage * kPage;
    AlignedBuffer piece = AlignedBuffer::make(size + kPage);
    if (!piece) return false;
    const auto address = reinterpret_cast<uintptr_t>(piece.data());
    next_ = piece.data() + ((address + kPage - 1) / kPage * kPage - address);
    left_ = size;
    os::prefer_huge_pages(next_, size);
    pieces_.push_back(std::move(piece));
    return true;
  }

  std::vector<AlignedBuffer> pieces_;
  std::byte* next_ = nullptr;
  uint64_t left_ = 0;
};

}  // namespace lacuna::kernels
