#include "server/lsp/dispatcher.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "fakes.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

struct Sum {
  int64_t a = 0;
  int64_t b = 0;
};
bool read(const Json& value, Sum& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("a", out.a) && object.required("b", out.b);
}

struct Server {
  KeptOutbox outbox;
  std::optional<int> exit_code;
  std::vector<Reply> kept;
  int cancelled = 0;
  int noted = 0;
  std::optional<Dispatcher> dispatcher;

  explicit Server(bool running = true) {
    dispatcher.emplace(outbox, [this](int code) { exit_code = code; });
    dispatcher->on_initialize([](const Json&, Reply reply) { reply.result({{"capabilities", Json::object()}}); });
    dispatcher->on_request<Sum>("sum", [](Sum sum, Reply reply) { reply.result(sum.a + sum.b); });
    dispatcher->on_request<Json>("drop", [](const Json&, Reply) {});
    dispatcher->on_request<Json>("twice", [](const Json&, Reply reply) {
      reply.result(1);
      reply.result(2);
      reply.error(RpcError::internal_error, "x");
    });
    dispatcher->on_request<Json>("keep", [this](const Json&, Reply reply) {
      reply.on_cancel([this] { ++cancelled; });
      kept.push_back(std::move(reply));
    });
    dispatcher->on_notification<Sum>("note", [this](Sum) { ++noted; });
    if (running) ask("init", "initialize", "{}");
  }

  void send(const std::string& text) { dispatcher->receive(Json::parse(text)); }
  Json ask(const std::string& id, const std::string& method, const std::string& params) {
    send(R"({"jsonrpc":"2.0","id":")" + id + R"(","method":")" + method + R"(","params":)" + params + "}");
    const auto answers = outbox.answers(id);
    return answers.empty() ? Json() : answers.back();
  }
  Json last() const { return outbox.messages.back(); }
  size_t count() const { return outbox.messages.size(); }
};

int code(const Json& answer) {
  return answer.contains("error") ? answer["error"]["code"].get<int>() : 0;
}

}  // namespace

TEST_CASE("a request is answered with its handler's result") {
  Server server;
  const Json answer = server.ask("1", "sum", R"({"a":1,"b":2})");
  CHECK(answer == Json{{"jsonrpc", "2.0"}, {"id", "1"}, {"result", 3}});
}

TEST_CASE("a request is answered once, whatever its handler does") {
  Server server;
  CHECK(code(server.ask("1", "drop", "{}")) == -32603);
  CHECK(server.ask("2", "twice", "{}")["result"] == 1);
  CHECK(server.outbox.answers("1").size() == 1);
  CHECK(server.outbox.answers("2").size() == 1);
  CHECK(server.dispatcher->num_in_flight() == 0);
}

TEST_CASE("an answer may come later, and ids may be numbers") {
  Server server;
  server.send(R"({"jsonrpc":"2.0","id":7,"method":"keep"})");
  CHECK(server.outbox.answers(7).empty());
  server.kept[0].result("late");
  CHECK(server.outbox.answers(7).at(0)["result"] == "late");
}

TEST_CASE("wrong parameters are named") {
  Server server;
  Json answer = server.ask("1", "sum", R"({"a":1})");
  CHECK(code(answer) == -32602);
  CHECK(answer["error"]["message"] == "b: missing");
  answer = server.ask("2", "sum", R"({"a":"x","b":1})");
  CHECK(answer["error"]["message"] == "a: expected an integer");
  CHECK(code(server.ask("3", "sum", "[1,2]")) == -32602);
  CHECK(code(server.ask("4", "sum", "null")) == -32602);
  server.send(R"({"jsonrpc":"2.0","id":"5","method":"sum"})");
  CHECK(code(server.outbox.answers("5").at(0)) == -32602);
}

TEST_CASE("messages that are no messages are refused without an id") {
  Server server;
  for (const char* text : {"[]", "1", "null", "\"x\"", R"([{"jsonrpc":"2.0","id":1,"method":"sum"}])", "{}",
                           R"({"id":1})", R"({"id":null,"method":"sum"})", R"({"id":1.5,"method":"sum"})",
                           R"({"id":{},"method":"sum"})", R"({"method":5})"}) {
    CAPTURE(text);
    const size_t before = server.count();
    server.send(text);
    REQUIRE(server.count() == before + 1);
    CHECK(code(server.last()) == -32600);
    CHECK(server.last()["id"].is_null());
  }
  server.send(R"({"id":9,"method":5})");
  CHECK(server.last()["id"] == 9);
  CHECK(code(server.last()) == -32600);
  server.dispatcher->receive_malformed({ErrorCode::corrupt, "not JSON at byte 3"});
  CHECK(server.last() ==
        Json::parse(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not JSON at byte 3"}})"));
}

