/// SyntaxAnalysis: the syntax errors of the current text of a document, computed once on a worker and kept.
///
/// Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/lsp/documents.h"
#include "server/scheduler.h"
#include "syntax/diagnose.h"

namespace lacuna::server {

struct Analysis {
  SnapshotPointer snapshot;                 ///< its tree is null where there is none; there are then no errors
  std::vector<syntax::SyntaxError> errors;  ///< in the order of the text
};
using AnalysisPointer = std::shared_ptr<const Analysis>;

class SyntaxAnalysis {
 public:
  using Callback = std::function<void(AnalysisPointer)>;

  SyntaxAnalysis(Scheduler& scheduler, DocumentStore& documents) : scheduler_(scheduler), documents_(documents) {}

  /// Calls back with the analysis of the text as it is now; with null if the document is not open, or changes or closes
  /// before it is done. Possibly at once.
  void of(const std::string& uri, Callback callback);
  /// The document was closed.
  void forget(const std::string& uri);

 private:
  struct Entry {
    AnalysisPointer analysis;
    SnapshotPointer under_way;  ///< being analysed
    std::vector<Callback> waiting;
  };
  void analyse(const SnapshotPointer& snapshot, Callback callback);
  void finish(const AnalysisPointer& analysis);

  Scheduler& scheduler_;
  DocumentStore& documents_;
  std::unordered_map<std::string, Entry> kept_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lacuna::server
