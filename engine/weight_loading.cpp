#include "engine/weight_loading.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "support/log.h"

namespace lacuna::engine {
namespace {

/// No layout takes more than this times the file, and some room for small models, whose groups are padded.
constexpr uint64_t kMostGrowth = 6;
constexpr uint64_t kMostPadding = uint64_t{256} << 20;

kernels::BackendOptions backend_options(const EngineOptions& options, int max_rows) {
  kernels::BackendOptions backend;
  backend.num_threads = options.num_threads;
  backend.isa = options.isa;
  backend.max_rows = max_rows;
  return backend;
}

}  // namespace

Result<std::unique_ptr<WeightLoading>> WeightLoading::begin(const gguf::File& file, const ModelConfig& config,
                                                            const EngineOptions& options, int max_rows,
                                                            const std::atomic<bool>* cancel) {
  std::unique_ptr<WeightLoading> loading(
      new WeightLoading(file, config, backend_options(options, max_rows), cancel));
  LACUNA_RETURN_IF_ERROR(loading->make_backend());
  loading->open_sidecar(options);
  return loading;
}

Result<void> WeightLoading::make_backend() {
  LACUNA_ASSIGN_OR_RETURN(loaded_.backend, kernels::make_cpu_backend(options_));
  return {};
}

void WeightLoading::open_sidecar(const EngineOptions& options) {
  const kernels::PackedLayout layout = loaded_.backend->packed_layout();
  const uint64_t file_bytes = file_.bytes().size();
  if (options.sidecar_folder.empty() || layout.name.empty() || file_bytes < options.sidecar_least_bytes) return;
  std::error_code error;
  const std::string path = std::filesystem::canonical(options.model_path, error).string();
  if (error) return log::warning("no sidecar for '{}': {}", options.model_path, error.message());
  auto sidecar = Sidecar::open(options.sidecar_folder, path, identify(file_, path, layout),
                               kMostGrowth * file_bytes + kMostPadding);
  if (!sidecar.ok()) return log::warning("no sidecar for '{}': {}", options.model_path, sidecar.error().message);
  loaded_.sidecar = std::move(*sidecar);
  if (!loaded_.sidecar->filled()) return;
  // One core is left to whoever uses the time until finish().
  const int threads = std::clamp(loaded_.backend->num_threads() - 1, 1, 8);
  const auto check = [sidecar = loaded_.sidecar.get(), threads, cancel = cancel_] {
    return sidecar->check(threads, cancel);
  };
  try {
    sidecar_is_sound_ = std::async(std::launch::async, check);
  } catch (const std::system_error&) {  // no thread to be had: later, on this one
    sidecar_is_sound_ = std::async(std::launch::deferred, check);
  }
}

void WeightLoading::reject_sidecar(std::string_view reason) {
  if (!loaded_.sidecar->reject(reason).ok()) loaded_.sidecar.reset();
}

Result<WeightLoading::Loaded> WeightLoading::finish(const std::function<void(double)>& progress) {
  const bool sound = !sidecar_is_sound_.valid() || sidecar_is_sound_.get();
  if (cancel_ && cancel_->load(std::memory_order_relaxed)) return Error{ErrorCode::cancelled, "loading was cancelled"};
  if (!sound) reject_sidecar("its data are damaged");
  Result<void> done = load(progress);
  if (!done.ok() && done.error().code == ErrorCode::corrupt && loaded_.sidecar && loaded_.sidecar->filled()) {
    loaded_.backend.reset();  // before the memory that it points into
    reject_sidecar(done.error().message);
    LACUNA_RETURN_IF_ERROR(make_backend());
    done = load(progress);
  }
  LACUNA_RETURN_IF_ERROR(done);
  if (!loaded_.backend->packed_layout().name.empty()) file_.forget_data();
  return std::move(loaded_);
}

Result<void> WeightLoading::load(const std::function<void(double)>& progress) {
  if (loaded_.sidecar) loaded_.backend->keep_weights_in(*loaded_.sidecar);
  LACUNA_ASSIGN_OR_RETURN(loaded_.weights, load_weights(file_, config_, *loaded_.backend, progress, cancel_));
  return loaded_.sidecar ? loaded_.sidecar->finish() : Result<void>();
}

}  // namespace lacuna::engine