TEST_CASE("unknown methods: requests are refused, notifications ignored") {
  Server server;
  CHECK(code(server.ask("1", "$/unknown", "{}")) == -32601);
  const size_t before = server.count();
  server.send(R"({"jsonrpc":"2.0","method":"$/unknown"})");
  server.send(R"({"jsonrpc":"2.0","method":"note","params":{"a":1}})");
  CHECK(server.noted == 0);
  server.send(R"({"jsonrpc":"2.0","method":"note","params":{"a":1,"b":2}})");
  CHECK(server.noted == 1);
  CHECK(server.count() == before);
}

TEST_CASE("the life cycle") {
  Server server(false);
  CHECK(code(server.ask("1", "sum", R"({"a":1,"b":2})")) == -32002);
  CHECK(code(server.ask("2", "shutdown", "null")) == -32002);
  server.send(R"({"jsonrpc":"2.0","method":"note","params":{"a":1,"b":2}})");
  CHECK(server.noted == 0);
  CHECK(code(server.ask("3", "initialize", "{}")) == 0);
  CHECK(code(server.ask("4", "initialize", "{}")) == -32600);
  CHECK(code(server.ask("5", "sum", R"({"a":1,"b":2})")) == 0);
  const Json answer = server.ask("6", "shutdown", "null");
  CHECK(answer.at("result").is_null());
  CHECK(code(server.ask("7", "sum", R"({"a":1,"b":2})")) == -32600);
  CHECK(code(server.ask("8", "shutdown", "null")) == -32600);
  CHECK(code(server.ask("9", "initialize", "{}")) == -32600);
  server.send(R"({"jsonrpc":"2.0","method":"note","params":{"a":1,"b":2}})");
  CHECK(server.noted == 0);
  server.send(R"({"jsonrpc":"2.0","method":"exit"})");
  CHECK(server.exit_code == 0);
  const size_t before = server.count();
  server.ask("10", "sum", R"({"a":1,"b":2})");
  CHECK(server.count() == before);
}

TEST_CASE("exit without shutdown fails, also before initialize") {
  for (const bool running : {false, true}) {
    Server server(running);
    server.send(R"({"jsonrpc":"2.0","method":"exit"})");
    CHECK(server.exit_code == 1);
  }
}

TEST_CASE("a cancelled request is answered as cancelled, once") {
  Server server;
  server.ask("1", "keep", "{}");
  server.send(R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"1"}})");
  CHECK(server.cancelled == 1);
  CHECK(code(server.outbox.answers("1").at(0)) == -32800);
  CHECK_FALSE(server.kept[0].pending());
  server.kept[0].result(1);
  server.send(R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"1"}})");
  server.send(R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":99}})");
  server.send(R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{}})");
  server.send(R"({"jsonrpc":"2.0","method":"$/cancelRequest"})");
  CHECK(server.cancelled == 1);
  CHECK(server.outbox.answers("1").size() == 1);
  CHECK(server.ask("99", "twice", "{}")["result"] == 1);  // a cancellation is not kept for later ids
}

TEST_CASE("an id in flight cannot be used twice") {
  Server server;
  server.ask("1", "keep", "{}");
  server.ask("1", "keep", "{}");
  REQUIRE(server.outbox.answers("1").size() == 1);
  CHECK(code(server.outbox.answers("1")[0]) == -32600);
  server.kept[0].result("first");
  CHECK(server.outbox.answers("1").at(1)["result"] == "first");
  CHECK(server.kept.size() == 1);
}

TEST_CASE("our own requests get the client's answers") {
  Server server;
  std::vector<std::string> heard;
  const auto hear = [&](const Json& result, const Json* error) {
    heard.push_back(error ? "error" : dump_json(result));
  };
  server.dispatcher->request("a", Json::object(), hear);
  const Json first = server.last();
  server.dispatcher->request("b", Json::object(), hear);
  const Json second = server.last();
  server.dispatcher->receive({{"jsonrpc", "2.0"}, {"id", second["id"]}, {"error", {{"code", 1}, {"message", "no"}}}});
  server.dispatcher->receive({{"jsonrpc", "2.0"}, {"id", first["id"]}, {"result", Json::array({1})}});
  server.dispatcher->receive({{"jsonrpc", "2.0"}, {"id", first["id"]}, {"result", Json::array({2})}});
  server.dispatcher->receive({{"jsonrpc", "2.0"}, {"id", 12345}, {"result", nullptr}});
  server.dispatcher->receive({{"jsonrpc", "2.0"}, {"id", "x"}, {"result", nullptr}});
  CHECK(heard == std::vector<std::string>{"error", "[1]"});
}

TEST_CASE("replies may outlive the dispatcher") {
  Server server;
  server.ask("1", "keep", "{}");
  const size_t before = server.count();
  server.dispatcher.reset();
  server.kept[0].result(1);
  server.kept.clear();
  CHECK(server.count() == before);
}
