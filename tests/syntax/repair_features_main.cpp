/// repair_features: the training data of the repair ranker, from errors that somebody else has made.
///
/// Reads JSON lines {"lang", "original", "broken", "fixed": [texts, each with one error undone]} from standard input.
/// For each line whose original is clean and whose broken text is not, writes the candidates of the first failure to
/// standard output, in native byte order: their number n, then n kinds, n labels (1: equals one of the fixed texts),
/// both int32, n rows of dense features (float32) and n rows of sparse ones (uint32). With n = 0 for lines that cannot
/// be used.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "syntax/repair_candidates.h"
#include "syntax/repair_features.h"
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

template <class T>
void write(const std::vector<T>& values) {
  std::fwrite(values.data(), sizeof(T), values.size(), stdout);
}

bool is_clean(const Language& language, const std::string& text) {
  auto tree = SyntaxTree::parse(language, text);
  return tree.ok() && !tree->has_errors();
}

void write_case(const nlohmann::json& line) {
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

int main() {
  for (std::string line; std::getline(std::cin, line);) write_case(nlohmann::json::parse(line));
}
