/// FoundRepairs: the repairs of the errors of each document, for as long as its text stays, and what the model adds to
/// them.
///
/// Editors ask again with every move of the cursor, and resolve later: what was found is kept. The model is asked in
/// the background about an error whose repairs were listed; when it has answered, the next list has its order, and what
/// it wrote. Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "server/lsp/syntax_analysis.h"
#include "server/repair/error_repairs.h"
#include "server/repair/repair_advisor.h"

namespace lacuna::server {

class FoundRepairs {
 public:
  struct Text {
    AnalysisPointer analysis;
    uint64_t revision = 0;  ///< in the `data` of unresolved actions
    std::map<size_t, ErrorRepairs> errors;
    bool tried_all = false;     ///< to mend every error of the text as it was opened
    bool grammar_errs = false;  ///< and that failed: the grammar is likelier to be wrong than the file
  };

  FoundRepairs(TokenSource& model, RunWorker run_worker) : advisor_(model, std::move(run_worker)) {}

  /// Of the analysed text; empty if another one was known before.
  Text& of(const AnalysisPointer& analysis);
  /// Of the document, if `revision` is its; else null.
  const Text* find(const std::string& uri, uint64_t revision) const;
  /// The document has changed, or is closed: what the model thinks about it is no longer wanted.
  void changed(const std::string& uri);
  void closed(const std::string& uri);

  bool model_available() const { return advisor_.available(); }
  /// Asks the model about an error whose repairs are known, unless it has answered or is at it. It leaves what it was
  /// asked before.
  void ask_model(const AnalysisPointer& analysis, size_t error);

 private:
  struct Asked {
    uint64_t revision;
    size_t error;
    friend bool operator==(const Asked&, const Asked&) = default;
  };
  RepairAdvisor advisor_;
  std::unordered_map<std::string, Text> texts_;
  uint64_t next_revision_ = 1;
  Asked asked_{0, 0};  // the last question
};

}  // namespace lacuna::server
