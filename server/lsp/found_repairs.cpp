#include "server/lsp/found_repairs.h"

#include <utility>

namespace lacuna::server {

FoundRepairs::Text& FoundRepairs::of(const AnalysisPointer& analysis) {
  Text& text = texts_[analysis->snapshot->uri];
  if (text.analysis != analysis) text = {.analysis = analysis, .revision = next_revision_++, .errors = {}};
  return text;
}

const FoundRepairs::Text* FoundRepairs::find(const std::string& uri, uint64_t revision) const {
  const auto found = texts_.find(uri);
  return found != texts_.end() && found->second.revision == revision ? &found->second : nullptr;
}

void FoundRepairs::changed(const std::string& uri) {
  if (const Snapshot* subject = advisor_.subject(); subject && subject->uri == uri) advisor_.stop();
}

void FoundRepairs::closed(const std::string& uri) {
  changed(uri);
  texts_.erase(uri);
}

void FoundRepairs::ask_model(const AnalysisPointer& analysis, size_t error) {
  const Text& text = of(analysis);
  const auto entry = text.errors.find(error);
  if (!advisor_.available() || entry == text.errors.end() || !entry->second.asks_for_advice()) return;
  const Asked question{text.revision, error};
  if (advisor_.subject() != nullptr && asked_ == question) return;
  asked_ = question;
  const ErrorRepairs& known = entry->second;
  advisor_.ask({analysis->snapshot, analysis->errors[error], known.found(), known.holes()},
               [this, uri = analysis->snapshot->uri, question](RepairAdvice advice) {
                 const auto found = texts_.find(uri);
                 if (found == texts_.end() || found->second.revision != question.revision) return;
                 found->second.errors.at(question.error).take(std::move(advice));
               });
}

}  // namespace lacuna::server
