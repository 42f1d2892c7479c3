/// Options that every subcommand takes.
#pragma once

#include <string>

namespace lacuna::server {

struct CommonOptions {
  std::string model;         ///< a catalogue name or a file; empty: the default model
  int num_threads = 0;       ///< 0: one for each core worth using
  std::string isa = "auto";  ///< "auto", "scalar", "avx2", "avx512"
  std::string log_file;      ///< empty: stderr
  bool json = false;         ///< machine-readable output, where a command has one
};

}  // namespace lacuna::server
