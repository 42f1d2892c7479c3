/// RepairItems: repairs as the code actions, commands and edits that the client understands.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/lsp/session.h"
#include "server/lsp/syntax_analysis.h"
#include "server/repair/error_repairs.h"

namespace lacuna::server {

inline constexpr char kQuickFix[] = "quickfix";
inline constexpr char kFixAll[] = "source.fixAll.lacuna";

/// What an action carries until its edit is asked for, so that its repair is found again.
struct RepairActionData {
  std::string uri;
  int64_t revision = 0;  ///< of what is known about the text
  int64_t error = -1;    ///< -1: fix all
  int64_t repair = -1;
};
Json to_json(const RepairActionData& data);
bool read(const Json& value, RepairActionData& out, Path path);

class RepairItems {
 public:
  /// Of clients that know no code actions but commands: its argument is the data of the repair to apply.
  static constexpr const char* kApplyCommand = "lacuna.applyRepair";

  RepairItems(const DocumentStore& documents, const Session& session) : documents_(documents), session_(session) {}

  /// An action's edit is asked for when it is chosen.
  bool edits_come_later() const;

  struct QuickFix {
    const syntax::Repair& repair;
    bool preferred = false;
    bool by_model = false;
    RepairActionData data;
    const std::vector<Json>& sent;  ///< the diagnostics that the client sent: its own one goes back
  };
  Json quick_fix(const Analysis& analysis, const QuickFix& fix) const;
  /// `all` is left out where its edit comes later.
  Json fix_all(const Snapshot& snapshot, const char* kind, const syntax::Repair* all,
               const RepairActionData& data) const;

  Json text_edits(const Snapshot& snapshot, const syntax::Repair& repair) const;
  Json workspace_edit(const Snapshot& snapshot, const syntax::Repair& repair) const;

 private:
  Json as_client_knows(Json action) const;

  const DocumentStore& documents_;
  const Session& session_;
};

}  // namespace lacuna::server
