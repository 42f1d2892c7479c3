/// RepairAdvisor: what the model thinks of the repairs of one error, and what it would write where something is
/// missing. It is asked in the background and gives way to completions.
///
/// Loop thread only. One question at a time: a new one takes the place of the one before.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/completion/completion_service.h"
#include "server/snapshot.h"
#include "server/token_source.h"
#include "syntax/repair_holes.h"

namespace lacuna::server {

struct RepairQuestion {
  std::shared_ptr<const Snapshot> snapshot;  ///< with a tree
  syntax::SyntaxError error;
  std::vector<syntax::Repair> repairs;  ///< of the error, best first
  std::vector<syntax::Hole> holes;      ///< where the error may come from something that is missing
};

struct RepairAdvice {
  std::vector<syntax::Repair> written;  ///< by the model, one for each hole at most; verified as other repairs are
  /// Of the lines that the first of the found repairs make, as many as are worth comparing, and then of those that all
  /// the written ones make. Empty where they cannot be compared or the model fails.
  std::vector<double> log_probabilities;
};

class RepairAdvisor {
 public:
  /// `source` (a ModelHost, outside tests) outlives the advisor.
  RepairAdvisor(TokenSource& source, RunWorker run_worker) : source_(source), run_worker_(std::move(run_worker)) {}
  ~RepairAdvisor() { stop(); }
  RepairAdvisor(const RepairAdvisor&) = delete;
  RepairAdvisor& operator=(const RepairAdvisor&) = delete;

  /// There is a model to ask.
  bool available() const { return source_.tokenizer() != nullptr; }

  /// Possibly called back at once, and never once stop() was called or something else was asked.
  using Callback = std::function<void(RepairAdvice)>;
  void ask(RepairQuestion question, Callback callback);
  void stop();
  /// The document whose error is being looked at; null if none is.
  const Snapshot* subject() const;

 private:
  struct Work;
  void fill_next_hole();
  void receive_text(const engine::Update& update);
  void check_text();
  void add_written(syntax::Repair repair);
  void compare();
  void score(size_t index);
  void receive_score(size_t index, const engine::Update& update);
  void submit(engine::Request request, std::function<void(const engine::Update&)> on_update);
  void answer();

  TokenSource& source_;
  RunWorker run_worker_;
  std::shared_ptr<Work> work_;
};

/// How repairs are listed.
struct RepairOrder {
  std::vector<size_t> order;  ///< indices of the found repairs, and behind them of the written ones; best first
  bool preferred = false;     ///< the first one stands out
};

/// Weighs the ranker's scores of `found`, which are in its order, against the model's log-probabilities. What the model
/// wrote has no score of the ranker's, and is never preferred. Found repairs that were not compared stay behind.
RepairOrder order_repairs(const std::vector<syntax::Repair>& found, const RepairAdvice& advice);

}  // namespace lacuna::server
