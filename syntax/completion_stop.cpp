#include "syntax/insertion.h"
#include "syntax/natural_end.h"
#include "syntax/text_lines.h"
#include "syntax/trim.h"

namespace lacuna::syntax {

struct CompletionStop::State {
  State(const SyntaxTree& its_tree, std::shared_ptr<const std::string> its_text, uint32_t at,
        const CompletionContext& its_context, std::chrono::milliseconds budget)
      : tree(its_tree),
        text(std::move(its_text)),
        offset(at),
        context(its_context),
        insertion(tree, *text, offset, budget),
        rest_of_line(without_trailing_blanks(slice(*text, {offset, context.line.end}))) {}

  SyntaxTree tree;
  std::shared_ptr<const std::string> text;
  uint32_t offset;
  CompletionContext context;
  Insertion insertion;
  std::string_view rest_of_line;  ///< without blanks at its end

  /// True once the line's rest has been written again: what follows is there already.
  bool repeats_rest(std::string_view generated) const {
    return rest_of_line.size() >= 2 && generated.size() > rest_of_line.size() && generated.ends_with(rest_of_line);
  }
};

CompletionStop::CompletionStop(const SyntaxTree& tree, std::shared_ptr<const std::string> text, uint32_t offset,
                               const CompletionContext& context, std::chrono::milliseconds budget) {
  state_ = std::make_unique<State>(tree, std::move(text), offset, context, budget);
}

CompletionStop::~CompletionStop() = default;

bool CompletionStop::complete(std::string_view generated) {
  State& state = *state_;
  if (!state.context.in_empty_block && state.repeats_rest(generated)) return true;
  if (!state.context.in_empty_block && generated.find('\n') == std::string_view::npos) return false;
  auto is_sound = [&](uint32_t end) {
    int errors = state.insertion.errors_with(generated.substr(0, end));
    return errors == 0 || errors < state.insertion.errors_before();
  };
  return natural_end(state.tree.language(), *state.text, state.offset, state.context, generated, is_sound).complete;
}

}  // namespace lacuna::syntax
