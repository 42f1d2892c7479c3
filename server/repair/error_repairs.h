/// ErrorRepairs: the repairs of one error in the order in which an editor lists them, without and with a model's
/// advice.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "server/repair/repair_advisor.h"
#include "syntax/repair_holes.h"

namespace lacuna::server {

struct RepairSearchOptions {
  std::chrono::milliseconds budget{500};
  const std::atomic<bool>* cancel = nullptr;
  bool holes = false;  ///< look for what is missing as well: there is a model that could write it
};

/// A repair by its number in the order in which repairs were found, which stays whatever the model says.
struct ListedRepair {
  size_t number = 0;
  bool preferred = false;
  bool by_model = false;  ///< its text is the model's
};

class ErrorRepairs {
 public:
  ErrorRepairs() = default;
  /// Searches. Pure; any thread.
  static ErrorRepairs of(const syntax::SyntaxTree& tree, std::string_view text, const syntax::SyntaxError& error,
                         const RepairSearchOptions& options);
  /// As find_repairs and find_holes found them; no holes where nobody has looked for them, for want of a model.
  ErrorRepairs(std::vector<syntax::Repair> repairs, std::optional<std::vector<syntax::Hole>> holes);

  const std::vector<syntax::Repair>& found() const { return found_; }
  bool knows_holes() const { return holes_.has_value(); }
  std::vector<syntax::Hole> holes() const { return holes_.value_or(std::vector<syntax::Hole>()); }
  /// Takes over what a later search for the same error knows of holes.
  void take_holes(ErrorRepairs& later) { holes_ = std::move(later.holes_); }
  /// A model could say something about it. It is asked once, so not before the holes are known.
  bool asks_for_advice() const { return !advised_ && holes_ && (found_.size() > 1 || !holes_->empty()); }
  /// The answer about found() and holes().
  void take(RepairAdvice advice);

  /// Null for a number that was never listed.
  const syntax::Repair* find(size_t number) const;
  /// Best first: at most three of the found ones, and what the model wrote.
  std::vector<ListedRepair> listed() const;

 private:
  std::vector<syntax::Repair> found_;    // best first by the ranker
  std::vector<syntax::Repair> written_;  // by the model
  std::optional<std::vector<syntax::Hole>> holes_;
  RepairOrder order_;  // of found_
  bool advised_ = false;
};

}  // namespace lacuna::server
