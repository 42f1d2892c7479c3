#include "server/lsp/dispatcher.h"

#include <utility>

#include "support/log.h"

namespace lacuna::server {
namespace {

constexpr size_t kMostAwaitedResponses = 1000;  // a client that answers nothing must not fill the memory

RpcError code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return RpcError::invalid_params;
    case ErrorCode::cancelled:
      return RpcError::request_cancelled;
    case ErrorCode::internal:
      return RpcError::internal_error;
    default:
      return RpcError::request_failed;
  }
}

bool valid_id(const Json& id) {
  return id.is_number_integer() || id.is_string();
}

const Json& field_of(const Json& message, const char* name) {
  static const Json kNull;
  const auto found = message.find(name);
  return found == message.end() ? kNull : *found;
}

}  // namespace

struct Reply::Request {
  Dispatcher* dispatcher;  ///< null when it is gone, or the request was answered
  Json id;
  std::string key;
  std::function<void()> on_cancel;
};

Reply& Reply::operator=(Reply&& other) noexcept {
  Reply answered_now(std::exchange(request_, std::exchange(other.request_, nullptr)));
  return *this;
}

Reply::~Reply() {
  if (pending()) error(RpcError::internal_error, "the request was dropped without an answer");
}

bool Reply::pending() const {
  return request_ != nullptr && request_->dispatcher != nullptr;
}

void Reply::result(Json value) {
  answer("result", std::move(value));
}

void Reply::error(RpcError code, std::string_view message, Json data) {
  Json error = {{"code", static_cast<int>(code)}, {"message", message}};
  if (!data.is_null()) error["data"] = std::move(data);
  answer("error", std::move(error));
}

void Reply::error(const Error& failure) {
  error(code_of(failure.code), failure.message);
}

void Reply::on_cancel(std::function<void()> handler) {
  if (pending()) request_->on_cancel = std::move(handler);
}

void Reply::answer(const char* member, Json value) {
  if (!pending()) return;
  Dispatcher& dispatcher = *std::exchange(request_->dispatcher, nullptr);
  request_->on_cancel = nullptr;
  dispatcher.in_flight_.erase(request_->key);
  dispatcher.outbox_.send({{"jsonrpc", "2.0"}, {"id", request_->id}, {member, std::move(value)}}, Traffic::reply);
}

Dispatcher::Dispatcher(Outbox& outbox, std::function<void(int)> on_exit)
    : outbox_(outbox), on_exit_(std::move(on_exit)) {
  on_notification<CancelParams>("$/cancelRequest", [this](const CancelParams& params) { cancel(params.id); });
}

Dispatcher::~Dispatcher() {
  for (auto& [key, request] : in_flight_) request->dispatcher = nullptr;
}

void Dispatcher::receive(Json message) {
  if (phase_ == Phase::exited) return;
  if (!message.is_object()) {
    const char* reason = message.is_array() ? "batches are not part of LSP" : "a message is a JSON object";
    return send_error(nullptr, RpcError::invalid_request, reason);
  }
  const bool has_id = message.contains("id");
  if (message.contains("method")) return has_id ? receive_request(message) : receive_notification(message);
  if (has_id && (message.contains("result") || message.contains("error"))) return receive_response(message);
  send_error(nullptr, RpcError::invalid_request, "a message has a method, a result or an error");
}

void Dispatcher::receive_malformed(const Error& error) {
  send_error(nullptr, RpcError::parse_error, error.message);
}

void Dispatcher::receive_request(Json& message) {
  const Json& id = message["id"];
  if (!valid_id(id)) return send_error(nullptr, RpcError::invalid_request, "a request's id is an integer or a string");
  if (!message["method"].is_string()) return send_error(id, RpcError::invalid_request, "a method is a string");
  std::string key = dump_json(id);
  if (in_flight_.contains(key)) return send_error(id, RpcError::invalid_request, "a request with this id is in flight");

  auto request = std::make_shared<Reply::Request>(Reply::Request{this, id, key, {}});
  in_flight_.emplace(std::move(key), request);
  serve(message["method"].get_ref<const std::string&>(), field_of(message, "params"), Reply(std::move(request)));
}

void Dispatcher::serve(const std::string& method, const Json& params, Reply reply) {
  if (phase_ == Phase::shut_down) return reply.error(RpcError::invalid_request, "the server was shut down");
  if (method == "initialize") {
    if (phase_ != Phase::created) return reply.error(RpcError::invalid_request, "initialize is sent once");
    phase_ = Phase::running;
    return initialize_(params, std::move(reply));
  }
  if (phase_ == Phase::created) return reply.error(RpcError::server_not_initialized, "the first request is initialize");
  if (method == "shutdown") {
    phase_ = Phase::shut_down;
    if (shutdown_) shutdown_();
    return reply.result(nullptr);
  }
  const auto handler = requests_.find(method);
  if (handler == requests_.end()) {
    return reply.error(RpcError::method_not_found, "unknown method '" + method.substr(0, 80) + "'");
  }
  handler->second(params, std::move(reply));
}

void Dispatcher::receive_notification(Json& message) {
  if (!message["method"].is_string()) return send_error(nullptr, RpcError::invalid_request, "a method is a string");
  const std::string& method = message["method"].get_ref<const std::string&>();
  if (method == "exit") {
    const int exit_code = phase_ == Phase::shut_down ? 0 : 1;
    phase_ = Phase::exited;
    return on_exit_(exit_code);
  }
  if (phase_ != Phase::running) return;
  const auto handler = notifications_.find(method);
  if (handler != notifications_.end()) handler->second(field_of(message, "params"));
}

void Dispatcher::receive_response(Json& message) {
  const Json& id = message["id"];
  const auto found = id.is_number_integer() ? awaited_.find(id.get<int64_t>()) : awaited_.end();
  if (found == awaited_.end()) return log::debug("ignoring a response to an unknown request");
  const Response response = std::move(found->second);
  awaited_.erase(found);
  const auto error = message.find("error");
  response(field_of(message, "result"), error == message.end() || error->is_null() ? nullptr : &*error);
}

/// The handler may answer by itself; else the request is answered here, whatever the work is doing.
void Dispatcher::cancel(const Json& id) {
  const auto found = in_flight_.find(dump_json(id));
  if (found == in_flight_.end()) return;
  Reply reply;
  reply.request_ = found->second;
  const auto on_cancel = std::move(reply.request_->on_cancel);
  if (on_cancel) on_cancel();
  if (reply.pending()) reply.error(RpcError::request_cancelled, "cancelled");
}

void Dispatcher::reject_notification(std::string_view method, const Error& error) {
  log::warning("ignoring {}: {}", method, error.message);
}

void Dispatcher::notify(const char* method, Json params, Traffic traffic) {
  outbox_.send({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}}, traffic);
}

void Dispatcher::request(const char* method, Json params, Response response) {
  if (awaited_.size() >= kMostAwaitedResponses)
    return log::warning("not sending {}: the client answers nothing", method);
  const int64_t id = next_id_++;
  awaited_.emplace(id, std::move(response));
  Json message = {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}};
  if (!params.is_null()) message["params"] = std::move(params);
  outbox_.send(message, Traffic::request);
}

void Dispatcher::send_error(const Json& id, RpcError code, std::string_view message) {
  outbox_.send({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", static_cast<int>(code)}, {"message", message}}}},
               Traffic::reply);
}

}  // namespace lacuna::server
