/// SyntaxTree: an immutable parse of one version of a text.
///
/// Offsets are bytes. A tree shares nothing mutable with others: copies are cheap, and any thread may read one. The
/// text is not kept; callers hold the snapshot that both belong to. Grammars are error-tolerant, so every text has a
/// tree.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "support/result.h"
#include "syntax/language.h"

struct TSTree;

namespace lacuna::syntax {

struct ByteRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t size() const { return end - begin; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// A replacement of [begin, old_end) by text that now ends at new_end.
struct Edit {
  uint32_t begin;
  uint32_t old_end;
  uint32_t new_end;
};

struct ParseOptions {
  std::chrono::milliseconds budget{500};      ///< wall time; over it the parse gives up
  const std::atomic<bool>* cancel = nullptr;  ///< polled
};

class SyntaxTree {
 public:
  /// Errors: timeout, cancelled, exhausted (text of 4 GiB or more).
  static Result<SyntaxTree> parse(const Language& language, std::string_view text, const ParseOptions& options = {});
  /// The tree of `new_text`, which is the old text after `edits` (applied in order), sharing the unchanged parts.
  Result<SyntaxTree> reparse(std::span<const Edit> edits, std::string_view old_text, std::string_view new_text,
                             const ParseOptions& options = {}) const;

  const Language& language() const { return *language_; }
  bool has_errors() const;
  /// The text that the first of a chain of reparses began with had errors: somebody has been careless with it.
  bool began_with_errors() const { return began_with_errors_; }
  /// ERROR and MISSING nodes: the measure that completions must not raise and repairs must lower.
  int num_errors() const;
  /// tree-sitter's own recovery cost of the whole tree: finer than num_errors(), for comparing repairs.
  uint32_t error_cost() const;

  /// The library's tree; only files in syntax/ look inside.
  const TSTree* raw() const { return tree_.get(); }

 private:
  SyntaxTree(const Language& language, std::shared_ptr<const TSTree> tree, bool began_with_errors)
      : language_(&language), tree_(std::move(tree)), began_with_errors_(began_with_errors) {}
  const Language* language_;
  std::shared_ptr<const TSTree> tree_;
  bool began_with_errors_;
};

}  // namespace lacuna::syntax
