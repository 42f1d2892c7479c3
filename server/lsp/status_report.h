/// What the server tells of itself, for people (`message`) and for programs: the status, the statistics, and how the
/// last suggestion came about.
///
/// Loop thread only.
#pragma once

#include "server/lsp/completion_requests.h"
#include "server/lsp/documents.h"
#include "server/lsp/pauses.h"
#include "server/model_host.h"

namespace lacuna::server {

class StatusReport {
 public:
  /// What the status tells beside the model and the completions.
  struct Figures {
    uint64_t dropped_messages = 0;
    uint64_t queued_bytes = 0;
  };

  StatusReport(const DocumentStore& documents, const ModelHost& model, const CompletionRequests& completions,
               const Pauses& pauses)
      : documents_(documents), model_(model), completions_(completions), pauses_(pauses) {}

  /// Of `lacuna/status`: as much as a status bar shows.
  Json brief() const;
  Json full(const Figures& figures) const;
  Json why_no_suggestion() const;
  Json explanation() const;
  Json statistics() const;

 private:
  std::string message() const;

  const DocumentStore& documents_;
  const ModelHost& model_;
  const CompletionRequests& completions_;
  const Pauses& pauses_;
};

}  // namespace lacuna::server
