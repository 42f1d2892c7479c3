/// The typing benchmark: a real file is typed key by key into the completion service, which answers each key as it
/// would answer an editor's.
///
/// At several places of the file a stretch of text is taken out and typed again. Each place is a document of its own
/// with nothing computed ahead: the answer for its first query is cold, those for its keys are warm.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/completion/completion_service.h"
#include "server/event_loop.h"
#include "server/model_host.h"
#include "support/result.h"

namespace lacuna::server {

struct TypingOptions {
  std::string file;
  int places = 12;
  int keys = 24;    ///< at each place
  int pace_ms = 0;  ///< the least time from key to key; every answer is waited for in any case
};

/// What is typed at one place.
struct TypingScript {
  std::string before;             ///< the document before the cursor
  std::string after;              ///< and behind it, from the end of the last line that was taken out
  std::vector<std::string> keys;  ///< characters; a line end comes with the indentation that an editor adds
  std::string rest;               ///< what was taken out, of which `keys` is the beginning
};

/// `places` stretches, spread evenly over the lines of `text` that have something to type; fewer if it has fewer such.
std::vector<TypingScript> typing_scripts(std::string_view text, int places, int keys);

struct TypedAnswer {
  bool cold = false;
  double ms = 0;  ///< from the key to the answer
  bool offered = false;
  bool right = false;  ///< what was offered is what stands there in the file, as far as it goes
  CompletionAnswer answer{};
};

/// Loads no model: `host` has one. Runs `loop` until everything is typed.
std::vector<TypedAnswer> type_scripts(EventLoop& loop, ModelHost& host, const std::string& path,
                                      const std::vector<TypingScript>& scripts, int pace_ms);

}  // namespace lacuna::server
