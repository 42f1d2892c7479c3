#include "server/lsp/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace lacuna::server {
namespace {

constexpr const char* kStatus = "lacuna.status";
constexpr const char* kWhy = "lacuna.whyNoSuggestion";
constexpr const char* kExplain = "lacuna.explainCompletion";
constexpr const char* kStatistics = "lacuna.statistics";
constexpr const char* kPause = "lacuna.pause";
constexpr const char* kResume = "lacuna.resume";
constexpr const char* kModels = "lacuna.models";
constexpr const char* kUseModel = "lacuna.useModel";
constexpr const char* kNextPart = "lacuna.nextPart";
constexpr const char* kDidAccept = "lacuna.didAccept";
constexpr int64_t kMostMinutes = 24 * 60;

/// The argument of `lacuna.pause` and `lacuna.resume`: `{minutes?, language?}`, or the minutes alone.
struct PauseArgument {
  std::optional<int64_t> minutes;
  std::optional<std::string> language;
};

bool read(const Json& value, PauseArgument& out, Path path) {
  if (value.is_null()) return true;
  if (value.is_number_integer()) return read(value, out.minutes.emplace(), path);
  const ObjectReader object(value, path);
  return object && object.optional("minutes", out.minutes) && object.optional("language", out.language);
}

struct NextPartArgument {
  TextDocumentIdentifier text_document;
  Position position;
  std::string unit;
};

bool read(const Json& value, NextPartArgument& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("textDocument", out.text_document) && object.required("position", out.position) &&
         object.required("unit", out.unit);
}

/// Null if none is named. Errors: invalid_argument.
Result<const syntax::Language*> language_of(const PauseArgument& argument) {
  if (!argument.language) return nullptr;
  const syntax::Language* language = syntax::find_language(*argument.language, {});
  if (language != nullptr) return language;
  return Error::format(ErrorCode::invalid_argument, "'{}' is no language of Lacuna's",
                       argument.language->substr(0, 80));
}

void answer(Reply reply, Result<Json> result) {
  result.ok() ? reply.result(std::move(result).value()) : reply.error(result.error());
}

}  // namespace

Commands::Commands(Dispatcher& dispatcher, const StatusReport& report, CompletionRequests& completions,
                   RepairActions& repairs, Pauses& pauses, Host host)
    : report_(report), completions_(completions), repairs_(repairs), pauses_(pauses), host_(std::move(host)) {
  dispatcher.on_request<ExecuteCommandParams>(
      "workspace/executeCommand", [this](const auto& params, Reply reply) { execute(params, std::move(reply)); });
  // Not of LSP, but sent by plugins that were written for Copilot's server.
  dispatcher.on_notification<Json>("textDocument/didShowCompletion",
                                   [this](const Json&) { ++completions_.counters().shown; });
  dispatcher.on_notification<Json>("textDocument/didPartiallyAcceptCompletion",
                                   [this](const Json&) { ++completions_.counters().partially_accepted; });
}

std::vector<std::string> Commands::names() {
  return {kStatus,
          kWhy,
          kExplain,
          kStatistics,
          kPause,
          kResume,
          kModels,
          kUseModel,
          kNextPart,
          kDidAccept,
          RepairItems::kApplyCommand};
}

void Commands::execute(const ExecuteCommandParams& params, Reply reply) {
  const std::string& command = params.command;
  const Json argument = params.arguments.empty() ? Json() : params.arguments[0];
  if (command == kStatus) return reply.result(report_.full(host_.figures()));
  if (command == kWhy) return reply.result(report_.why_no_suggestion());
  if (command == kExplain) return reply.result(report_.explanation());
  if (command == kStatistics) return reply.result(report_.statistics());
  if (command == kPause) return answer(std::move(reply), pause(argument));
  if (command == kResume) return answer(std::move(reply), resume(argument));
  if (command == kModels) return answer(std::move(reply), models());
  if (command == kUseModel) return answer(std::move(reply), use_model(argument));
  if (command == kNextPart) return next_part(argument, std::move(reply));
  if (command == kDidAccept) return reply.result(did_accept(argument));
  if (command == RepairItems::kApplyCommand) return repairs_.apply(params.arguments, std::move(reply));
  reply.error(RpcError::invalid_params, "unknown command '" + command.substr(0, 80) + "'");
}

