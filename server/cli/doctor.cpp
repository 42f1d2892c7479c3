#include "server/cli/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include "engine/engine.h"
#include "engine/sidecar/sidecar_folder.h"
#include "server/child_process.h"
#include "server/cli/exit_code.h"
#include "server/cli/json_output.h"
#include "server/cli/load_engine.h"
#include "server/cli/version.h"
#include "server/model_store.h"
#include "support/os.h"
#include "syntax/language.h"
#include "syntax/syntax_tree.h"

namespace lacuna::server {
namespace {

namespace fs = std::filesystem;

constexpr int kTrialContext = 128;
constexpr int kTrialTokens = 8;

Finding check_processor() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  const std::string text = fmt::format("{} cores; AVX2 {}, AVX-512 {}, VNNI {}", os::num_useful_cores(),
                                       avx2 ? "yes" : "no", avx512 ? "yes" : "no", vnni ? "yes" : "no");
  if (avx2) return {"processor", Health::good, text, {}};
  return {"processor", Health::warning, text,
          "without AVX2 a model runs, but slowly: the smallest one (smollm2-135m) may do"};
#else
  return {"processor", Health::warning, fmt::format("{} cores, not x86-64", os::num_useful_cores()),
          "there are only portable kernels for this processor: a model runs, but slowly"};
#endif
}

Finding check_memory(const Result<StoredModel>& model) {
  const uint64_t memory = os::total_memory_bytes();
  const uint64_t model_bytes = model.ok() ? model->record.bytes : 0;
  const std::string text = fmt::format("{} of memory", human_bytes(memory));
  if (memory >= 2 * model_bytes) return {"memory", Health::good, text, {}};
  return {"memory", Health::warning, fmt::format("{}, and the model has {}", text, human_bytes(model_bytes)),
          "choose a smaller model: see `lacuna model list`"};
}

/// The first program of this name in the folders of PATH; empty if there is none.
std::string find_program(const char* name, const std::string& path) {
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    const fs::path file = fs::path(path.substr(begin, end - begin)) / name;
    std::error_code error;
    if (file.is_absolute() && fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0) return file;
    begin = end + 1;
  }
  return {};
}

/// The program that an editor finds which is told its name only.
Finding check_program(const Environment& environment) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const std::string own = error ? "this program" : self.string();
  const std::string first = find_program("lacuna", environment.path);
  if (first.empty()) {
    return {"program", Health::warning, "editors that look for `lacuna` on PATH do not find it",
            fmt::format("put a link into a folder of your PATH: ln -s {} ~/.local/bin/lacuna; or tell the editor "
                        "where it is",
                        own)};
  }
  if (error || fs::equivalent(first, self, error)) return {"program", Health::good, first, {}};
  return {"program", Health::warning, fmt::format("editors find another one on PATH: {}", first),
          fmt::format("remove that one, or tell the editor the path of this one: {}", own)};
}

/// The nearest folder above a path that exists already.
fs::path existing_parent(fs::path path) {
  std::error_code error;
  while (!fs::exists(path, error) && path.has_parent_path() && path != path.parent_path()) path = path.parent_path();
  return path;
}

/// `needed_bytes`: of the model that is to be fetched; 0 if it is here.
Finding check_cache(const Environment& environment, uint64_t needed_bytes) {
  const std::string folder = models_folder(environment);
  const fs::path existing = existing_parent(folder);
  if (::access(existing.c_str(), W_OK | X_OK) != 0) {
    return {"cache", Health::problem, fmt::format("'{}' cannot be written", existing.string()),
            "make it writable, or set XDG_CACHE_HOME to a folder of yours"};
  }
  std::error_code error;
  const fs::space_info space = fs::space(existing, error);
  // A pull joins its parts beside them.
  if (needed_bytes > 0 && !error && space.available < 2 * needed_bytes) {
    return {"cache", Health::problem,
            fmt::format("{}: {} free on its disk, and fetching the model takes {}", folder,
                        human_bytes(space.available), human_bytes(2 * needed_bytes)),
            "free some space, or set XDG_CACHE_HOME to a folder on another disk"};
  }
  return {"cache",
          Health::good,
          fmt::format("{}, {} free on its disk", folder, error ? "?" : human_bytes(space.available)),
          {}};
}

Finding check_pip(const Environment& environment, bool needed) {
  ChildCommand command;
  command.arguments = {environment.python, "-m", "pip", "--version"};
  const Result<ChildOutcome> outcome = run_child(command);
  if (outcome.ok() && outcome->exit_code == 0) {
    return {"pip", Health::good, outcome->output.substr(0, outcome->output.find(" from ")), {}};
  }
  return {"pip", needed ? Health::problem : Health::warning,
          outcome.ok() ? fmt::format("'{}' has no pip", environment.python) : outcome.error().message,
          "`lacuna model pull` needs it: apt install python3-pip, or set LACUNA_PYTHON to a Python that has it"};
}

Finding check_languages() {
  std::string broken;
  for (const syntax::Language& language : syntax::languages()) {
    if (!syntax::SyntaxTree::parse(language, "x\n").ok()) broken += fmt::format(" {}", language.id);
  }
  if (broken.empty())
    return {"languages", Health::good, fmt::format("{} grammars work", syntax::languages().size()), {}};
  return {"languages", Health::problem, "these grammars cannot be used:" + broken,
          "build lacuna again from a clean folder"};
}

