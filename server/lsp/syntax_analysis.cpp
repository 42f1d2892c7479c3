#include "server/lsp/syntax_analysis.h"

#include <utility>

namespace lacuna::server {

void SyntaxAnalysis::of(const std::string& uri, Callback callback) {
  documents_.when_parsed(
      uri, [this, alive = std::weak_ptr(alive_), callback = std::move(callback)](const SnapshotPointer& snapshot) {
        if (snapshot == nullptr || alive.expired()) return callback(nullptr);
        analyse(snapshot, callback);
      });
}

void SyntaxAnalysis::forget(const std::string& uri) {
  const auto entry = kept_.extract(uri);
  if (entry.empty()) return;
  for (const Callback& callback : entry.mapped().waiting) callback(nullptr);
}

void SyntaxAnalysis::analyse(const SnapshotPointer& snapshot, Callback callback) {
  Entry& entry = kept_[snapshot->uri];
  if (entry.analysis != nullptr && entry.analysis->snapshot == snapshot) return callback(entry.analysis);
  entry.analysis = nullptr;
  auto analysis = std::make_shared<Analysis>();
  analysis->snapshot = snapshot;
  if (snapshot->tree == nullptr) {
    entry.analysis = analysis;
    return callback(std::move(analysis));
  }

  if (entry.under_way != snapshot) {
    for (const Callback& stale : std::exchange(entry.waiting, {})) stale(nullptr);
  }
  entry.waiting.push_back(std::move(callback));
  if (std::exchange(entry.under_way, snapshot) == snapshot) return;
  scheduler_.run_worker(
      [analysis] { analysis->errors = syntax::diagnose(*analysis->snapshot->tree, *analysis->snapshot->text); },
      [this, alive = std::weak_ptr(alive_), analysis] {
        if (!alive.expired()) finish(analysis);
      });
}

void SyntaxAnalysis::finish(const AnalysisPointer& analysis) {
  const auto found = kept_.find(analysis->snapshot->uri);
  if (found == kept_.end() || found->second.under_way != analysis->snapshot) return;
  Entry& entry = found->second;
  entry.under_way = nullptr;
  const auto waiting = std::exchange(entry.waiting, {});
  const bool current = documents_.is_current(*analysis->snapshot);
  entry.analysis = current ? analysis : nullptr;
  for (const Callback& callback : waiting) callback(current ? analysis : nullptr);
}

}  // namespace lacuna::server
