#include "server/lsp/pauses.h"

namespace lacuna::server {

Pauses::~Pauses() {
  for (const auto& [language, timer] : pauses_) scheduler_.cancel_timer(timer);
}

void Pauses::pause(const syntax::Language* language, std::optional<std::chrono::minutes> duration) {
  TimerId& timer = pauses_[language];
  scheduler_.cancel_timer(timer);
  timer = 0;
  if (duration) {
    timer = scheduler_.start_timer(*duration, [this, language] {
      pauses_.erase(language);
      on_change_();
    });
  }
  on_change_();
}

void Pauses::resume(const syntax::Language* language) {
  for (const auto& [paused, timer] : pauses_) {
    if (language == nullptr || paused == language) scheduler_.cancel_timer(timer);
  }
  std::erase_if(pauses_, [language](const auto& each) { return language == nullptr || each.first == language; });
  on_change_();
}

std::vector<std::string> Pauses::languages() const {
  std::vector<std::string> ids;
  for (const auto& [language, timer] : pauses_) {
    if (language != nullptr) ids.emplace_back(language->id);
  }
  return ids;
}

std::string Pauses::reason(const syntax::Language* language) const {
  if (everywhere()) return "completions are paused";
  if (language == nullptr || !pauses_.contains(language)) return {};
  return "completions are paused in " + std::string(language->name);
}

}  // namespace lacuna::server
