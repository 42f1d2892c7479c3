/// RepairActions: quick-fixes for syntax errors, and "fix all".
///
/// Loop thread only; the searches run on workers, under a budget, and are cancelled with their request. When nothing
/// has been typed for a while, the first error is looked at before anybody asks, and the model with it: its advice
/// takes a second, which is there while a person reads what is wrong.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/lsp/dispatcher.h"
#include "server/lsp/found_repairs.h"
#include "server/lsp/repair_items.h"
#include "server/lsp/repair_task.h"
#include "server/lsp/session.h"
#include "server/lsp/syntax_analysis.h"
#include "syntax/repair.h"

namespace lacuna::server {

class RepairActions {
 public:
  RepairActions(Scheduler& scheduler, DocumentStore& documents, SyntaxAnalysis& analysis, Dispatcher& dispatcher,
                const Session& session, TokenSource& model);

  /// Asks the client to make the edit of an offered repair: RepairItems::kApplyCommand.
  void apply(const std::vector<Json>& arguments, Reply reply);

  void changed(const std::string& uri);
  void closed(const std::string& uri) { found_.closed(uri); }

 private:
  struct Search;
  struct Wanted {
    bool quick_fixes = false;
    bool fix_all = false;
  };
  static Wanted wanted_kinds(const CodeActionParams& params);

  void list(const CodeActionParams& params, Reply reply);
  void list_analysed(const CodeActionParams& params, const AnalysisPointer& analysis, Reply reply);
  void resolve(const Json& action, Reply reply);
  /// Calls back with the edit of an action that was offered, or answers with the error.
  using EditCallback = std::function<void(Json edit, Reply&)>;
  void provide_edit(const RepairActionData& data, EditCallback callback, Reply reply);
  /// The edits of fix-all before a save by hand, if the user wants that. Never an error: the save must go on.
  void before_save(const WillSaveParams& params, Reply reply);

  void look_ahead(const std::string& uri);
  void start(std::shared_ptr<Search> search);
  void keep(RepairTask& task);
  void finish(Search& search);

  Scheduler& scheduler_;
  DocumentStore& documents_;
  SyntaxAnalysis& analysis_;
  Dispatcher& dispatcher_;
  const Session& session_;
  RepairItems items_;
  FoundRepairs found_;
  TimerId rest_timer_ = 0;  // runs since the last change of any document
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lacuna::server
