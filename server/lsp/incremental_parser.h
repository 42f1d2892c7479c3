/// IncrementalParser: keeps the tree of one document's latest text, without ever holding up the loop.
///
/// Loop thread only. A parse that was quick last time is done on the spot, under a budget of 2 ms; any other one on a
/// worker. At most one is under way; edits that arrive meanwhile wait and are applied to its result. A text whose parse
/// ran over its budget stays without a tree for a while, so that a hostile file does not keep a core busy.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/scheduler.h"
#include "syntax/syntax_tree.h"

namespace lacuna::server {

class IncrementalParser {
 public:
  using Text = std::shared_ptr<const std::string>;
  using Tree = std::shared_ptr<const syntax::SyntaxTree>;
  /// Called once for the latest text, possibly from within reset() or edit(); the tree is null where there is none.
  using OnParsed = std::function<void(Tree)>;

  IncrementalParser(Scheduler& scheduler, OnParsed on_parsed);
  ~IncrementalParser();

  /// A whole new text. `language` is null where it is unknown.
  void reset(const syntax::Language* language, Text text);
  /// The whole text anew, from a client that sends no less: mostly the one before it but for some lines, so that it is
  /// parsed as an edit of that one.
  void replace(Text text);
  /// `text` is the text before it after `edits`.
  void edit(const std::vector<syntax::Edit>& edits, Text text);

 private:
  struct Job;
  void parse_latest();
  void finish(const std::shared_ptr<Job>& job);
  void give_up(std::chrono::milliseconds rest);
  void abandon_job();
  void cancel_job();

  Scheduler& scheduler_;
  OnParsed on_parsed_;
  const syntax::Language* language_ = nullptr;
  Text text_;                        ///< the latest
  Tree base_;                        ///< the last tree that came out; null: parse from scratch
  Text base_text_;                   ///< its text
  std::vector<syntax::Edit> edits_;  ///< from base_text_ to text_
  std::shared_ptr<Job> job_;         ///< under way on a worker
  TimerId watchdog_ = 0;             ///< running while it is
  bool quick_ = false;               ///< the last parse took less than a millisecond
  std::chrono::milliseconds resting_until_{0};
};

}  // namespace lacuna::server
