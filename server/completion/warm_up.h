/// WarmUp: fills the engine's prefix cache with the document that a person has just opened.
///
/// The beginning of a prompt is the text from the start of the file, as long as the file fits the budget before the
/// cursor; then it can be computed before anybody knows where the cursor will be. Longer files are left alone. It goes
/// in slices of little work, so that a real request waits for one slice at most, and only for the latest document. Loop
/// thread only.
#pragma once

#include <memory>
#include <string>

#include "server/completion/completion_service.h"
#include "server/snapshot.h"
#include "server/token_source.h"

namespace lacuna::server {

class WarmUp {
 public:
  explicit WarmUp(TokenSource& source);
  ~WarmUp();

  /// Ends the warm-up of the document before. Does nothing without a model.
  void start(const Snapshot& snapshot, const CompletionSettings& settings);
  void stop();
  void document_closed(const std::string& uri);

 private:
  struct Task;
  static void next_slice(const std::shared_ptr<Task>& task);

  TokenSource& source_;
  std::shared_ptr<Task> task_;
};

}  // namespace lacuna::server
