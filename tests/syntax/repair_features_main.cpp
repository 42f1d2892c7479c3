/// repair_features: the training data of the repair ranker, from errors that somebody else has made.
///
/// Reads JSON lines {"lang", "original", "broken", "fixed": [texts, each with one error undone]} from standard input.
/// For each line whose original is clean and whose broken text is not, writes the candidates of the first failure to
/// standard output, in native byte order: their number n, then n kinds, n labels (1: equals one of the fixed texts),
/// both int32, n rows of dense features (float32) and n rows of sparse ones (uint32). With n = 0 for lines that cannot
/// be used. With the argument `contexts` it writes the second stage's data instead, for the best candidates of the
/// first stage that stand the test: n, n labels, n scores of the first stage (float32), n rows of contexts (uint32).

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "syntax/repair_candidates.h"
#include "syntax/repair_features.h"
#include "syntax/repair_ranker.h"
#include "syntax/repair_verifier.h"
#include "syntax/syntax_tree.h"
#include "syntax/text_lines.h"

namespace {

using lacuna::syntax::Candidate;
using lacuna::syntax::Deadline;
using lacuna::syntax::Language;
using lacuna::syntax::RepairFeatures;
using lacuna::syntax::RepairSearch;
using lacuna::syntax::SyntaxTree;

/// `text` without the blanks that mean nothing in its language.
std::string without_layout(const Language& language, std::string_view text) {
  std::string kept;
  bool leading = true;
  for (char c : text) {
    bool blank = lacuna::syntax::is_space(c);
    if (!blank || (language.indentation_blocks && (c == '\n' || leading) && !(c == '\n' && leading))) kept.push_back(c);
    leading = c == '\n' || (leading && blank);
  }
  return kept;
}

constexpr std::chrono::seconds patience{60};  // nobody waits here, and a machine may be busy

template <class T>
void write(const std::vector<T>& values) {
  std::fwrite(values.data(), sizeof(T), values.size(), stdout);
}

bool is_clean(const Language& language, const std::string& text) {
  auto tree = SyntaxTree::parse(language, text, {patience});
  return tree.ok() && !tree->has_errors();
}

/// The best candidates by the first stage that tree-sitter's own parse finds good.
void write_contexts(const SyntaxTree& tree, const std::string& broken, const std::vector<Candidate>& candidates,
                    std::vector<RepairFeatures>& features, const std::vector<int32_t>& is_right) {
  constexpr size_t most_parsed = 12;
  constexpr size_t most_written = 8;
  std::vector<size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::vector<double> scores;
  for (size_t i = 0; i < candidates.size(); i++) scores.push_back(lacuna::syntax::score_of(candidates[i], features[i]));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  order.resize(std::min(order.size(), most_parsed));
  const Deadline deadline(patience, nullptr);
  const lacuna::syntax::RepairVerifier verifier(tree, broken, deadline);
  std::vector<int32_t> labels;
  std::vector<float> first_stage;
  std::vector<uint32_t> contexts;
  for (size_t i : order) {
    if (labels.size() == most_written) break;
    const auto verdict = verifier.verdict(candidates[i].changes);
    if (!verdict) continue;
    labels.push_back(is_right[i]);
    first_stage.push_back(static_cast<float>(scores[i]));
    contexts.insert(contexts.end(), verdict->contexts.begin(), verdict->contexts.end());
  }
  write<int32_t>({static_cast<int32_t>(labels.size())});
  write(labels);
  write(first_stage);
  write(contexts);
}

void write_case(const nlohmann::json& line, bool of_contexts) {
  const Language* language = lacuna::syntax::find_language(line["lang"].get<std::string>(), "");
  std::string broken = line["broken"];
  Deadline deadline(std::chrono::milliseconds(2000), nullptr);
  std::vector<Candidate> candidates;
  if (language != nullptr && is_clean(*language, line["original"]) && !is_clean(*language, broken)) {
    RepairSearch search(*language, broken, deadline);
    if (search.detect()) {
      candidates = lacuna::syntax::all_candidates(search);
      std::vector<RepairFeatures> features = lacuna::syntax::features_of(search, candidates);
      std::vector<std::string> wanted;
      for (const std::string fixed : line["fixed"]) wanted.push_back(without_layout(*language, fixed));
      std::vector<int32_t> kinds, labels;
      std::vector<float> dense;
      std::vector<uint32_t> sparse;
      for (size_t i = 0; i < candidates.size(); i++) {
        std::string text = without_layout(*language, lacuna::syntax::apply(broken, candidates[i].changes));
        kinds.push_back(static_cast<int32_t>(candidates[i].kind));
        labels.push_back(std::find(wanted.begin(), wanted.end(), text) != wanted.end());
        dense.insert(dense.end(), features[i].dense.begin(), features[i].dense.end());
        sparse.insert(sparse.end(), features[i].sparse.begin(), features[i].sparse.end());
      }
      if (of_contexts)
        return write_contexts(*SyntaxTree::parse(*language, broken, {patience}), broken, candidates, features, labels);
      write<int32_t>({static_cast<int32_t>(candidates.size())});
      write(kinds);
      write(labels);
      write(dense);
      write(sparse);
      return;
    }
  }
  write<int32_t>({0});
}

}  // namespace

int main(int argc, char** argv) {
  const bool of_contexts = argc > 1 && std::string_view(argv[1]) == "contexts";
  for (std::string line; std::getline(std::cin, line);) write_case(nlohmann::json::parse(line), of_contexts);
}