Result<Json> Commands::pause(const Json& argument) {
  LACUNA_ASSIGN_OR_RETURN(const PauseArgument wanted, decode<PauseArgument>(argument));
  LACUNA_ASSIGN_OR_RETURN(const syntax::Language* language, language_of(wanted));
  std::optional<std::chrono::minutes> duration;
  if (wanted.minutes) duration = std::chrono::minutes(std::clamp<int64_t>(*wanted.minutes, 1, kMostMinutes));
  pauses_.pause(language, duration);
  const std::string where = language == nullptr ? "" : fmt::format(" in {}", language->name);
  const std::string how_long = duration ? fmt::format(" for {} minutes", duration->count()) : "";
  return Json{{"message", fmt::format("Completions are paused{}{}.", where, how_long)}};
}

Result<Json> Commands::resume(const Json& argument) {
  LACUNA_ASSIGN_OR_RETURN(const PauseArgument wanted, decode<PauseArgument>(argument));
  LACUNA_ASSIGN_OR_RETURN(const syntax::Language* language, language_of(wanted));
  pauses_.resume(language);
  return Json{{"message", "Completions are on."}};
}

Json Commands::did_accept(const Json& argument) {
  ++completions_.counters().accepted;
  completions_.usage().accepted(argument.is_number_integer() ? argument.get<uint64_t>() : 0);
  return nullptr;
}

/// Answers a TextEdit, or null where no suggestion goes on at the position.
void Commands::next_part(const Json& argument, Reply reply) {
  const Result<NextPartArgument> wanted = decode<NextPartArgument>(argument);
  if (!wanted.ok()) return reply.error(wanted.error());
  const auto unit = syntax::part_unit(wanted->unit);
  if (!unit) return reply.error(RpcError::invalid_params, "unit: expected one of: word, line, node");
  completions_.parts().next(wanted->text_document.uri, wanted->position, *unit,
                            [this, shared = std::make_shared<Reply>(std::move(reply))](std::optional<TextEdit> edit) {
                              if (!shared->pending()) return;
                              if (edit) ++completions_.counters().partially_accepted;
                              shared->result(edit ? to_json(*edit) : Json());
                            });
}

Result<Json> Commands::models() const {
  LACUNA_ASSIGN_OR_RETURN(const std::vector<StoredModel> models, host_.models());
  Json list = Json::array();
  std::string message;
  for (const StoredModel& model : models) {
    list.push_back({{"name", model.record.name},
                    {"state", name_of(model.state)},
                    {"default", model.is_default},
                    {"description", model.description},
                    {"license", model.license},
                    {"bytes", model.record.bytes}});
    if (model.state == ModelState::present) message += (message.empty() ? "" : ", ") + model.record.name;
  }
  message = message.empty() ? "There is no model on this machine." : "Models on this machine: " + message + ".";
  return Json{{"message", std::move(message)}, {"models", std::move(list)}};
}

/// Names only: a path would let whatever can run an editor's commands choose a file.
Result<Json> Commands::use_model(const Json& argument) {
  if (!argument.is_string()) return Error{ErrorCode::invalid_argument, "arguments[0]: expected the name of a model"};
  const auto name = argument.get<std::string>();
  LACUNA_ASSIGN_OR_RETURN(const std::vector<StoredModel> models, host_.models());
  const auto known = std::find_if(models.begin(), models.end(),
                                  [&name](const StoredModel& model) { return model.record.name == name; });
  if (known == models.end()) {
    return Error::format(ErrorCode::not_found, "there is no model '{}': see `lacuna model list`", name.substr(0, 80));
  }
  if (known->state != ModelState::present) {
    return Error::format(ErrorCode::not_found, "model '{}' is not on this machine: run `lacuna model pull {}`", name,
                         name);
  }
  host_.use_model(name);
  return Json{{"message", "Loading " + name + "."}};
}

}  // namespace lacuna::server
