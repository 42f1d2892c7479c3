#include "server/lsp/model_notice.h"

#include <utility>

namespace lacuna::server {

void ModelNotice::client_initialized() {
  client_ready_ = !session_.settings.status_notifications;  // who is told by `lacuna/status` shows all of it itself
  model_changed();
}

void ModelNotice::model_changed() {
  if (!client_ready_) return;
  const ModelHost::State state = model_.state();
  if (state == ModelHost::State::loading) return show_progress();
  end_progress();
  if (state == ModelHost::State::failed) tell(MessageType::error, "Lacuna has no ghost text: " + model_.reason());
  if (state == ModelHost::State::absent) tell(MessageType::info, "Lacuna has no ghost text: " + model_.reason());
  if (state == ModelHost::State::ready && !model_.note().empty()) tell(MessageType::info, "Lacuna: " + model_.note());
}

void ModelNotice::show_progress() {
  if (!session_.client.work_done_progress) return;
  if (progress_ == Progress::shown) {
    const int percentage = percentage_now();
    if (std::exchange(percentage_, percentage) == percentage) return;
    return report(token_, {{"kind", "report"}, {"percentage", percentage}, {"message", model_.reason()}});
  }
  if (progress_ == Progress::requested) return;
  progress_ = Progress::requested;
  ++token_;
  dispatcher_.request("window/workDoneProgress/create", {{"token", "lacuna-model-" + std::to_string(token_)}},
                      [this, alive = std::weak_ptr(alive_), token = token_](const Json&, const Json* error) {
                        if (!alive.expired() && error == nullptr) begin_progress(token);
                      });
}

/// In steps: a message for each percent would be noise.
int ModelNotice::percentage_now() const {
  constexpr int kStep = 10;
  return static_cast<int>(model_.progress() * 100) / kStep * kStep;
}

/// The client has made room for the progress. It keeps that until the end, so where the model was ready sooner the
/// progress begins and ends at once.
void ModelNotice::begin_progress(int64_t token) {
  const bool still_loading = progress_ == Progress::requested && token == token_;
  const int percentage = still_loading ? percentage_now() : 100;
  const Json begin = {{"kind", "begin"},
                      {"title", "Lacuna"},
                      {"message", model_.reason()},
                      {"percentage", percentage},
                      {"cancellable", false}};
  report(token, begin);
  if (!still_loading) return report(token, {{"kind", "end"}});
  progress_ = Progress::shown;
  percentage_ = percentage;
}

void ModelNotice::end_progress() {
  if (std::exchange(progress_, Progress::none) == Progress::shown) report(token_, {{"kind", "end"}});
}

void ModelNotice::report(int64_t token, Json value) {
  dispatcher_.notify("$/progress", {{"token", "lacuna-model-" + std::to_string(token)}, {"value", std::move(value)}});
}

void ModelNotice::tell(MessageType type, const std::string& message) {
  if (std::exchange(told_, message) == message) return;
  dispatcher_.notify("window/showMessage", {{"type", static_cast<int>(type)}, {"message", message}});
}

}  // namespace lacuna::server
