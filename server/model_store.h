/// The models on this machine: a catalogue of names, the files in the cache, and the user's own files under names of
/// theirs.
///
/// Plain functions over files, for any thread; nothing here goes to the network. Fetching is in server/models/.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/environment.h"
#include "support/result.h"

namespace lacuna::server {

struct CatalogueEntry {
  std::string_view name;         ///< "qwen2.5-coder-0.5b"
  std::string_view description;  ///< one line, for people
  std::string_view file_name;    ///< in the cache
  uint64_t bytes;
  std::string_view sha256;
  std::string_view license;
};

std::span<const CatalogueEntry> catalogue();
inline constexpr std::string_view kDefaultModel = "qwen2.5-coder-0.5b";

/// The file of a catalogue name, of a name given to `model add`, or of a path (anything with a '/' or ending in .gguf).
/// Empty: the default model. Errors: not_found, whose message says how to get it; corrupt (a wrong size).
Result<std::string> resolve_model(std::string_view name_or_path, const Environment& environment);

/// The folder of the cache that holds the models' files.
std::string models_folder(const Environment& environment);

/// The folder of the cache that holds repacked weights (engine/sidecar/).
std::string sidecar_folder(const Environment& environment);

/// A model that the user named: `model add`, or `model pull --url`. Kept in the cache's models.json.
struct ModelRecord {
  std::string name;
  std::string file;  ///< absolute
  uint64_t bytes = 0;
  std::string sha256;
  std::string source;  ///< the address it was pulled from; empty: a file that the user brought
};

enum class ModelState { present, absent, wrong_size };

constexpr const char* name_of(ModelState state) {
  constexpr const char* names[] = {"present", "absent", "wrong_size"};
  return names[static_cast<int>(state)];
}

struct StoredModel {
  ModelRecord record;
  ModelState state = ModelState::absent;
  std::string description;
  std::string license;  ///< of catalogue models
  bool in_catalogue = false;
  bool is_default = false;
};

/// The catalogue first, then the user's own, by name. Errors: io, corrupt (models.json).
Result<std::vector<StoredModel>> list_models(const Environment& environment);
/// One of them. Errors: not_found too.
Result<StoredModel> find_model(std::string_view name, const Environment& environment);

/// Remembers a record, replacing one of the same name. Errors: invalid_argument (a name of the catalogue), io, corrupt.
Result<void> record_model(const ModelRecord& record, const Environment& environment);

/// Checks that `file` is a GGUF file, and records it with its size and sum. The file stays where it is.
/// `on_read` as for sha256_of_file().
Result<ModelRecord> add_model(const std::string& file, const std::string& name, const Environment& environment,
                              const std::function<bool(uint64_t)>& on_read = {});

/// Reads the whole file. Errors: not_found, io, corrupt (size or sum differ: both are in the message), cancelled.
Result<void> verify_model(const StoredModel& model, const std::function<bool(uint64_t)>& on_read = {});

/// Deletes a file of the cache with its repacked weights, and what a broken download left; of a file that the user
/// brought, only the record and the repacked weights.
/// Returns the bytes that became free. Errors: not_found (neither a file nor a record), io, corrupt.
Result<uint64_t> remove_model(std::string_view name, const Environment& environment);

}  // namespace lacuna::server
