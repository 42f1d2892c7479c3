/// Model files that attack one field each: what was used against loaders like ours, and what could be.
///
/// Used by unit tests in memory and, through hostile_gguf_writer, by the end-to-end tests against the real program.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lacuna::engine::gguf {

/// The first part of loading that must refuse the file; all before it accept it.
enum class Stage { container, tokenizer, model };

struct HostileFile {
  std::string name;  ///< of the field, fit for a file name
  Stage stage;
  std::string mention;  ///< a part of the message: the field, or its value
  std::function<std::string()> make;
};

std::vector<HostileFile> hostile_files();

}  // namespace lacuna::engine::gguf
