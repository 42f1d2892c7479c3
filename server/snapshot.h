/// Snapshot: one version of one document, immutable, passed by shared pointer between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "syntax/language.h"
#include "syntax/syntax_tree.h"

namespace lacuna::server {

struct Snapshot {
  std::string uri;
  std::string path;  ///< from a file: URI; else the URI's last part. For names and extensions only
  int64_t version = 0;
  bool as_opened = false;                      ///< nothing has changed it since it was opened
  std::shared_ptr<const std::string> text;     ///< UTF-8, never null; line ends as the editor has them
  const syntax::Language* language = nullptr;  ///< null: unknown, then `tree` is null
  std::shared_ptr<const syntax::SyntaxTree>
      tree;  ///< of exactly `text`; null where there is none (unknown language, over budget)
};

}  // namespace lacuna::server
