/// What the model tests share: a folder that goes away, wheels made on the spot, and a stand-in for Python's pip.
#pragma once

#include <zip.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "doctest/doctest.h"
#include "server/environment.h"
#include "server/models/sha256.h"
#include "tests/temporary_folder.h"

namespace lacuna::server {

using testing::TemporaryFolder;

inline void write_text(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string sha256_of(const std::string& text) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(text)));
  return hash.finish();
}

using Members = std::vector<std::pair<std::string, std::string>>;  // name in the archive, contents

/// Members are stored uncompressed, so that a test can find their bytes in the file and change them.
inline void write_wheel(const std::string& path, const Members& members) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  REQUIRE(archive != nullptr);
  for (const auto& [name, contents] : members) {
    zip_source_t* source = zip_source_buffer(archive, contents.data(), contents.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    REQUIRE(index >= 0);
    REQUIRE(zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) == 0);
  }
  REQUIRE(zip_close(archive) == 0);
}

/// Changes one byte of `contents` where it lies in the file.
inline void damage(const std::string& path, const std::string& contents) {
  std::string bytes = read_text(path);
  const size_t at = bytes.find(contents);
  REQUIRE(at != std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  write_text(path, bytes);
}

inline Environment environment_in(const TemporaryFolder& folder) {
  Environment environment;
  environment.home = folder.path();
  environment.cache_directory = folder / "cache";
  environment.config_directory = folder / "config";
  environment.python = "python3";
  return environment;
}

/// The smallest file that is GGUF: version 3, no tensors, no metadata.
inline std::string empty_gguf() {
  std::string bytes = "GGUF";
  bytes += std::string("\x03\0\0\0", 4);
  bytes += std::string(16, '\0');
  return bytes;
}

}  // namespace lacuna::server
