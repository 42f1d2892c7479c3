#include "server/lsp/lsp_main.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "server/event_loop.h"
#include "server/lsp/language_server.h"
#include "server/lsp/message_reader.h"
#include "server/lsp/parent_watch.h"
#include "server/lsp/standard_streams.h"
#include "server/model_host.h"
#include "server/model_store.h"
#include "support/log.h"

namespace lacuna::server {
namespace {

using namespace std::chrono_literals;

constexpr auto kDrainPatience = 1s;                     // for a client that does not read our last words
constexpr auto kWorkerPatience = 1s;                    // for a parser that hangs
constexpr size_t kMostQueuedBytes = size_t{256} << 20;  // of replies, which are never dropped

/// Frames messages onto stdout.
class FramedOutbox final : public Outbox {
 public:
  FramedOutbox(std::unique_ptr<OutputStream> stream, std::function<void()> on_overflow)
      : stream_(std::move(stream)), on_overflow_(std::move(on_overflow)) {}

  void send(const Json& message, Traffic traffic) override {
    const std::string body = dump_json(message);
    stream_->write("Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body, traffic);
    if (stream_->queued_bytes() > kMostQueuedBytes && on_overflow_) std::exchange(on_overflow_, nullptr)();
  }

  OutputStream& stream() { return *stream_; }

 private:
  std::unique_ptr<OutputStream> stream_;
  std::function<void()> on_overflow_;
};

/// Everything between the two descriptors, on the loop's thread. Members are destroyed from the last to the first: the
/// input before the server, the server before the model, all of them before the loop.
class LspProcess {
 public:
  LspProcess(EventLoop& loop, const CommonOptions& options, const Environment& environment)
      : loop_(loop), options_(options), environment_(environment), model_(loop.poster()) {}

  Result<int> run(const ProtocolDescriptors& descriptors);

 private:
  LanguageServer::Host host();
  MessageReader::Handlers handlers();
  void load_model(const Settings& settings);
  void finish(int exit_code);
  void fail(const std::string& reason);
  int exit_code_without_exit() const { return server_ && server_->shut_down_requested() ? 0 : 1; }

  EventLoop& loop_;
  const CommonOptions& options_;
  const Environment& environment_;
  int exit_code_ = 1;
  bool finishing_ = false;
  ModelHost model_;
  std::unique_ptr<FramedOutbox> outbox_;
  std::unique_ptr<LanguageServer> server_;
  std::unique_ptr<ParentWatch> parent_watch_;
  std::unique_ptr<MessageReader> reader_;
  std::unique_ptr<InputStream> input_;
};

Result<int> LspProcess::run(const ProtocolDescriptors& descriptors) {
  LACUNA_ASSIGN_OR_RETURN(auto output,
                          OutputStream::open(loop_, descriptors.output, [this] { fail("stdout was closed"); }));
  outbox_ = std::make_unique<FramedOutbox>(std::move(output), [this] { fail("the client does not read its replies"); });
  server_ = std::make_unique<LanguageServer>(loop_, *outbox_, model_, host());
  parent_watch_ =
      std::make_unique<ParentWatch>(loop_, system_process_table(), [this] { fail("the editor has ended"); });
  reader_ = std::make_unique<MessageReader>(loop_, handlers());
  LACUNA_ASSIGN_OR_RETURN(input_,
                          InputStream::open(
                              loop_, descriptors.input, [this](std::string_view bytes) { reader_->feed(bytes); },
                              [this] { reader_->end(); }));
  loop_.run();
  return exit_code_;
}

LanguageServer::Host LspProcess::host() {
  return {
      .load_model = [this](const Settings& settings) { load_model(settings); },
      .watch = [this](int64_t process_id) { parent_watch_->watch(process_id); },
      .exit = [this](int exit_code) { finish(exit_code); },
      .figures = [this]() -> StatusReport::Figures {
        return {outbox_->stream().num_dropped(), outbox_->stream().queued_bytes()};
      },
      .models = [this] { return list_models(environment_); },
  };
}

MessageReader::Handlers LspProcess::handlers() {
  return {
      .message = [this](Json message) { server_->receive(std::move(message)); },
      .malformed =
          [this](const Error& error) {
            log::warning("malformed input: {}", error.message);
            server_->receive_malformed(error);
          },
      .failed = [this](const Error& error) { fail(error.message); },
      .ended =
          [this](bool mid_frame) {
            if (finishing_) return;
            if (mid_frame) log::error("stdin ended inside a frame");
            finish(mid_frame ? 1 : exit_code_without_exit());
          },
  };
}

void LspProcess::load_model(const Settings& settings) {
  if (settings.safe_mode)
    return model_.set_absent("safe mode: no model is loaded, since the server crashed repeatedly");
  const auto file = resolve_model(settings.model.empty() ? options_.model : settings.model, environment_);
  if (!file.ok()) return model_.set_absent(file.error().message);
  engine::EngineOptions engine;
  engine.model_path = *file;
  engine.num_threads = settings.num_threads >= 0 ? settings.num_threads : options_.num_threads;
  engine.isa = settings.isa.empty() ? options_.isa : settings.isa;
  engine.sidecar_folder = sidecar_folder(environment_);
  model_.load(std::move(engine));
}

/// Ends the loop as soon as the client has what was sent, or shows that it will not read it.
void LspProcess::finish(int exit_code) {
  if (std::exchange(finishing_, true)) return;
  exit_code_ = exit_code;
  loop_.start_timer(kDrainPatience, [this] { loop_.stop(); });
  outbox_->stream().when_drained([this] { loop_.stop(); });
}

void LspProcess::fail(const std::string& reason) {
  if (finishing_) return;
  log::error("ending: {}", reason);
  finish(exit_code_without_exit());
}

}  // namespace

int run_lsp(const CommonOptions& options, const Environment& environment) {
  const auto descriptors = claim_standard_streams();
  if (!descriptors.ok()) {
    log::error("{}", descriptors.error().message);
    return 1;
  }
  EventLoop loop;
  Result<int> exit_code = LspProcess(loop, options, environment).run(*descriptors);
  if (!exit_code.ok()) log::error("{}", exit_code.error().message);
  const int code = exit_code.ok() ? *exit_code : 1;
  // A worker that hangs in a parser may be using anything: statics must not be destroyed under it.
  if (loop.shut_down(kWorkerPatience) > 0) std::_Exit(code);
  return code;
}

}  // namespace lacuna::server
