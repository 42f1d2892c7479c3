/// Loading a model for a command that runs it on its own thread, without an editor.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "server/common_options.h"
#include "server/environment.h"
#include "support/result.h"

namespace lacuna::server {

struct LoadedEngine {
  std::unique_ptr<engine::Engine> engine;
  std::string path;
  double load_ms = 0;
};

/// With what a command loads the model file at `path`. Its sidecar is saved before the model is ready: a command ends too
/// soon to do that behind the scenes, and it would disturb what is measured.
engine::EngineOptions engine_options(const std::string& path, const CommonOptions& common,
                                     const Environment& environment);

/// The model that `common` names, with room for one sequence of `context_tokens`.
Result<LoadedEngine> load_engine(const CommonOptions& common, int context_tokens, const Environment& environment);

}  // namespace lacuna::server