/// What a loaded model keeps for the next start.
Finding check_sidecar(const engine::Engine& loaded, const Environment& environment) {
  const std::string folder = sidecar_folder(environment);
  uint64_t bytes = 0;
  const auto files = engine::list_sidecars(folder);
  for (const engine::SidecarFile& file : files) bytes += file.bytes;
  const uint64_t shared = loaded.statistics().shared_bytes;
  if (shared > 0) {
    return {"sidecar",
            Health::good,
            fmt::format("{} of repacked weights are mapped from {}, which has {} in {} files", human_bytes(shared),
                        folder, human_bytes(bytes), files.size()),
            {}};
  }
  if (loaded.model().file_bytes < engine::EngineOptions{}.sidecar_least_bytes || loaded.model().isa == "scalar") {
    return {"sidecar", Health::good, "this model needs none", {}};
  }
  return {"sidecar", Health::warning, fmt::format("the repacked weights could not be kept in '{}'", folder),
          "the log above says why; each start repacks, and each process has a copy of its own"};
}

/// Loads the model and lets it write a few tokens: what no look at a file can prove.
Finding try_model(const Result<LoadedEngine>& loaded) {
  const std::string mend =
      "choose another with --model, or fetch it again: see `lacuna model verify` and `lacuna model pull`";
  if (!loaded.ok()) return {"model run", Health::problem, loaded.error().message, mend};
  engine::Request request;
  request.id = 1;
  request.prompt = loaded->engine->tokenizer().encode("def add(a, b):\n    return");
  request.max_tokens = kTrialTokens;
  int tokens = 0;
  std::optional<Error> failure;
  const auto on_update = [&](const engine::Update& update) {
    if (update.token >= 0) ++tokens;
    if (update.finished && update.reason == engine::FinishReason::failed) failure = update.error;
  };
  const auto start = std::chrono::steady_clock::now();
  if (const Result<void> taken = loaded->engine->submit(std::move(request), on_update); !taken.ok())
    failure = taken.error();
  while (!failure && loaded->engine->has_work()) loaded->engine->step();
  if (failure) return {"model run", Health::problem, failure->message, mend};
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  const engine::ModelInfo& model = loaded->engine->model();
  return {"model run",
          Health::good,
          fmt::format("{} loads in {:.0f} ms and wrote {} tokens in {:.0f} ms ({} kernels, {} threads); {} of memory, {} "
                      "of it not shared",
                      model.name, loaded->load_ms, tokens, ms, model.isa, model.num_threads,
                      human_bytes(os::resident_bytes()), human_bytes(os::private_bytes())),
          {}};
}

Finding check_fill_in_the_middle(const engine::Engine& loaded) {
  constexpr const char* kSubject = "sees after";
  if (loaded.tokenizer().fim().available()) {
    return {kSubject, Health::good, "the model knows fill-in-the-middle: it sees the text after the cursor", {}};
  }
  return {kSubject, Health::warning, "the model does not see the text after the cursor, so ghost text may repeat it",
          fmt::format("choose one that knows fill-in-the-middle, as {} does", kDefaultModel)};
}

Finding check_model(const Result<std::string>& path) {
  if (path.ok()) return {"model", Health::good, *path, {}};
  return {"model", Health::problem, path.error().message,
          fmt::format("`lacuna model pull {}` fetches the default model", kDefaultModel)};
}

}  // namespace

std::vector<Finding> examine_machine(const CommonOptions& common, const Environment& environment) {
  const Result<std::string> path = resolve_model(common.model, environment);
  const Result<StoredModel> model =
      find_model(common.model.empty() ? kDefaultModel : std::string_view(common.model), environment);
  std::vector<Finding> findings = {check_program(environment),
                                   check_processor(),
                                   check_memory(model),
                                   check_cache(environment, path.ok() || !model.ok() ? 0 : model->record.bytes),
                                   check_languages(),
                                   check_pip(environment, !path.ok()),
                                   check_model(path)};
  if (path.ok()) {
    const Result<LoadedEngine> loaded = load_engine(common, kTrialContext, environment);
    findings.push_back(try_model(loaded));
    if (loaded.ok()) findings.push_back(check_fill_in_the_middle(*loaded->engine));
    if (loaded.ok()) findings.push_back(check_sidecar(*loaded->engine, environment));
  }
  return findings;
}

int run_doctor(const CommonOptions& common, const Environment& environment, const Console& console) {
  const std::vector<Finding> findings = examine_machine(common, environment);
  const bool broken =
      std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.health == Health::problem; });
  if (common.json) {
    Json list = Json::array();
    for (const Finding& finding : findings) {
      list.push_back({{"subject", finding.subject},
                      {"health", name_of(finding.health)},
                      {"text", finding.text},
                      {"mend", finding.mend}});
    }
    print_json(console, {{"version", kVersion}, {"ok", !broken}, {"findings", list}});
    return broken ? kExitFinding : kExitOk;
  }
  console.print("lacuna {}\n", kVersion);
  for (const Finding& finding : findings) {
    console.print("{:<8} {:<10} {}\n", name_of(finding.health), finding.subject, finding.text);
    if (!finding.mend.empty()) console.print("{:<19} -> {}\n", "", finding.mend);
  }
  console.print("{}\n", broken ? "something is broken: see the arrows" : "all is well");
  return broken ? kExitFinding : kExitOk;
}

}  // namespace lacuna::server
