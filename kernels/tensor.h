/// Tensor: a non-owning view of a backend's activations.
#pragma once

#include <cstdint>

namespace lacuna::kernels {

/// [rows, cols] values of f32, row-major and dense. The memory belongs to the backend that allocated it and may lie on
/// a device: only Backend::upload() and Backend::download() look inside.
struct Tensor {
  float* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;

  /// The first `count` rows.
  Tensor first_rows(int64_t count) const { return {data, count, cols}; }
  /// `count` rows from the first-th on.
  Tensor rows_from(int64_t first, int64_t count) const { return {data + first * cols, count, cols}; }
};

}  // namespace lacuna::kernels
