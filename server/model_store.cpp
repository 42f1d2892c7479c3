#include "server/model_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/gguf/gguf_file.h"
#include "engine/sidecar/sidecar_folder.h"
#include "server/models/catalogue.h"
#include "server/models/installation.h"
#include "server/models/sha256.h"
#include "support/os.h"

namespace lacuna::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t kMaxRecordBytes = size_t{1} << 20;

std::string records_file(const Environment& environment) {
  return environment.cache_directory + "/models.json";
}

ModelState state_of(const std::string& file, uint64_t bytes) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return ModelState::absent;
  return fs::file_size(file, error) == bytes && !error ? ModelState::present : ModelState::wrong_size;
}

template <class T>
bool read_field(const Json& object, const char* name, T& value) {
  const auto found = object.find(name);
  if (found == object.end()) return false;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else if (!found->is_number_unsigned()) {
    return false;
  }
  value = found->get<T>();
  return true;
}

Result<ModelRecord> parse_record(const Json& object, const std::string& file) {
  ModelRecord record;
  if (!object.is_object() || !read_field(object, "name", record.name) || !read_field(object, "file", record.file) ||
      !read_field(object, "bytes", record.bytes) || !read_field(object, "sha256", record.sha256)) {
    return Error::format(ErrorCode::corrupt, "'{}' has an entry without name, file, bytes or sha256: mend or delete it",
                         file);
  }
  (void)read_field(object, "source", record.source);
  return record;
}

Result<std::vector<ModelRecord>> read_records(const Environment& environment) {
  const std::string file = records_file(environment);
  const Result<std::string> text = os::read_file(file, kMaxRecordBytes);
  if (!text.ok()) {
    if (text.error().code == ErrorCode::not_found) return std::vector<ModelRecord>{};
    return text.error();
  }
  const Json json = Json::parse(*text, nullptr, false);
  const auto models = json.is_object() ? json.find("models") : json.end();
  if (!json.is_object() || models == json.end() || !models->is_array()) {
    return Error::format(ErrorCode::corrupt, "'{}' is not a list of models: mend or delete it", file);
  }
  std::vector<ModelRecord> records;
  for (const Json& object : *models) {
    LACUNA_ASSIGN_OR_RETURN(ModelRecord record, parse_record(object, file));
    records.push_back(std::move(record));
  }
  return records;
}

