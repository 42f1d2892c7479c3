/// ModelNotice: tells the user how the model is doing: progress while it loads, and once, if there is none, how to get
/// one.
///
/// Loop thread only. Nothing is sent before `initialized`, nor to a client that asked for StatusNotice's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/lsp/dispatcher.h"
#include "server/lsp/session.h"
#include "server/model_host.h"

namespace lacuna::server {

class ModelNotice {
 public:
  ModelNotice(Dispatcher& dispatcher, const Session& session, const ModelHost& model)
      : dispatcher_(dispatcher), session_(session), model_(model) {}

  void client_initialized();
  void model_changed();
  void settings_changed() { told_.clear(); }

 private:
  enum class Progress { none, requested, shown };

  void show_progress();
  void begin_progress(int64_t token);
  int percentage_now() const;
  void end_progress();
  void report(int64_t token, Json value);
  void tell(MessageType type, const std::string& message);

  Dispatcher& dispatcher_;
  const Session& session_;
  const ModelHost& model_;
  bool client_ready_ = false;
  Progress progress_ = Progress::none;
  int64_t token_ = 0;
  int percentage_ = -1;  ///< last told
  std::string told_;     ///< the last message, which is not repeated
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lacuna::server
