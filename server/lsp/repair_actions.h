/// RepairActions: quick-fixes for syntax errors, and "fix all".
///
/// Loop thread only; the searches run on workers, under a budget, and are cancelled with their request. What was found
/// is kept for as long as the text stays, since editors ask again with every move of the cursor and resolve later.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/lsp/dispatcher.h"
#include "server/lsp/session.h"
#include "server/lsp/syntax_analysis.h"
#include "syntax/repair.h"

namespace lacuna::server {

class RepairActions {
 public:
  RepairActions(Scheduler& scheduler, DocumentStore& documents, SyntaxAnalysis& analysis, Dispatcher& dispatcher,
                const Session& session);

  /// Of clients that know no code actions but commands: its argument says which repair to apply.
  static constexpr const char* kApplyCommand = "lacuna.applyRepair";
  /// Asks the client to make the edit of an offered repair.
  void apply(const std::vector<Json>& arguments, Reply reply);

  void closed(const std::string& uri) { found_.erase(uri); }

 private:
  /// Repairs found in one text, by the index of their error.
  struct Found {
    AnalysisPointer analysis;
    uint64_t revision = 0;  ///< of the text, in the `data` of unresolved actions
    std::map<size_t, std::vector<syntax::Repair>> repairs;
    bool tried_all = false;     ///< to mend every error of the text as it was opened
    bool grammar_errs = false;  ///< and that failed: the grammar is likelier to be wrong than the file
  };
  struct Search;
  struct ActionData;
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
  void provide_edit(const ActionData& data, EditCallback callback, Reply reply);
  /// The edits of fix-all before a save by hand, if the user wants that. Never an error: the save must go on.
  void before_save(const WillSaveParams& params, Reply reply);

  Found& found_in(const AnalysisPointer& analysis);
  void start(std::shared_ptr<Search> search);
  void finish(Search& search);
  Json quick_fix(const Search& search, size_t error, size_t index, const syntax::Repair& repair) const;
  Json fix_all_action(const Search& search, const char* kind) const;
  bool edits_come_later() const;
  Json as_client_knows(Json action) const;
  Json text_edits(const Snapshot& snapshot, const syntax::Repair& repair) const;
  Json workspace_edit(const Snapshot& snapshot, const syntax::Repair& repair) const;

  Scheduler& scheduler_;
  DocumentStore& documents_;
  SyntaxAnalysis& analysis_;
  Dispatcher& dispatcher_;
  const Session& session_;
  std::unordered_map<std::string, Found> found_;
  uint64_t next_revision_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lacuna::server
