#include "server/cli/manual_page.h"

#include <fmt/format.h>

namespace lacuna::server {
namespace {

/// Text as troff prints it literally: no macro at the start of a line, and hyphens that can be copied.
std::string literal(std::string_view text) {
  std::string result;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
    line_start = c == '\n';
  }
  return result;
}

std::string names_of(const OptionDescription& option) {
  std::string result;
  for (const std::string& name : option.names) {
    result += fmt::format("{}\\fB{}\\fR", result.empty() ? "" : ", ", literal(name));
  }
  if (option.takes_value()) {
    result += fmt::format("{}\\fI{}\\fR", result.empty() ? "" : " ", literal(option.placeholder));
  }
  return result + (option.repeated ? "\\&..." : "");
}

std::string explain(const OptionDescription& option) {
  std::string text = literal(option.description);
  if (!option.choices.empty()) text += fmt::format(": {}", literal(fmt::format("{}", fmt::join(option.choices, ", "))));
  if (!option.default_value.empty()) text += fmt::format(" (default: {})", literal(option.default_value));
  return fmt::format(".TP\n{}\n{}\n", names_of(option), text.empty() ? "Required" : text);
}

std::string synopsis(const CommandPath& path) {
  std::string line = fmt::format("\\fBlacuna {}\\fR", literal(fmt::format("{}", fmt::join(path.words, " "))));
  for (const OptionDescription& argument : path.command->arguments) {
    line += argument.required ? " " + names_of(argument) : " [" + names_of(argument) + "]";
  }
  return line + " [\\fIoptions\\fR]";
}

std::string command_section(const CommandPath& path) {
  std::string text = fmt::format(".SS {}\n{}.\n", synopsis(path), literal(path.command->description));
  for (const OptionDescription& argument : path.command->arguments) text += explain(argument);
  for (const OptionDescription& option : path.command->options) text += explain(option);
  return text;
}

constexpr std::string_view kOpening = R"(.SH NAME
lacuna \- fill gaps in code and mend broken code, with a model on this machine
.SH SYNOPSIS
.B lacuna
.I command
.RI [ options ]
.SH DESCRIPTION
Lacuna is a language server.
An editor starts
.B lacuna lsp
and shows what it offers: ghost text while you type, and a quick\-fix where syntax is broken.
The other commands do the same from a shell, and take care of the models.
Only
.B lacuna model pull
uses the network.
)";

constexpr std::string_view kClosing = R"(.SH EXIT STATUS
.TP
.B 0
Done, and everything is in order.
.TP
.B 1
It ran, and what it looked at is not in order.
.TP
.B 2
The command line is wrong.
.TP
.B 3
It could not do its work; stderr says why.
.TP
.B 130
Interrupted.
.SH ENVIRONMENT
.TP
.B XDG_CACHE_HOME
Models are kept in its folder
.IR lacuna/models ;
without it, in
.IR ~/.cache/lacuna/models .
.TP
.B LACUNA_PYTHON
The Python whose pip
.B lacuna model pull
uses; without it,
.BR python3 .
.TP
.B NO_COLOR
No colours.
)";

}  // namespace

std::string manual_page(const CommandDescription& root, std::string_view version) {
  std::string page = fmt::format(
      ".\\\" Written by `lacuna manual`.\n.TH LACUNA 1 \"\" \"lacuna {}\" \"User Commands\"\n", literal(version));
  page += kOpening;
  page += ".SH OPTIONS\n";
  for (const OptionDescription& option : root.options) page += explain(option);
  page += ".SH COMMANDS\n";
  for (const CommandPath& path : all_commands(root)) {
    if (path.command->commands.empty()) page += command_section(path);
  }
  page += kClosing;
  return page;
}

}  // namespace lacuna::server
