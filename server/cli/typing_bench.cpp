#include "server/cli/typing_bench.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "server/lsp/documents.h"
#include "support/utf8.h"

namespace lacuna::server {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kLeastLine = 8;  // bytes that make a line worth typing
constexpr std::string_view kIndentation = " \t";

struct Line {
  size_t begin;  // behind its indentation
  size_t end;    // before its line end
};

std::vector<Line> lines_to_type(std::string_view text) {
  std::vector<Line> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t newline = std::min(text.find('\n', begin), text.size());
    const size_t end = newline > begin && text[newline - 1] == '\r' ? newline - 1 : newline;
    const size_t first = std::min(text.find_first_not_of(kIndentation, begin), end);
    if (end - first >= kLeastLine) lines.push_back({first, end});
    begin = newline + 1;
  }
  return lines;
}

/// The bytes that the key at `at` inserts: a character, or a line end with the blanks behind it.
size_t key_length(std::string_view text, size_t at) {
  const size_t newline = text[at] == '\r' && text.substr(at, 2) == "\r\n" ? at + 1 : at;
  if (text[newline] != '\n') return utf8::decode(text, at).length;
  return std::min(text.find_first_not_of(kIndentation, newline + 1), text.size()) - at;
}

TypingScript script_at(std::string_view text, size_t begin, int num_keys) {
  TypingScript script;
  size_t at = begin;
  while (static_cast<int>(script.keys.size()) < num_keys && at < text.size()) {
    const size_t length = key_length(text, at);
    script.keys.emplace_back(text.substr(at, length));
    at += length;
  }
  const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
  script.before = text.substr(0, begin);
  script.rest = text.substr(begin, end - begin);
  script.after = text.substr(end);
  return script;
}

/// Types one script after the other, each key when the one before has been answered. Loop thread only.
class Typist {
 public:
  Typist(EventLoop& loop, ModelHost& host, const std::string& path, const std::vector<TypingScript>& scripts,
         milliseconds pace)
      : loop_(loop), host_(host), documents_(loop), path_(path), scripts_(scripts), pace_(pace) {}

  std::vector<TypedAnswer> run() {
    loop_.post([this] { open(); });
    loop_.run();
    return std::move(answers_);
  }

 private:
  void open();
  void type();
  void ask();
  void take(CompletionAnswer answer);
  void close();

  const TypingScript& script() const { return scripts_[place_]; }
  uint32_t cursor() const { return static_cast<uint32_t>(script().before.size() + typed_.size()); }

  EventLoop& loop_;
  ModelHost& host_;
  DocumentStore documents_;
  std::unique_ptr<CompletionService> service_;  // a new one for each place: it knows nothing of those before
  const std::string& path_;
  const std::vector<TypingScript>& scripts_;
  const milliseconds pace_;
  size_t place_ = 0;
  size_t num_typed_ = 0;  // keys
  std::string typed_;
  std::string uri_;
  Clock::time_point key_time_;
  std::vector<TypedAnswer> answers_;
};

void Typist::open() {
  host_.clear_cache();
  service_ = std::make_unique<CompletionService>(
      host_, [this](auto work, auto done) { loop_.run_worker(std::move(work), std::move(done)); },
      Timing{.after = [this](milliseconds delay, std::function<void()> task) {
        loop_.start_timer(delay, std::move(task));
      }});
  num_typed_ = 0;
  typed_.clear();
  uri_ = "file:///" + std::to_string(place_) + "/" + path_.substr(path_.find_last_of('/') + 1);
  key_time_ = Clock::now();
  documents_.open({.uri = uri_, .language_id = {}, .version = 0, .text = script().before + script().after});
  ask();
}

void Typist::type() {
  if (num_typed_ == script().keys.size()) return close();
  const std::string& key = script().keys[num_typed_++];
  key_time_ = Clock::now();
  const Position position = documents_.position_of(uri_, cursor());
  typed_ += key;
  documents_.change({{uri_, static_cast<int64_t>(num_typed_)}, {{Range{position, position}, key}}});
  ask();
}

void Typist::ask() {
  documents_.when_parsed(uri_, [this](const SnapshotPointer& snapshot) {
    service_->complete({snapshot, cursor(), /*invoked=*/false},
                       [this](CompletionAnswer answer) { take(std::move(answer)); });
  });
}

void Typist::take(CompletionAnswer answer) {
  const auto elapsed = Clock::now() - key_time_;
  TypedAnswer typed{.cold = num_typed_ == 0, .ms = std::chrono::duration<double, std::milli>(elapsed).count()};
  if (!answer.items.empty()) {
    const CompletionItem& item = answer.items.front();
    const std::string_view inserted = std::string_view(item.text).substr(cursor() - item.replace.begin);
    typed.offered = true;
    typed.right = (script().rest + script().after).substr(typed_.size()).starts_with(inserted);
  }
  typed.answer = std::move(answer);
  answers_.push_back(std::move(typed));
  const auto wait = pace_ - std::chrono::duration_cast<milliseconds>(elapsed);
  if (wait.count() > 0) {
    loop_.start_timer(wait, [this] { type(); });
  } else {
    loop_.post([this] { type(); });
  }
}

void Typist::close() {
  documents_.close(uri_);
  service_->document_closed(uri_);
  if (++place_ == scripts_.size()) return loop_.stop();
  open();
}

}  // namespace

std::vector<TypingScript> typing_scripts(std::string_view text, int places, int keys) {
  const std::vector<Line> lines = lines_to_type(text);
  const size_t count = std::min(lines.size(), static_cast<size_t>(places));
  std::vector<TypingScript> scripts;
  for (size_t i = 0; i < count; ++i) {
    const size_t line = (2 * i + 1) * lines.size() / (2 * count);  // the middle of the i-th of equal parts
    scripts.push_back(script_at(text, lines[line].begin, keys));
  }
  return scripts;
}

std::vector<TypedAnswer> type_scripts(EventLoop& loop, ModelHost& host, const std::string& path,
                                      const std::vector<TypingScript>& scripts, int pace_ms) {
  if (scripts.empty()) return {};
  return Typist(loop, host, path, scripts, milliseconds(pace_ms)).run();
}

}  // namespace lacuna::server
