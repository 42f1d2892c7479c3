/// Commands: `workspace/executeCommand` and what editors tell about shown completions.
///
/// Loop thread only. Every command answers an object whose `message` is written for people, except those that an
/// editor sends by itself. docs/commands.md lists them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/lsp/completion_requests.h"
#include "server/lsp/dispatcher.h"
#include "server/lsp/pauses.h"
#include "server/lsp/repair_actions.h"
#include "server/lsp/status_report.h"
#include "server/model_store.h"

namespace lacuna::server {

class Commands {
 public:
  /// What lies outside of the completions.
  struct Host {
    std::function<StatusReport::Figures()> figures;
    std::function<Result<std::vector<StoredModel>>()> models;  ///< those of this machine, and of the catalogue
    std::function<void(const std::string& name)> use_model;    ///< a name that models() says is present
  };

  Commands(Dispatcher& dispatcher, const StatusReport& report, CompletionRequests& completions, RepairActions& repairs,
           Pauses& pauses, Host host);

  static std::vector<std::string> names();

 private:
  void execute(const ExecuteCommandParams& params, Reply reply);
  Result<Json> pause(const Json& argument);
  Result<Json> resume(const Json& argument);
  Json did_accept(const Json& argument);
  void next_part(const Json& argument, Reply reply);
  Result<Json> models() const;
  Result<Json> use_model(const Json& argument);

  const StatusReport& report_;
  CompletionRequests& completions_;
  RepairActions& repairs_;
  Pauses& pauses_;
  Host host_;
};

}  // namespace lacuna::server
