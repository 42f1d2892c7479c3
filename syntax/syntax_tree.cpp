#include "syntax/syntax_tree.h"

#include <tree_sitter/api.h>

#include <limits>
#include <vector>

#include "syntax/cursor_walk.h"
#include "syntax/text_hunks.h"
#include "syntax/tree_sitter_internals.h"

namespace lacuna::syntax {
namespace {

using Clock = std::chrono::steady_clock;

struct ParserDeleter {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};

/// The calling thread's parser, set to `language`. Parsers keep warm buffers, so one is kept for each thread.
TSParser* parser_for(const Language& language) {
  thread_local std::unique_ptr<TSParser, ParserDeleter> parser(ts_parser_new());
  const auto* grammar = static_cast<const TSLanguage*>(language.grammar());
  if (ts_parser_language(parser.get()) != grammar) {
    // Refused only for a grammar whose ABI the runtime does not know: the lockfile pins both, so that is a build
    // mistake.
    LACUNA_CHECK(ts_parser_set_language(parser.get(), grammar));
  }
  return parser.get();
}

/// What one parse reads and when it gives up.
struct Job {
  std::string_view text;
  Clock::time_point deadline;
  const std::atomic<bool>* cancel;
  enum class End { done, timeout, cancelled } end = End::done;
};

const char* read_text(void* payload, uint32_t offset, TSPoint, uint32_t* size) {
  const auto* job = static_cast<const Job*>(payload);
  if (offset >= job->text.size()) {
    *size = 0;
    return "";
  }
  *size = static_cast<uint32_t>(job->text.size() - offset);
  return job->text.data() + offset;
}

bool should_stop(TSParseState* state) {
  auto* job = static_cast<Job*>(state->payload);
  if (job->cancel != nullptr && job->cancel->load(std::memory_order_relaxed)) {
    job->end = Job::End::cancelled;
  } else if (Clock::now() >= job->deadline) {
    job->end = Job::End::timeout;
  }
  return job->end != Job::End::done;
}

Clock::time_point deadline_of(std::chrono::milliseconds budget) {
  auto now = Clock::now();
  auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::time_point::max() - now) / 2;
  return now + std::min(budget, longest);
}

Result<std::shared_ptr<const TSTree>> run(const Language& language, std::string_view text, const TSTree* old_tree,
                                          const ParseOptions& options) {
  if (text.size() >= std::numeric_limits<uint32_t>::max()) {
    return Error::format(ErrorCode::exhausted, "a text of {} bytes is too long to parse; the limit is 4 GiB",
                         text.size());
  }
  Job job{text, deadline_of(options.budget), options.cancel};
  TSParser* parser = parser_for(language);
  TSInput input{&job, read_text, TSInputEncodingUTF8, nullptr};
  TSTree* tree = ts_parser_parse_with_options(parser, old_tree, input, TSParseOptions{&job, should_stop});
  if (tree == nullptr) {
    ts_parser_reset(parser);  // a stopped parse would otherwise be resumed with the next text
    if (job.end == Job::End::cancelled) return Error{ErrorCode::cancelled, "the parse was cancelled"};
    return Error::format(ErrorCode::timeout, "parsing {} bytes of {} took more than {} ms", text.size(), language.name,
                         options.budget.count());
  }
  return std::shared_ptr<const TSTree>(tree, [](const TSTree* each) { ts_tree_delete(const_cast<TSTree*>(each)); });
}

TSPoint advance(TSPoint point, std::string_view text) {
  size_t last_line = 0;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', last_line)) {
    point.row++;
    point.column = 0;
    last_line = end + 1;
  }
  point.column += static_cast<uint32_t>(text.size() - last_line);
  return point;
}

/// `hunks` as the library wants them: later ones first, so that the offsets before each are still the old ones.
std::vector<TSInputEdit> input_edits(std::span<const Hunk> hunks, std::string_view old_text,
                                     std::string_view new_text) {
  std::vector<TSInputEdit> edits(hunks.size());
  TSPoint point{};
  uint32_t offset = 0;
  for (size_t i = 0; i < hunks.size(); i++) {
    auto [old_range, new_range] = hunks[i];
    point = advance(point, old_text.substr(offset, old_range.begin - offset));
    TSPoint old_end = advance(point, old_text.substr(old_range.begin, old_range.size()));
    TSPoint new_end = advance(point, new_text.substr(new_range.begin, new_range.size()));
    edits[hunks.size() - 1 - i] = {old_range.begin, old_range.end, old_range.begin + new_range.size(),
                                   point,           old_end,       new_end};
    point = old_end;
    offset = old_range.end;
  }
  return edits;
}

}  // namespace

Result<SyntaxTree> SyntaxTree::parse(const Language& language, std::string_view text, const ParseOptions& options) {
  LACUNA_ASSIGN_OR_RETURN(auto tree, run(language, text, nullptr, options));
  const bool broken = lacuna_ts_error_cost(tree.get()) > 0;
  return SyntaxTree(language, std::move(tree), broken);
}

Result<SyntaxTree> SyntaxTree::reparse(std::span<const Edit> edits, std::string_view old_text,
                                       std::string_view new_text, const ParseOptions& options) const {
  std::vector<Hunk> hunks = hunks_of(edits, old_text.size(), new_text.size());
  if (hunks.empty()) return parse(*language_, new_text, options);  // edits that do not fit their texts: trust the text
  std::unique_ptr<TSTree, void (*)(TSTree*)> edited(ts_tree_copy(tree_.get()), ts_tree_delete);
  for (const TSInputEdit& edit : input_edits(hunks, old_text, new_text)) ts_tree_edit(edited.get(), &edit);
  LACUNA_ASSIGN_OR_RETURN(auto tree, run(*language_, new_text, edited.get(), options));
  return SyntaxTree(*language_, std::move(tree), began_with_errors_);
}

bool SyntaxTree::has_errors() const {
  return error_cost() > 0;
}

int SyntaxTree::num_errors() const {
  int count = 0;
  walk(ts_tree_root_node(tree_.get()), [&](TSNode node) {
    if (ts_node_is_error(node) || ts_node_is_missing(node)) count++;
    return ts_node_has_error(node);
  });
  return count;
}

uint32_t SyntaxTree::error_cost() const {
  return lacuna_ts_error_cost(tree_.get());
}

}  // namespace lacuna::syntax
