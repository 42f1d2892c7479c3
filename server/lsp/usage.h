/// Usage: what the user saw of the completions, took, and kept, and how long they took. It stays in this process.
///
/// Loop thread only. LSP has no message for "shown": an item counts as seen when nothing was typed and asked in its
/// document for three quarters of a second. "Kept" is asked of the document half a minute and two minutes after an
/// acceptance, by counting how often the text occurs: that survives edits around it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/completion/completion_service.h"
#include "server/lsp/documents.h"
#include "server/lsp/json.h"
#include "server/scheduler.h"

namespace lacuna::server {

class Usage {
 public:
  Usage(Scheduler& scheduler, const DocumentStore& documents) : scheduler_(scheduler), documents_(documents) {}
  ~Usage();
  Usage(const Usage&) = delete;
  Usage& operator=(const Usage&) = delete;

  /// A request of `uri` was answered with items; `id` names the first one.
  void offered(const std::string& uri, uint64_t id, const std::string& text, double elapsed_ms);
  /// The document was edited, closed, or asked about again: what it shows is not what was offered.
  void withdrawn(const std::string& uri);
  void silent(const std::string& reason);
  void accepted(uint64_t id);

  /// Counts, rates, percentiles of the answers' times, and the reasons of silence, most frequent first.
  Json to_json() const;

 private:
  struct Offer {
    uint64_t id;
    std::string uri;
    std::string text;
  };
  struct Kept {
    uint64_t checked = 0;
    uint64_t kept = 0;
  };

  void seen(const std::string& uri);
  void check_later(size_t mark, const Offer& offer, size_t occurrences);
  size_t count_in_document(const Offer& offer) const;

  Scheduler& scheduler_;
  const DocumentStore& documents_;
  std::deque<Offer> offers_;                           ///< the newest; an editor accepts one that it shows
  std::unordered_map<std::string, TimerId> showing_;   ///< by document: seen when it fires
  std::map<TimerId*, std::unique_ptr<TimerId>> open_;  ///< timers of check_later()
  std::deque<double> latencies_ms_;                    ///< of the newest answers with text
  std::map<std::string, uint64_t> silences_;
  std::array<Kept, 2> kept_{};
  uint64_t offered_ = 0;
  uint64_t seen_ = 0;
  uint64_t accepted_ = 0;
  uint64_t accepted_characters_ = 0;
};

}  // namespace lacuna::server
