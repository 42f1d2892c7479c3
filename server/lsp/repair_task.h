/// RepairTask: the searches for repairs that one request needs, on a worker.
#pragma once

#include <atomic>
#include <vector>

#include "server/lsp/found_repairs.h"
#include "server/lsp/syntax_analysis.h"
#include "syntax/repair.h"

namespace lacuna::server {

struct RepairTask {
  AnalysisPointer analysis;
  std::vector<size_t> errors;  ///< to be searched for
  bool holes = false;          ///< look for what is missing as well: there is a model that could write it
  bool fix_all = false;        ///< search for that as well
  bool doubt = false;          ///< find out whether all errors can be mended
  std::atomic<bool> cancelled{false};

  std::vector<ErrorRepairs> repairs;  ///< of `errors`
  syntax::Repair all;
  bool grammar_errs = false;  ///< the answer to `doubt`

  /// Fills in the results, within half a second altogether. Pure but for them.
  void run();

 private:
  bool can_be_mended() const;
};

}  // namespace lacuna::server
