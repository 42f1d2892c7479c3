/// StatusNotice: tells clients that asked for it (`initializationOptions.statusNotifications`) what a status bar shows,
/// by the notification `lacuna/status`.
///
/// Loop thread only. Changes are gathered for a moment: while a model loads or keys repeat there are many.
#pragma once

#include "server/lsp/dispatcher.h"
#include "server/lsp/session.h"
#include "server/lsp/status_report.h"
#include "server/scheduler.h"

namespace lacuna::server {

class StatusNotice {
 public:
  StatusNotice(Scheduler& scheduler, Dispatcher& dispatcher, const Session& session, const StatusReport& report)
      : scheduler_(scheduler), dispatcher_(dispatcher), session_(session), report_(report) {}
  ~StatusNotice() { scheduler_.cancel_timer(timer_); }
  StatusNotice(const StatusNotice&) = delete;
  StatusNotice& operator=(const StatusNotice&) = delete;

  void client_initialized() {
    ready_ = session_.settings.status_notifications;
    changed();
  }
  void changed();

 private:
  void send();

  Scheduler& scheduler_;
  Dispatcher& dispatcher_;
  const Session& session_;
  const StatusReport& report_;
  bool ready_ = false;
  TimerId timer_ = 0;
  Json last_;  ///< what was sent
};

}  // namespace lacuna::server
