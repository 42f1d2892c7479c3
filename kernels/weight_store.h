/// WeightStore: where a backend keeps its repacked weights, and perhaps finds those of an earlier process.
///
/// A backend claims one section after the other, always the same ones for the same model and layout. A store that has
/// them already gives them filled, so that nothing needs to be packed. What the bytes mean is the backend's matter
/// alone; its Backend::packed_layout() tells layouts apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "support/result.h"

namespace lacuna::kernels {

class WeightStore {
 public:
  /// What is given starts on a page, and may be read (never used) this far past its end.
  static constexpr uint64_t kSlackBytes = 128;

  struct Section {
    std::byte* data;
    bool filled;  ///< holds what an earlier process packed: read-only
  };

  virtual ~WeightStore() = default;
  /// `bytes` of zeroes to be filled at once, or a section that is filled already. It stays where it is as long as the
  /// store lives. Errors: exhausted; corrupt (the earlier process has stored something else here).
  virtual Result<Section> claim(std::string_view name, uint64_t bytes) = 0;
};

}  // namespace lacuna::kernels
