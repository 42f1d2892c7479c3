#include "server/cli/load_engine.h"

#include <chrono>

#include "server/model_store.h"

namespace lacuna::server {

engine::EngineOptions engine_options(const std::string& path, const CommonOptions& common,
                                     const Environment& environment) {
  engine::EngineOptions options;
  options.model_path = path;
  options.num_threads = common.num_threads;
  options.isa = common.isa;
  options.sidecar_folder = sidecar_folder(environment);
  options.save_sidecar_first = true;
  return options;
}

Result<LoadedEngine> load_engine(const CommonOptions& common, int context_tokens, const Environment& environment) {
  LoadedEngine loaded;
  LACUNA_ASSIGN_OR_RETURN(loaded.path, resolve_model(common.model, environment));
  engine::EngineOptions options = engine_options(loaded.path, common, environment);
  options.context_tokens = context_tokens;
  options.kv_cache_bytes = 0;  // raised to what one sequence needs
  options.max_sequences = 1;
  const auto start = std::chrono::steady_clock::now();
  LACUNA_ASSIGN_OR_RETURN(loaded.engine, engine::Engine::load(options));
  loaded.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return loaded;
}

}  // namespace lacuna::server
