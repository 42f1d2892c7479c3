#include "server/lsp/status_report.h"

#include <fmt/format.h>

#include <utility>

#include "server/cli/version.h"
#include "support/os.h"

namespace lacuna::server {
namespace {

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

std::string_view in_words(AnswerSource source) {
  switch (source) {
    case AnswerSource::typed_through:
      return "it is the rest of an earlier one, so the model was not asked";
    case AnswerSource::running_work:
      return "the model was at work on it already";
    case AnswerSource::new_request:
      return "the model was asked anew";
    case AnswerSource::none:
      return "no model was asked";
  }
  return "";
}

}  // namespace

Json StatusReport::brief() const {
  const CompletionCounters& counters = completions_.counters();
  const auto* loaded = model_.loaded();
  Json json = {{"state", name_of(model_.state())},    {"model", loaded == nullptr ? "" : model_.name()},
               {"reason", model_.reason()},           {"note", model_.note()},
               {"paused", pauses_.everywhere()},      {"pausedLanguages", pauses_.languages()},
               {"requests", counters.requests},       {"lastAnswerMs", counters.last_answer_ms},
               {"lastSilence", counters.last_silence}};
  if (model_.state() == ModelHost::State::loading) json["progress"] = model_.progress();
  return json;
}

Json StatusReport::full(const Figures& figures) const {
  const CompletionCounters& counters = completions_.counters();
  return {{"message", message()},
          {"version", kVersion},
          {"model", model_json(model_)},
          {"paused", pauses_.everywhere()},
          {"pausedLanguages", pauses_.languages()},
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

std::string StatusReport::message() const {
  const CompletionCounters& counters = completions_.counters();
  const auto* loaded = model_.loaded();
  std::string message = loaded == nullptr
                            ? fmt::format("Lacuna {}: {}.", kVersion, model_.reason())
                            : fmt::format("Lacuna {}: {} ({}, {}, {} threads).", kVersion, model_.name(),
                                          loaded->model.file_type, loaded->model.isa, loaded->model.num_threads);
  message += fmt::format(" {} completions asked for, {} with text, {} accepted; the last took {:.0f} ms.",
                         counters.requests, counters.answered, counters.accepted, counters.last_answer_ms);
  constexpr double kMegabyte = 1e6;
  message += fmt::format(" {:.0f} MB of memory, {:.0f} MB of it not shared.",
                         static_cast<double>(os::resident_bytes()) / kMegabyte,
                         static_cast<double>(os::private_bytes()) / kMegabyte);
  if (pauses_.everywhere()) message += " Paused.";
  if (!counters.last_silence.empty()) message += " Last silence: " + counters.last_silence + ".";
  return message;
}

Json StatusReport::why_no_suggestion() const {
  const CompletionCounters& counters = completions_.counters();
  std::string reason = counters.last_silence;
  if (pauses_.everywhere()) reason = pauses_.reason(nullptr);
  if (reason.empty() && counters.requests == 0) reason = "the editor has not asked for a completion yet";
  const std::string message =
      reason.empty() ? "The last request was answered with a suggestion." : "No suggestion: " + reason + ".";
  return {{"message", message}, {"reason", std::move(reason)}};
}

Json StatusReport::explanation() const {
  const CompletionCounters& counters = completions_.counters();
  if (counters.answered == 0) return {{"message", "There was no suggestion yet."}, {"lastAnswer", nullptr}};
  const engine::RequestStatistics& work = counters.last_statistics;
  std::string message =
      fmt::format("The last answer took {:.0f} ms: {}.", counters.last_answer_ms, in_words(counters.last_source));
  if (const auto* loaded = model_.loaded(); loaded != nullptr && counters.last_source != AnswerSource::typed_through) {
    message += fmt::format(" {} read {} tokens of your code, {} of them remembered from before, and wrote {}.",
                           model_.name(), work.prompt_tokens, work.cached_tokens, work.generated_tokens);
  }
  message += counters.last_silence.empty()
                 ? " It was cut where the statement or block ends, and leaves no more syntax errors than there were."
                 : " Nothing was shown: " + counters.last_silence + ".";
  return {{"message", std::move(message)}, {"lastAnswer", last_answer_json(counters)}};
}

Json StatusReport::statistics() const {
  const CompletionCounters& counters = completions_.counters();
  Json json = completions_.usage().to_json();
  // Where the editor tells what it showed, that is better than a guess from the clock.
  const uint64_t shown = counters.shown > 0 ? counters.shown : json["seen"].get<uint64_t>();
  json["requests"] = counters.requests;
  json["silent"] = counters.silent;
  json["superseded"] = counters.superseded;
  json["shown"] = shown;
  json["partiallyAccepted"] = counters.partially_accepted;
  json["message"] =
      fmt::format("{} suggestions shown, {} accepted, {} of {} kept after two minutes; p50 {} ms, p95 {} ms.", shown,
                  counters.accepted, json["keptAfter120s"]["kept"].get<uint64_t>(),
                  json["keptAfter120s"]["checked"].get<uint64_t>(), json["latencyMs"]["p50"].get<double>(),
                  json["latencyMs"]["p95"].get<double>());
  return json;
}

}  // namespace lacuna::server
