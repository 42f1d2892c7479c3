/// hostile_gguf_writer DIR: writes every hostile model file as DIR/NAME.gguf.
#include <cstdio>
#include <filesystem>
#include <string>

#include "support/os.h"
#include "tests/engine/hostile_gguf.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: hostile_gguf_writer DIR\n", stderr);
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (const auto& file : lacuna::engine::gguf::hostile_files()) {
    const auto written = lacuna::os::write_file_atomically((folder / (file.name + ".gguf")).string(), file.make());
    if (!written) {
      std::fprintf(stderr, "%s\n", written.error().message.c_str());
      return 1;
    }
  }
  return 0;
}
