/// What main() took from the process's environment. Nothing below main reads environment variables.
#pragma once

#include <string>

namespace lacuna::server {

struct Environment {
  std::string home;
  std::string cache_directory;   ///< $XDG_CACHE_HOME/lacuna or ~/.cache/lacuna; models live in its models/
  std::string config_directory;  ///< $XDG_CONFIG_HOME/lacuna or ~/.config/lacuna
  std::string python;            ///< $LACUNA_PYTHON, or "python3": whose pip `model pull` uses
  std::string path;              ///< $PATH
  bool no_color = false;         ///< $NO_COLOR is set
};

}  // namespace lacuna::server