Result<void> write_records(std::vector<ModelRecord> records, const Environment& environment) {
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  Json models = Json::array();
  for (const ModelRecord& record : records) {
    models.push_back({{"name", record.name},
                      {"file", record.file},
                      {"bytes", record.bytes},
                      {"sha256", record.sha256},
                      {"source", record.source}});
  }
  const Json json = {{"version", 1}, {"models", models}};
  return os::write_file_atomically(records_file(environment),
                                   json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// Held while models.json is read, changed and written.
class RecordsLock {
 public:
  static Result<RecordsLock> take(const Environment& environment) {
    std::error_code error;
    fs::create_directories(environment.cache_directory, error);
    const std::string path = environment.cache_directory + "/models.lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || ::flock(fd, LOCK_EX) != 0) {
      const int reason = errno;
      if (fd >= 0) ::close(fd);
      return Error::format(ErrorCode::io, "cannot lock '{}': {}", path, std::strerror(reason));
    }
    return RecordsLock(fd);
  }
  RecordsLock(RecordsLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RecordsLock& operator=(RecordsLock&&) = delete;
  ~RecordsLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit RecordsLock(int fd) : fd_(fd) {}
  int fd_;
};

StoredModel stored(const CatalogueEntry& entry, const Environment& environment) {
  StoredModel model;
  model.record = {std::string(entry.name),
                  models_folder(environment) + "/" + std::string(entry.file_name),
                  entry.bytes,
                  std::string(entry.sha256),
                  {}};
  model.state = state_of(model.record.file, entry.bytes);
  model.description = entry.description;
  model.license = entry.license;
  model.in_catalogue = true;
  model.is_default = entry.name == kDefaultModel;
  return model;
}

StoredModel stored(const ModelRecord& record) {
  StoredModel model;
  model.record = record;
  model.state = state_of(record.file, record.bytes);
  model.description = record.source.empty() ? "your own file" : "from " + record.source;
  return model;
}

std::string names_of(const std::vector<StoredModel>& models) {
  std::string names;
  for (const StoredModel& model : models) names += (names.empty() ? "" : ", ") + model.record.name;
  return names;
}

Result<std::string> resolve_path(std::string_view given, const Environment& environment) {
  std::string path(given);
  if (path.starts_with("~/")) path = environment.home + path.substr(1);  // editors' settings do not expand it
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return Error::format(ErrorCode::not_found, "there is no model file '{}'", path);
  if (!fs::is_regular_file(status))
    return Error::format(ErrorCode::invalid_argument, "'{}' is not a regular file", path);
  return path;
}

Error not_usable(const StoredModel& model) {
  const ModelRecord& record = model.record;
  const std::string mend = model.in_catalogue ? fmt::format("run `lacuna model pull {}`", record.name)
                                              : fmt::format("run `lacuna model add FILE --name {}`", record.name);
  if (model.state == ModelState::absent) {
    return Error::format(ErrorCode::not_found, "model '{}' is not on this machine (no file '{}'): {}", record.name,
                         record.file, mend);
  }
  std::error_code error;
  return Error::format(ErrorCode::corrupt, "model '{}' is damaged: '{}' has {} bytes instead of {}: {}", record.name,
                       record.file, fs::file_size(record.file, error), record.bytes, mend);
}

bool in_folder(const std::string& file, const std::string& folder) {
  return file.starts_with(folder + "/");
}

}  // namespace

std::string models_folder(const Environment& environment) {
  return environment.cache_directory + "/models";
}

std::string sidecar_folder(const Environment& environment) {
  return environment.cache_directory + "/packed";
}

Result<std::vector<StoredModel>> list_models(const Environment& environment) {
  std::vector<StoredModel> models;
  for (const CatalogueEntry& entry : catalogue()) models.push_back(stored(entry, environment));
  LACUNA_ASSIGN_OR_RETURN(const std::vector<ModelRecord> records, read_records(environment));
  for (const ModelRecord& record : records) models.push_back(stored(record));
  return models;
}

Result<StoredModel> find_model(std::string_view name, const Environment& environment) {
  if (const CatalogueEntry* entry = find_in_catalogue(name)) return stored(*entry, environment);
  LACUNA_ASSIGN_OR_RETURN(const std::vector<StoredModel> models, list_models(environment));
  const auto found =
      std::find_if(models.begin(), models.end(), [&](const StoredModel& m) { return m.record.name == name; });
  if (found != models.end()) return *found;
  return Error::format(ErrorCode::not_found, "there is no model named '{}'; the known names are {}", name,
                       names_of(models));
}

Result<std::string> resolve_model(std::string_view name_or_path, const Environment& environment) {
  const std::string_view wanted = name_or_path.empty() ? kDefaultModel : name_or_path;
  if (wanted.find('/') != std::string_view::npos || wanted.ends_with(".gguf")) return resolve_path(wanted, environment);
  LACUNA_ASSIGN_OR_RETURN(const StoredModel model, find_model(wanted, environment));
  if (model.state != ModelState::present) return not_usable(model);
  return model.record.file;
}

Result<void> record_model(const ModelRecord& record, const Environment& environment) {
  if (!is_model_name(record.name)) {
    return Error::format(ErrorCode::invalid_argument,
                         "'{}' cannot be the name of a model: letters, digits, '.', '_' and '-' make one", record.name);
  }
  if (find_in_catalogue(record.name) != nullptr || record.name.ends_with(".gguf")) {
    return Error::format(ErrorCode::invalid_argument, "the name '{}' is taken: choose another with --name",
                         record.name);
  }
  LACUNA_ASSIGN_OR_RETURN(const RecordsLock lock, RecordsLock::take(environment));
  LACUNA_ASSIGN_OR_RETURN(std::vector<ModelRecord> records, read_records(environment));
  std::erase_if(records, [&](const ModelRecord& old) { return old.name == record.name; });
  records.push_back(record);
  return write_records(std::move(records), environment);
}

Result<ModelRecord> add_model(const std::string& file, const std::string& name, const Environment& environment,
                              const std::function<bool(uint64_t)>& on_read) {
  if (const auto opened = engine::gguf::File::open(file); !opened.ok()) return opened.error();
  std::error_code error;
  const fs::path absolute = fs::absolute(file, error).lexically_normal();
  if (error) return Error::format(ErrorCode::io, "cannot find the whole path of '{}': {}", file, error.message());
  ModelRecord record{name, absolute.string(), fs::file_size(absolute, error), {}, {}};
  LACUNA_ASSIGN_OR_RETURN(record.sha256, sha256_of_file(record.file, on_read));
  LACUNA_RETURN_IF_ERROR(record_model(record, environment));
  return record;
}

Result<void> verify_model(const StoredModel& model, const std::function<bool(uint64_t)>& on_read) {
  if (model.state != ModelState::present) return not_usable(model);
  LACUNA_ASSIGN_OR_RETURN(const std::string sha256, sha256_of_file(model.record.file, on_read));
  if (sha256 == model.record.sha256) return {};
  return Error::format(ErrorCode::corrupt, "model '{}' is damaged: '{}' has SHA-256 {} instead of {}",
                       model.record.name, model.record.file, sha256, model.record.sha256);
}

Result<uint64_t> remove_model(std::string_view name, const Environment& environment) {
  LACUNA_ASSIGN_OR_RETURN(const StoredModel model, find_model(name, environment));
  const std::string folder = models_folder(environment);
  std::error_code error;
  uint64_t freed = engine::remove_sidecars_of(model.record.file, sidecar_folder(environment));
  if (in_folder(model.record.file, folder)) {
    const uint64_t bytes = fs::exists(model.record.file, error) ? fs::file_size(model.record.file, error) : 0;
    fs::remove(model.record.file, error);
    if (error) return Error::format(ErrorCode::io, "cannot delete '{}': {}", model.record.file, error.message());
    freed += bytes;
  }
  const bool left_over = fs::remove_all(folder + "/.partial/" + model.record.name, error) > 0 && !error;
  if (model.in_catalogue) {
    if (freed > 0 || left_over) return freed;
    return Error::format(ErrorCode::not_found, "model '{}' is not on this machine", name);
  }
  LACUNA_ASSIGN_OR_RETURN(const RecordsLock lock, RecordsLock::take(environment));
  LACUNA_ASSIGN_OR_RETURN(std::vector<ModelRecord> records, read_records(environment));
  std::erase_if(records, [&](const ModelRecord& old) { return old.name == name; });
  LACUNA_RETURN_IF_ERROR(write_records(std::move(records), environment));
  return freed;
}

}  // namespace lacuna::server
