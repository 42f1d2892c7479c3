/// TokenSource: what the completion service needs of a model. ModelHost is the real one; tests script their own.
///
/// Loop thread only.
#pragma once

#include <string>

#include "engine/request.h"
#include "engine/tokenizer/tokenizer.h"

namespace lacuna::server {

class TokenSource {
 public:
  /// Null unless a model is ready. Lives until the model is replaced or the source ends.
  virtual const engine::Tokenizer* tokenizer() const = 0;
  /// The longest prompt and answer together, in tokens; 0 unless a model is ready.
  virtual int context_tokens() const = 0;
  /// Why there is no tokenizer, for people. Empty when ready.
  virtual std::string reason() const = 0;

  /// Updates arrive on the loop thread, the last one with `finished` set, none before this returns. The request's id is
  /// chosen here and returned.
  virtual engine::RequestId submit(engine::Request request, engine::UpdateCallback on_update) = 0;
  virtual void cancel(engine::RequestId id) = 0;

 protected:
  ~TokenSource() = default;
};

}  // namespace lacuna::server
