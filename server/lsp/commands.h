/// Commands: `workspace/executeCommand` and what editors tell about shown completions.
///
/// Loop thread only. Every command answers an object whose `message` is written for people.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/lsp/completion_requests.h"
#include "server/lsp/dispatcher.h"
#include "server/lsp/documents.h"
#include "server/lsp/repair_actions.h"
#include "server/model_host.h"

namespace lacuna::server {

class Commands {
 public:
  /// What the status tells beside the model and the completions.
  struct Figures {
    uint64_t dropped_messages = 0;
    uint64_t queued_bytes = 0;
  };

  Commands(Scheduler& scheduler, Dispatcher& dispatcher, const DocumentStore& documents, const ModelHost& model,
           CompletionRequests& completions, RepairActions& repairs, std::function<Figures()> figures);
  ~Commands();

  static std::vector<std::string> names();

 private:
  void execute(const ExecuteCommandParams& params, Reply reply);
  Json status() const;
  std::string status_message() const;
  Json why_no_suggestion() const;
  /// Paused until resumed, or for `minutes`, if there are any.
  Json pause(const std::vector<Json>& arguments);
  Json resume();

  Scheduler& scheduler_;
  const DocumentStore& documents_;
  const ModelHost& model_;
  CompletionRequests& completions_;
  RepairActions& repairs_;
  std::function<Figures()> figures_;
  TimerId resume_timer_ = 0;
};

}  // namespace lacuna::server
