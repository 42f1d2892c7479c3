/// WeightLoading: from a checked model file to a backend that has its weights, by way of a sidecar where one is to be had.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>

#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/model_config.h"
#include "engine/model/weights.h"
#include "engine/sidecar/sidecar.h"
#include "kernels/backend.h"
#include "support/result.h"

namespace lacuna::engine {

class WeightLoading {
 public:
  /// In this order: the backend's weights lie in the sidecar.
  struct Loaded {
    std::unique_ptr<Sidecar> sidecar;  ///< null: the backend keeps them in memory of its own, or repacks none
    std::unique_ptr<kernels::Backend> backend;
    Weights weights;
  };

  /// Makes the backend and begins to check the sidecar, on threads of its own: there is time for other work until
  /// finish(). All arguments must outlive this. Errors: those of kernels::make_cpu_backend().
  static Result<std::unique_ptr<WeightLoading>> begin(const gguf::File& file, const ModelConfig& config,
                                                      const EngineOptions& options, int max_rows,
                                                      const std::atomic<bool>* cancel);

  /// Once. Errors: those of load_weights().
  Result<Loaded> finish(const std::function<void(double)>& progress);

 private:
  WeightLoading(const gguf::File& file, const ModelConfig& config, const kernels::BackendOptions& options,
                const std::atomic<bool>* cancel)
      : file_(file), config_(config), options_(options), cancel_(cancel) {}
  Result<void> make_backend();
  void open_sidecar(const EngineOptions& options);
  Result<void> load(const std::function<void(double)>& progress);
  /// The sidecar will pack; if that is impossible there is none.
  void reject_sidecar(std::string_view reason);

  const gguf::File& file_;
  const ModelConfig& config_;
  const kernels::BackendOptions options_;
  const std::atomic<bool>* cancel_;
  Loaded loaded_;
  std::future<bool> sidecar_is_sound_;
};

}  // namespace lacuna::engine
