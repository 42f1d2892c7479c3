/// Dispatcher: JSON-RPC and the life cycle of LSP. Finds the handler of a message and sees that every request is
/// answered exactly once.
///
/// Loop thread only. Handlers are registered before the first message. A Reply may be answered at once or kept for
/// later; it may outlive the dispatcher, and then does nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/lsp/decode.h"
#include "server/lsp/outbox.h"
#include "server/lsp/protocol.h"

namespace lacuna::server {

/// The right and the duty to answer one request. Move-only; destroyed unanswered, it answers "internal error".
class Reply {
 public:
  Reply() = default;
  Reply(Reply&& other) noexcept = default;
  Reply& operator=(Reply&& other) noexcept;
  ~Reply();

  void result(Json value);
  void error(RpcError code, std::string_view message, Json data = nullptr);
  /// Maps the codes of our own errors.
  void error(const Error& error);

  /// False once it was answered or cancelled: work for it is then in vain.
  bool pending() const;
  /// Called when the client cancels the request, which is then answered as cancelled, unless `handler` answers it.
  void on_cancel(std::function<void()> handler);

 private:
  friend class Dispatcher;
  struct Request;
  explicit Reply(std::shared_ptr<Request> request) : request_(std::move(request)) {}
  void answer(const char* member, Json value);
  std::shared_ptr<Request> request_;
};

class Dispatcher {
 public:
  enum class Phase { created, running, shut_down, exited };
  using Response = std::function<void(const Json& result, const Json* error)>;

  /// `on_exit` is called with the process's exit code when the client sends `exit`.
  Dispatcher(Outbox& outbox, std::function<void(int exit_code)> on_exit);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  /// Requests still in flight are left unanswered: the client is gone.
  ~Dispatcher();

  template <class Params>
  void on_request(const char* method, std::function<void(Params, Reply)> handler) {
    requests_[method] = [handler = std::move(handler)](const Json& params, Reply reply) {
      Result<Params> decoded = decode<Params>(params);
      if (!decoded.ok()) return reply.error(decoded.error());
      handler(std::move(decoded).value(), std::move(reply));
    };
  }
  template <class Params>
  void on_notification(const char* method, std::function<void(Params)> handler) {
    notifications_[method] = [this, method, handler = std::move(handler)](const Json& params) {
      Result<Params> decoded = decode<Params>(params);
      if (!decoded.ok()) return reject_notification(method, decoded.error());
      handler(std::move(decoded).value());
    };
  }
  /// The handler of `initialize`, the only request that is served before it. Its answer makes the server run.
  void on_initialize(std::function<void(const Json& params, Reply)> handler) { initialize_ = std::move(handler); }
  void on_shutdown(std::function<void()> handler) { shutdown_ = std::move(handler); }

  /// Handles one incoming message.
  void receive(Json message);
  /// Answers a frame that was no message: the error has no id.
  void receive_malformed(const Error& error);

  void notify(const char* method, Json params, Traffic traffic = Traffic::notice);
  /// Sends a request; `response` is called once with the client's answer, or never.
  void request(const char* method, Json params, Response response);

  Phase phase() const { return phase_; }
  size_t num_in_flight() const { return in_flight_.size(); }

 private:
  friend class Reply;
  using RequestHandler = std::function<void(const Json&, Reply)>;

  void receive_request(Json& message);
  void serve(const std::string& method, const Json& params, Reply reply);
  void receive_notification(Json& message);
  void receive_response(Json& message);
  void cancel(const Json& id);
  void reject_notification(std::string_view method, const Error& error);
  void send_error(const Json& id, RpcError code, std::string_view message);

  Outbox& outbox_;
  std::function<void(int)> on_exit_;
  Phase phase_ = Phase::created;
  std::unordered_map<std::string, RequestHandler> requests_;
  std::unordered_map<std::string, std::function<void(const Json&)>> notifications_;
  RequestHandler initialize_;
  std::function<void()> shutdown_;
  std::unordered_map<std::string, std::shared_ptr<Reply::Request>> in_flight_;  ///< by the id as JSON text
  std::unordered_map<int64_t, Response> awaited_;                               ///< our own requests
  int64_t next_id_ = 1;
};

}  // namespace lacuna::server
