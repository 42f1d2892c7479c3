/// LanguageServer: the features, wired to one client. Messages go in through receive(), answers come out of the Outbox.
///
/// Loop thread only. It knows no descriptor and no libuv: tests drive it with messages and a scheduler of their own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/lsp/commands.h"
#include "server/lsp/completion_requests.h"
#include "server/lsp/diagnostics.h"
#include "server/lsp/dispatcher.h"
#include "server/lsp/documents.h"
#include "server/lsp/model_notice.h"
#include "server/lsp/repair_actions.h"
#include "server/lsp/session.h"
#include "server/lsp/status_notice.h"
#include "server/lsp/syntax_analysis.h"
#include "server/model_host.h"

namespace lacuna::server {

class LanguageServer {
 public:
  /// What the server cannot do by itself.
  struct Host {
    std::function<void(const Settings&)> load_model;  ///< called at `initialize`, and when another model is chosen
    std::function<void(int64_t process_id)> watch;    ///< the editor's process, if it tells one
    std::function<void(int exit_code)> exit;          ///< `exit` was received
    std::function<StatusReport::Figures()> figures;
    std::function<Result<std::vector<StoredModel>>()> models;
  };

  LanguageServer(Scheduler& scheduler, Outbox& outbox, ModelHost& model, Host host);
  LanguageServer(const LanguageServer&) = delete;
  LanguageServer& operator=(const LanguageServer&) = delete;
  ~LanguageServer();

  void receive(Json message) { dispatcher_.receive(std::move(message)); }
  void receive_malformed(const Error& error) { dispatcher_.receive_malformed(error); }
  bool shut_down_requested() const { return dispatcher_.phase() == Dispatcher::Phase::shut_down; }

 private:
  void register_life_cycle();
  void register_synchronization();
  void initialize(const Json& params, Reply reply);
  Json capabilities() const;
  void initialized();
  void use_model(const std::string& name);
  void model_changed();
  void request_configuration();
  void apply_configuration(const Json& section);
  void warn(const std::vector<std::string>& warnings);

  ModelHost& model_;
  Host host_;
  Session session_;
  Settings initial_;  ///< of initializationOptions; the configuration is laid over it
  Dispatcher dispatcher_;
  DocumentStore documents_;
  SyntaxAnalysis analysis_;
  Diagnostics diagnostics_;
  RepairActions repairs_;
  CompletionService service_;
  Pauses pauses_;
  CompletionRequests completions_;
  StatusReport report_;
  StatusNotice status_;
  Commands commands_;
  ModelNotice notice_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lacuna::server
