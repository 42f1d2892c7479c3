/// Small models with random weights, of each architecture and tensor type, as files that the engine loads.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/quant_blocks.h"
#include "tests/engine/gguf_builder.h"

namespace lacuna::engine {

struct RandomModel {
  std::string architecture = "qwen2";
  kernels::TensorType type = kernels::TensorType::q8_0;  ///< of the matrices
  bool tied = false;                                     ///< no output.weight
  int num_layers = 2;
  int width = 256;         ///< a multiple of the type's block
  int feed_forward = 512;  ///< likewise
  int num_heads = 4;
  int num_kv_heads = 2;
  int context_length = 256;
  int window = 0;      ///< 0: the file names none
  int full_every = 0;  ///< the pattern in the file; 0: it names none
  uint32_t seed = 1;
};

gguf::GgufBuilder build_random_model(const RandomModel& model);

/// `count` weights of about the given size: random bits in blocks with sane scales.
std::string random_weights(kernels::TensorType type, uint64_t count, float size, uint32_t seed);

/// A file in the build folder, removed at the end of its life.
class ModelFile {
 public:
  explicit ModelFile(const gguf::GgufBuilder& builder);
  explicit ModelFile(const RandomModel& model) : ModelFile(build_random_model(model)) {}
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;
  ~ModelFile();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace lacuna::engine
