/// The language table: one row a language. Adding one is a row in language.cpp and its grammar in
/// grammars/CMakeLists.txt.
#pragma once

#include <span>
#include <string_view>

namespace lacuna::syntax {

struct Language {
  std::string_view id;                        ///< ours and LSP's languageId: "python", "typescript", "typescriptreact"
  std::string_view name;                      ///< for people: "TypeScript"
  std::span<const std::string_view> aliases;  ///< other languageIds that editors send
  std::span<const std::string_view> extensions;  ///< with the dot: ".py"
  std::span<const std::string_view> file_names;  ///< whole names: ".bashrc"
  std::string_view line_comment;                 ///< "//"; empty: none
  bool indentation_blocks;                       ///< blocks by indentation (Python)
  bool statement_semicolons;                     ///< statements end in `;`
  const void* (*grammar)();                      ///< a const TSLanguage*
};

std::span<const Language> languages();

/// By languageId first, then by the path's file name or extension; null if neither is known.
const Language* find_language(std::string_view language_id, std::string_view path);

}  // namespace lacuna::syntax
