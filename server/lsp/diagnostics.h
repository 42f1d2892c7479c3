/// Diagnostics: tells the client the syntax errors of its documents, pushed or pulled, whichever it can do.
///
/// Loop thread only. At once for a document that was opened or replaced; 300 ms after the last key for one being typed
/// in, because half a statement is no error yet. A pull waits as long.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "server/lsp/dispatcher.h"
#include "server/lsp/session.h"
#include "server/lsp/syntax_analysis.h"

namespace lacuna::server {

/// LSP's Diagnostic of an error in the current text of `uri`.
Json diagnostic_json(const DocumentStore& documents, const std::string& uri, const syntax::SyntaxError& error,
                     const ClientCapabilities& client);

class Diagnostics {
 public:
  Diagnostics(Scheduler& scheduler, DocumentStore& documents, SyntaxAnalysis& analysis, Dispatcher& dispatcher,
              const Session& session);
  ~Diagnostics();

  void opened(const std::string& uri);
  void changed(const std::string& uri, bool whole);
  void closed(const std::string& uri);
  /// The settings have changed: everything is told again.
  void refresh();

 private:
  struct Pull {
    std::string previous_result_id;
    Reply reply;
  };
  struct Document {
    TimerId timer = 0;  ///< running while the document is being typed in
    std::vector<Pull> pulls;
  };
  void pull(const DocumentParams& params, Reply reply);
  void settle(const std::string& uri);
  void deliver(const Analysis& analysis);
  void publish(const std::string& uri, int64_t version, Json items);

  Scheduler& scheduler_;
  DocumentStore& documents_;
  SyntaxAnalysis& analysis_;
  Dispatcher& dispatcher_;
  const Session& session_;
  std::unordered_map<std::string, Document> open_;
};

}  // namespace lacuna::server
