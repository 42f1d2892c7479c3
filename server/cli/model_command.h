/// `lacuna model list | pull | add | verify | remove`.
#pragma once

#include <string>

#include "server/cli/console.h"
#include "server/environment.h"

namespace lacuna::server {

struct ModelPullOptions {
  std::string name;    ///< of the catalogue, or with `url` the name to give
  std::string url;     ///< empty: the catalogue's packages
  std::string sha256;  ///< required with `url`
  bool force = false;  ///< fetch again although it is there
  bool json_progress = false;
};

struct ModelAddOptions {
  std::string file;
  std::string name;  ///< empty: the file's name without .gguf
};

/// Each returns the process's exit code.
int run_model_list(bool json, const Environment& environment, const Console& console);
int run_model_pull(const ModelPullOptions& options, bool json, const Environment& environment, const Console& console);
int run_model_add(const ModelAddOptions& options, bool json, const Environment& environment, const Console& console);
/// An empty name verifies every model that is present.
int run_model_verify(const std::string& name, bool json, const Environment& environment, const Console& console);
int run_model_remove(const std::string& name, bool json, const Environment& environment, const Console& console);

}  // namespace lacuna::server
