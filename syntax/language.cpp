#include "syntax/language.h"

#include <array>

extern "C" {
const void* tree_sitter_bash();
const void* tree_sitter_c();
const void* tree_sitter_c_sharp();
const void* tree_sitter_cpp();
const void* tree_sitter_go();
const void* tree_sitter_java();
const void* tree_sitter_javascript();
const void* tree_sitter_json();
const void* tree_sitter_php();
const void* tree_sitter_python();
const void* tree_sitter_ruby();
const void* tree_sitter_rust();
const void* tree_sitter_tsx();
const void* tree_sitter_typescript();
}

namespace lacuna::syntax {
namespace {

using Words = std::string_view[];

constexpr Words python_aliases = {"py", "python3"};
constexpr Words python_extensions = {".py", ".pyi", ".pyw"};
constexpr Words python_files = {"SConstruct", "SConscript", "wscript"};
constexpr Words javascript_aliases = {"javascriptreact", "js", "jsx"};
constexpr Words javascript_extensions = {".js", ".mjs", ".cjs", ".jsx"};
constexpr Words javascript_files = {"Jakefile"};
constexpr Words typescript_aliases = {"ts"};
constexpr Words typescript_extensions = {".ts", ".mts", ".cts"};
constexpr Words tsx_aliases = {"tsx"};
constexpr Words tsx_extensions = {".tsx"};
constexpr Words c_extensions = {".c", ".h"};
constexpr Words cpp_aliases = {"c++", "cuda-cpp", "cuda", "objective-cpp"};
constexpr Words cpp_extensions = {".cpp", ".cc",  ".cxx", ".c++", ".hpp", ".hh",  ".hxx",
                                  ".h++", ".ipp", ".inl", ".tpp", ".cu",  ".cuh", ".ino"};
constexpr Words go_extensions = {".go"};
constexpr Words rust_aliases = {"rs"};
constexpr Words rust_extensions = {".rs"};
constexpr Words java_extensions = {".java"};
constexpr Words csharp_aliases = {"cs", "c-sharp", "c#"};
constexpr Words csharp_extensions = {".cs", ".csx"};
constexpr Words ruby_aliases = {"rb"};
constexpr Words ruby_extensions = {".rb", ".rake", ".gemspec", ".ru"};
constexpr Words ruby_files = {"Rakefile", "Gemfile", "Guardfile", "Podfile", "Vagrantfile", "Fastfile", "Brewfile"};
constexpr Words php_extensions = {".php", ".phtml", ".php5", ".php7", ".php8"};
constexpr Words bash_aliases = {"bash", "sh", "zsh"};
constexpr Words bash_extensions = {".sh", ".bash", ".ebuild", ".bats"};
constexpr Words bash_files = {".bashrc",       ".bash_profile", ".bash_login", ".bash_logout",
                              ".bash_aliases", ".profile",      "PKGBUILD"};
constexpr Words json_aliases = {"jsonc", "json5"};
constexpr Words json_extensions = {".json", ".jsonc", ".geojson", ".webmanifest"};
constexpr Words json_files = {".babelrc", ".eslintrc", ".prettierrc", "composer.lock", "Pipfile.lock"};

constexpr std::array<Language, 14> table = {{
    {"python", "Python", python_aliases, python_extensions, python_files, "#", true, false, tree_sitter_python},
    {"javascript", "JavaScript", javascript_aliases, javascript_extensions, javascript_files, "//", false, true,
     tree_sitter_javascript},
    {"typescript",
     "TypeScript",
     typescript_aliases,
     typescript_extensions,
     {},
     "//",
     false,
     true,
     tree_sitter_typescript},
    {"typescriptreact", "TSX", tsx_aliases, tsx_extensions, {}, "//", false, true, tree_sitter_tsx},
    {"c", "C", {}, c_extensions, {}, "//", false, true, tree_sitter_c},
    {"cpp", "C++", cpp_aliases, cpp_extensions, {}, "//", false, true, tree_sitter_cpp},
    {"go", "Go", {}, go_extensions, {}, "//", false, false, tree_sitter_go},
    {"rust", "Rust", rust_aliases, rust_extensions, {}, "//", false, true, tree_sitter_rust},
    {"java", "Java", {}, java_extensions, {}, "//", false, true, tree_sitter_java},
    {"csharp", "C#", csharp_aliases, csharp_extensions, {}, "//", false, true, tree_sitter_c_sharp},
    {"ruby", "Ruby", ruby_aliases, ruby_extensions, ruby_files, "#", false, false, tree_sitter_ruby},
    {"php", "PHP", {}, php_extensions, {}, "//", false, true, tree_sitter_php},
    {"shellscript", "Bash", bash_aliases, bash_extensions, bash_files, "#", false, false, tree_sitter_bash},
    {"json", "JSON", json_aliases, json_extensions, json_files, "", false, false, tree_sitter_json},
}};

bool contains(std::span<const std::string_view> words, std::string_view word) {
  for (std::string_view each : words)
    if (each == word) return true;
  return false;
}

std::string_view file_name_of(std::string_view path) {
  size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::span<const Language> languages() {
  return table;
}

const Language* find_language(std::string_view language_id, std::string_view path) {
  for (const Language& language : table)
    if (language.id == language_id || contains(language.aliases, language_id)) return &language;

  std::string_view file = file_name_of(path);
  for (const Language& language : table)
    if (contains(language.file_names, file)) return &language;
  size_t dot = file.rfind('.');
  if (dot == std::string_view::npos) return nullptr;
  for (const Language& language : table)
    if (contains(language.extensions, file.substr(dot))) return &language;
  return nullptr;
}

}  // namespace lacuna::syntax
