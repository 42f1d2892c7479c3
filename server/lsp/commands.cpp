#include "server/lsp/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/cli/version.h"
#include "support/os.h"

namespace lacuna::server {
namespace {

constexpr const char* kStatus = "lacuna.status";
constexpr const char* kWhy = "lacuna.whyNoSuggestion";
constexpr const char* kPause = "lacuna.pause";
constexpr const char* kResume = "lacuna.resume";
constexpr const char* kDidAccept = "lacuna.didAccept";
constexpr int64_t kMostMinutes = 24 * 60;

const char* name_of(ModelHost::State state) {
  constexpr const char* names[] = {"absent", "loading", "ready", "failed"};
  return names[static_cast<int>(state)];
}

Json model_json(const ModelHost& model) {
  Json json = {{"state", name_of(model.state())}, {"reason", model.reason()}};
  if (const auto* loaded = model.loaded()) {
    json["name"] = loaded->model.name;
    json["architecture"] = loaded->model.architecture;
    json["fileType"] = loaded->model.file_type;
    json["isa"] = loaded->model.isa;
    json["threads"] = loaded->model.num_threads;
    json["loadMs"] = loaded->load_ms;
    json["note"] = model.note();
  } else if (model.state() == ModelHost::State::loading) {
    json["progress"] = model.progress();
  }
  return json;
}

Json engine_json(const engine::EngineStatistics& statistics) {
  return {{"steps", statistics.steps},
          {"promptTokens", statistics.prompt_tokens},
          {"cachedTokens", statistics.cached_tokens},
          {"evaluatedTokens", statistics.evaluated_tokens},
          {"generatedTokens", statistics.generated_tokens},
          {"running", statistics.running},
          {"waiting", statistics.waiting},
          {"totalBlocks", statistics.total_blocks},
          {"freeBlocks", statistics.free_blocks},
          {"allocatedBytes", statistics.allocated_bytes},
          {"sharedBytes", statistics.shared_bytes}};
}

Json counters_json(const CompletionCounters& counters) {
  return {{"requests", counters.requests},
          {"answered", counters.answered},
          {"silent", counters.silent},
          {"superseded", counters.superseded},
          {"shown", counters.shown},
          {"accepted", counters.accepted},
          {"partiallyAccepted", counters.partially_accepted},
          {"typedThrough", counters.typed_through},
          {"joined", counters.joined},
          {"partial", counters.partial}};
}

/// What the last answer cost, as `lacuna complete --json` names it too.
Json last_answer_json(const CompletionCounters& counters) {
  const engine::RequestStatistics& statistics = counters.last_statistics;
  return {{"source", name_of(counters.last_source)},        {"elapsedMs", counters.last_answer_ms},
          {"promptTokens", statistics.prompt_tokens},       {"cachedTokens", statistics.cached_tokens},
          {"evaluatedTokens", statistics.evaluated_tokens}, {"generatedTokens", statistics.generated_tokens}};
}

}  // namespace

Commands::Commands(Scheduler& scheduler, Dispatcher& dispatcher, const DocumentStore& documents, const ModelHost& model,
                   CompletionRequests& completions, RepairActions& repairs, std::function<Figures()> figures)
    : scheduler_(scheduler),
      documents_(documents),
      model_(model),
      completions_(completions),
      repairs_(repairs),
      figures_(std::move(figures)) {
  dispatcher.on_request<ExecuteCommandParams>(
      "workspace/executeCommand", [this](const auto& params, Reply reply) { execute(params, std::move(reply)); });
  // Not of LSP, but sent by plugins that were written for Copilot's server.
  dispatcher.on_notification<Json>("textDocument/didShowCompletion",
                                   [this](const Json&) { ++completions_.counters().shown; });
  dispatcher.on_notification<Json>("textDocument/didPartiallyAcceptCompletion",
                                   [this](const Json&) { ++completions_.counters().partially_accepted; });
}

Commands::~Commands() {
  scheduler_.cancel_timer(resume_timer_);
}

std::vector<std::string> Commands::names() {
  return {kStatus, kWhy, kPause, kResume, kDidAccept, RepairActions::kApplyCommand};
}

void Commands::execute(const ExecuteCommandParams& params, Reply reply) {
  if (params.command == kStatus) return reply.result(status());
  if (params.command == kWhy) return reply.result(why_no_suggestion());
  if (params.command == kPause) return reply.result(pause(params.arguments));
  if (params.command == kResume) return reply.result(resume());
  if (params.command == kDidAccept) {
    ++completions_.counters().accepted;
    return reply.result(nullptr);
  }
  if (params.command == RepairActions::kApplyCommand) return repairs_.apply(params.arguments, std::move(reply));
  reply.error(RpcError::invalid_params, "unknown command '" + params.command.substr(0, 80) + "'");
}

Json Commands::status() const {
  const CompletionCounters& counters = completions_.counters();
  const Figures figures = figures_();
  return {{"message", status_message()},
          {"version", kVersion},
          {"model", model_json(model_)},
          {"paused", completions_.paused()},
          {"lastSilence", counters.last_silence},
          {"lastAnswerMs", counters.last_answer_ms},
          {"lastAnswer", last_answer_json(counters)},
          {"completions", counters_json(counters)},
          {"engine", engine_json(model_.statistics())},
          {"documents", documents_.num_documents()},
          {"divergences", documents_.num_divergences()},
          {"droppedMessages", figures.dropped_messages},
          {"queuedBytes", figures.queued_bytes},
          {"residentBytes", os::resident_bytes()},
          {"privateBytes", os::private_bytes()}};
}

std::string Commands::status_message() const {
  const CompletionCounters& counters = completions_.counters();
  const auto* loaded = model_.loaded();
  std::string message = loaded == nullptr
                            ? fmt::format("Lacuna {}: {}.", kVersion, model_.reason())
                            : fmt::format("Lacuna {}: {} ({}, {}, {} threads).", kVersion, loaded->model.name,
                                          loaded->model.file_type, loaded->model.isa, loaded->model.num_threads);
  message += fmt::format(" {} completions asked for, {} with text, {} accepted; the last took {:.0f} ms.",
                         counters.requests, counters.answered, counters.accepted, counters.last_answer_ms);
  constexpr double kMegabyte = 1e6;
  message += fmt::format(" {:.0f} MB of memory, {:.0f} MB of it not shared.",
                         static_cast<double>(os::resident_bytes()) / kMegabyte,
                         static_cast<double>(os::private_bytes()) / kMegabyte);
  if (completions_.paused()) message += " Paused.";
  if (!counters.last_silence.empty()) message += " Last silence: " + counters.last_silence + ".";
  return message;
}

Json Commands::why_no_suggestion() const {
  const CompletionCounters& counters = completions_.counters();
  std::string reason = counters.last_silence;
  if (completions_.paused()) reason = "completions are paused";
  if (reason.empty() && counters.requests == 0) reason = "the editor has not asked for a completion yet";
  const std::string message =
      reason.empty() ? "The last request was answered with a suggestion." : "No suggestion: " + reason + ".";
  return {{"message", message}, {"reason", std::move(reason)}};
}

Json Commands::pause(const std::vector<Json>& arguments) {
  scheduler_.cancel_timer(std::exchange(resume_timer_, 0));
  completions_.set_paused(true);
  if (arguments.empty() || !arguments[0].is_number_integer()) return {{"message", "Completions are paused."}};
  const int64_t minutes = std::clamp<int64_t>(arguments[0].get<int64_t>(), 1, kMostMinutes);
  resume_timer_ = scheduler_.start_timer(std::chrono::minutes(minutes), [this] {
    resume_timer_ = 0;
    completions_.set_paused(false);
  });
  return {{"message", fmt::format("Completions are paused for {} minutes.", minutes)}};
}

Json Commands::resume() {
  scheduler_.cancel_timer(std::exchange(resume_timer_, 0));
  completions_.set_paused(false);
  return {{"message", "Completions are on."}};
}

}  // namespace lacuna::server
