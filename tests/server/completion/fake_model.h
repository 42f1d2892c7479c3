/// A tokenizer and a model for tests: the one spells words, the other says what a test tells it to.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"
#include "server/completion/stop_constraint.h"
#include "server/token_source.h"

namespace lacuna::server::test {

/// One token a word (letters, with the blank before it) of a small vocabulary, one a byte otherwise, and Qwen's control
/// tokens.
class SpellingTokenizer final : public engine::Tokenizer {
 public:
  explicit SpellingTokenizer(bool fill_in_middle = true) {
    for (int byte = 0; byte < 256; ++byte) pieces_.emplace_back(1, static_cast<char>(byte));
    for (const char* word : {"print", " print", "return", " return", "value", " value", "    ", "line\n"})
      pieces_.emplace_back(word);
    first_control_ = static_cast<engine::TokenId>(pieces_.size());
    for (const char* name :
         {"<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>", "<|im_start|>"}) {
      pieces_.emplace_back(name);
    }
    end_ = {first_control_};
    if (!fill_in_middle) return;
    fim_.prefix = first_control_ + 1;
    fim_.suffix = first_control_ + 2;
    fim_.middle = first_control_ + 3;
    fim_.file_separator = first_control_ + 4;
    end_.insert(end_.end(), {fim_.prefix, fim_.suffix, fim_.middle, fim_.file_separator});
  }

  std::vector<engine::TokenId> encode(std::string_view text, bool parse_special = false) const override {
    std::vector<engine::TokenId> tokens;
    while (!text.empty()) {
      engine::TokenId best = static_cast<unsigned char>(text[0]);
      const auto limit = parse_special ? static_cast<engine::TokenId>(pieces_.size()) : first_control_;
      for (engine::TokenId token = 256; token < limit; ++token) {
        if (text.starts_with(piece(token)) && piece(token).size() > piece(best).size()) best = token;
      }
      tokens.push_back(best);
      text.remove_prefix(piece(best).size());
    }
    return tokens;
  }
  std::string decode(std::span<const engine::TokenId> tokens) const override {
    std::string text;
    for (const engine::TokenId token : tokens) text += piece(token);
    return text;
  }
  std::string_view piece(engine::TokenId token) const override { return pieces_.at(static_cast<size_t>(token)); }
  bool is_control(engine::TokenId token) const override { return token >= first_control_; }
  std::optional<engine::TokenId> find(std::string_view text) const override {
    for (size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i] == text) return static_cast<engine::TokenId>(i);
    }
    return std::nullopt;
  }
  int size() const override { return static_cast<int>(pieces_.size()); }
  std::vector<uint32_t> split(std::string_view text) const override {
    std::vector<uint32_t> lengths;
    for (const engine::TokenId token : encode(text)) lengths.push_back(static_cast<uint32_t>(piece(token).size()));
    return lengths;
  }
  size_t split_margin() const override { return 16; }  // the longest piece
  const engine::FimTokens& fim() const override { return fim_; }
  std::optional<engine::TokenId> bos() const override { return std::nullopt; }
  std::span<const engine::TokenId> end_tokens() const override { return end_; }

 private:
  std::vector<std::string> pieces_;
  engine::TokenId first_control_ = 0;
  engine::FimTokens fim_;
  std::vector<engine::TokenId> end_;
};

/// Keeps requests until the test answers them.
class ScriptedSource final : public TokenSource {
 public:
  explicit ScriptedSource(bool fill_in_middle = true) : tokenizer_(fill_in_middle) {}

  const engine::Tokenizer* tokenizer() const override { return silence.empty() ? &tokenizer_ : nullptr; }
  int context_tokens() const override { return context; }
  std::string reason() const override { return silence; }
  engine::RequestId submit(engine::Request request, engine::UpdateCallback on_update) override {
    request.id = ++last_id;
    requests[last_id] = {std::move(request), std::move(on_update)};
    return last_id;
  }
  void cancel(engine::RequestId id) override { cancelled.push_back(id); }

  /// Sends `text` as one piece, as the engine would after checking it against the constraint; in the first one after
  /// what the model is forced to write again. Ends the request if the constraint says so.
  void write(engine::RequestId id, const std::string& text, float log_probability = 0) {
    const auto* rules = dynamic_cast<const StopConstraint*>(requests.at(id).request.constraint.get());
    const bool first = requests.at(id).generated.empty();
    write_exactly(id, (first && rules ? rules->forced() : "") + text, log_probability);
  }
  void write_exactly(engine::RequestId id, const std::string& text, float log_probability = 0) {
    engine::Update update;
    update.id = id;
    update.token = 0;
    update.piece = text;
    update.log_probability = log_probability;
    Running& running = requests.at(id);
    const bool was_accepted =
        !running.request.constraint || running.request.constraint->accepts(running.generated, text);
    accepted = accepted && was_accepted;
    if (running.request.constraint) {
      running.generated += text;
      if (running.request.constraint->complete(running.generated)) {
        update.finished = true;
        update.reason = engine::FinishReason::constraint;
      }
    }
    send(id, update);
  }
  void write_token(engine::RequestId id, engine::TokenId token) {
    engine::Update update;
    update.id = id;
    update.token = token;
    update.piece = tokenizer_.piece(token);
    send(id, update);
  }
  void end(engine::RequestId id, engine::FinishReason reason = engine::FinishReason::stop_token, Error error = {}) {
    engine::Update update;
    update.id = id;
    update.finished = true;
    update.reason = reason;
    update.error = std::move(error);
    send(id, update);
  }
  void answer(const engine::Update& update) { send(update.id, update); }
  std::string prompt(engine::RequestId id) const { return tokenizer_.decode(requests.at(id).request.prompt); }
  const engine::Request& request(engine::RequestId id) const { return requests.at(id).request; }

  std::string silence;
  int context = 4096;
  engine::RequestId last_id = 0;
  std::vector<engine::RequestId> cancelled;
  bool accepted = true;  ///< every piece written was allowed by its request's constraint

 private:
  struct Running {
    engine::Request request;
    engine::UpdateCallback on_update;
    std::string generated{};
  };
  void send(engine::RequestId id, const engine::Update& update) {
    const engine::UpdateCallback on_update = requests.at(id).on_update;
    on_update(update);
  }
  SpellingTokenizer tokenizer_;
  std::map<engine::RequestId, Running> requests;
};

}  // namespace lacuna::server::test
