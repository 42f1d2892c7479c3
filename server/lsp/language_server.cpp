#include "server/lsp/language_server.h"

#include <utility>

#include "server/cli/version.h"
#include "support/log.h"

namespace lacuna::server {
namespace {

constexpr int kSyncIncremental = 2;

/// The section "lacuna" of what workspace/didChangeConfiguration pushes: some clients send it bare.
const Json& pushed_section(const Json& params) {
  static const Json kNull;
  const auto settings = params.find("settings");
  if (settings == params.end() || !settings->is_object()) return kNull;
  const auto section = settings->find("lacuna");
  return section == settings->end() ? *settings : *section;
}

}  // namespace

LanguageServer::LanguageServer(Scheduler& scheduler, Outbox& outbox, ModelHost& model, Host host)
    : model_(model),
      host_(std::move(host)),
      dispatcher_(outbox, [this](int exit_code) { host_.exit(exit_code); }),
      documents_(scheduler),
      analysis_(scheduler, documents_),
      diagnostics_(scheduler, documents_, analysis_, dispatcher_, session_),
      repairs_(scheduler, documents_, analysis_, dispatcher_, session_, model),
      service_(model, [&scheduler](auto work, auto done) { scheduler.run_worker(std::move(work), std::move(done)); },
               {.after = [&scheduler](auto delay, auto task) { scheduler.start_timer(delay, std::move(task)); }}),
      pauses_(scheduler, [this] { status_.changed(); }),
      completions_(scheduler, documents_, dispatcher_, session_, model, service_, pauses_),
      report_(documents_, model, completions_, pauses_),
      status_(scheduler, dispatcher_, session_, report_),
      commands_(dispatcher_, report_, completions_, repairs_, pauses_,
                {.figures = [this] { return host_.figures(); },
                 .models = [this] { return host_.models(); },
                 .use_model = [this](const std::string& name) { use_model(name); }}),
      notice_(dispatcher_, session_, model) {
  register_life_cycle();
  register_synchronization();
  model_.on_change([this] { model_changed(); });
  completions_.on_answer([this] { status_.changed(); });
}

LanguageServer::~LanguageServer() {
  model_.on_change(nullptr);
}

void LanguageServer::register_life_cycle() {
  dispatcher_.on_initialize([this](const Json& params, Reply reply) { initialize(params, std::move(reply)); });
  dispatcher_.on_notification<Json>("initialized", [this](const Json&) { initialized(); });
  dispatcher_.on_notification<Json>("workspace/didChangeConfiguration", [this](const Json& params) {
    if (session_.client.configuration) return request_configuration();
    if (params.is_object()) apply_configuration(pushed_section(params));
  });
}

void LanguageServer::register_synchronization() {
  documents_.set_observer({
      .opened =
          [this](const SnapshotPointer& snapshot) {
            diagnostics_.opened(snapshot->uri);
            completions_.opened(snapshot);
          },
      .changed =
          [this](const SnapshotPointer& snapshot, const Edits& edits) {
            diagnostics_.changed(snapshot->uri, /*whole=*/!edits);
            completions_.changed(*snapshot, edits);
            repairs_.changed(snapshot->uri);
          },
      .closed =
          [this](const std::string& uri) {
            diagnostics_.closed(uri);
            completions_.closed(uri);
            repairs_.closed(uri);
            analysis_.forget(uri);
          },
  });
  dispatcher_.on_notification<DidOpenParams>("textDocument/didOpen",
                                             [this](DidOpenParams params) { documents_.open(std::move(params)); });
  dispatcher_.on_notification<DidChangeParams>("textDocument/didChange",
                                               [this](const DidChangeParams& params) { documents_.change(params); });
  dispatcher_.on_notification<DidSaveParams>("textDocument/didSave",
                                             [this](const DidSaveParams& params) { documents_.save(params); });
  dispatcher_.on_notification<DocumentParams>(
      "textDocument/didClose", [this](const DocumentParams& params) { documents_.close(params.text_document.uri); });
}

void LanguageServer::initialize(const Json& params, Reply reply) {
  session_.client = read_client_capabilities(params);
  documents_.set_encoding(session_.client.encoding);
  const auto options = params.is_object() ? params.find("initializationOptions") : params.end();
  const SettingsReading reading =
      read_settings(options == params.end() ? Json() : *options, Settings(), SettingsSource::initialization);
  warn(reading.warnings);
  initial_ = reading.settings;
  session_.settings = initial_;
  service_.set_settings(initial_.completion);
  reply.result({{"capabilities", capabilities()}, {"serverInfo", {{"name", "lacuna"}, {"version", kVersion}}}});
  if (session_.client.process_id) host_.watch(*session_.client.process_id);
  host_.load_model(initial_);
}

Json LanguageServer::capabilities() const {
  const ClientCapabilities& client = session_.client;
  Json capabilities = {
      {"positionEncoding", name_of(client.encoding)},
      {"textDocumentSync", {{"openClose", true}, {"change", kSyncIncremental}, {"save", {{"includeText", true}}}}},
      {"inlineCompletionProvider", true},
      {"executeCommandProvider", {{"commands", Commands::names()}}},
  };
  if (client.will_save_wait_until) capabilities["textDocumentSync"]["willSaveWaitUntil"] = true;
  const CompletionList list = session_.settings.completion_list;
  if (list == CompletionList::always || (list == CompletionList::automatic && !client.inline_completion)) {
    capabilities["completionProvider"] = {{"triggerCharacters", {" ", "(", ".", "=", ","}}};
  }
  if (client.code_action_literals) {
    capabilities["codeActionProvider"] = {{"codeActionKinds", {"quickfix", "source.fixAll.lacuna"}},
                                          {"resolveProvider", client.resolve_edits}};
  } else if (client.code_actions && client.apply_edit) {
    capabilities["codeActionProvider"] = true;
  }
  if (client.pull_diagnostics) {
    capabilities["diagnosticProvider"] = {
        {"identifier", "lacuna"}, {"interFileDependencies", false}, {"workspaceDiagnostics", false}};
  }
  return capabilities;
}

void LanguageServer::initialized() {
  if (session_.client.register_configuration) {
    const Json registration = {{"id", "lacuna-configuration"}, {"method", "workspace/didChangeConfiguration"}};
    dispatcher_.request("client/registerCapability", {{"registrations", Json::array({registration})}},
                        [](const Json&, const Json*) {});
  }
  if (session_.client.configuration) request_configuration();
  notice_.client_initialized();
  status_.client_initialized();
}

void LanguageServer::use_model(const std::string& name) {
  initial_.model = name;
  initial_.safe_mode = false;
  session_.settings.model = name;
  session_.settings.safe_mode = false;
  host_.load_model(session_.settings);
}

void LanguageServer::model_changed() {
  notice_.model_changed();
  completions_.model_changed();
  status_.changed();
}

void LanguageServer::request_configuration() {
  dispatcher_.request("workspace/configuration", {{"items", Json::array({{{"section", "lacuna"}}})}},
                      [this, alive = std::weak_ptr(alive_)](const Json& sections, const Json* error) {
                        if (alive.expired() || error != nullptr || !sections.is_array() || sections.empty()) return;
                        apply_configuration(sections[0]);
                      });
}

void LanguageServer::apply_configuration(const Json& section) {
  const SettingsReading reading = read_settings(section, initial_, SettingsSource::workspace);
  warn(reading.warnings);
  session_.settings = reading.settings;
  service_.set_settings(reading.settings.completion);
  diagnostics_.refresh();
}

/// Logged for whoever looks, and shown to the user, who can mend it.
void LanguageServer::warn(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    log::warning("setting lacuna.{}", warning);
    dispatcher_.notify("window/showMessage", {{"type", static_cast<int>(MessageType::warning)},
                                              {"message", "Lacuna setting lacuna." + warning}});
  }
}

}  // namespace lacuna::server
