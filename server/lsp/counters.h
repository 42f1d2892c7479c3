/// Counters of what the user saw and did, for the status. They stay on this machine.
#pragma once

#include <cstdint>
#include <string>

#include "server/completion/completion_service.h"

namespace lacuna::server {

struct CompletionCounters {
  uint64_t requests = 0;
  uint64_t answered = 0;  ///< with text
  uint64_t silent = 0;
  uint64_t superseded = 0;  ///< by a newer request or an edit, or cancelled by the client
  uint64_t shown = 0;       ///< as told by the editor
  uint64_t accepted = 0;
  uint64_t partially_accepted = 0;
  std::string last_silence;  ///< why the last answer was empty; empty if it was not
  double last_answer_ms = 0;
  uint64_t typed_through = 0;  ///< answers that cost no model call
  uint64_t joined = 0;         ///< answers from work that was under way
  uint64_t partial = 0;        ///< answers while the model was still writing
  AnswerSource last_source = AnswerSource::none;
  engine::RequestStatistics last_statistics{};  ///< the model's work for the last answer
};

}  // namespace lacuna::server
