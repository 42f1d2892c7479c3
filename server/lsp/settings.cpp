#include "server/lsp/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace lacuna::server {
namespace {

/// Reads members of one object, and keeps a warning for each wrong one.
class SectionReader {
 public:
  SectionReader(const Json* object, std::string prefix, std::vector<std::string>& warnings)
      : object_(object), prefix_(std::move(prefix)), warnings_(warnings) {}

  SectionReader section(const char* name) const {
    const Json* value = find(name);
    if (value != nullptr && !value->is_object()) {
      warn(name, "expected an object");
      value = nullptr;
    }
    return {value, prefix_ + name + ".", warnings_};
  }

  void read(const char* name, bool& out) const {
    const Json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_boolean()) return warn(name, fmt::format("expected true or false; using {}", out));
    out = value->get<bool>();
  }

  void read(const char* name, int& out, int least, int most) const {
    const Json* value = find(name);
    if (value == nullptr) return;
    const bool good = value->is_number_integer() && *value >= least && *value <= most;
    if (!good) return warn(name, fmt::format("expected an integer from {} to {}; using {}", least, most, out));
    out = value->get<int>();
  }

  void read(const char* name, std::string& out) const {
    const Json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_string()) return warn(name, "expected a string");
    out = value->get<std::string>();
  }

  template <size_t N>
  void read(const char* name, int& out, const std::array<std::string_view, N>& choices) const {
    const Json* value = find(name);
    if (value == nullptr) return;
    const auto choice = value->is_string()
                            ? std::find(choices.begin(), choices.end(), value->get_ref<const std::string&>())
                            : choices.end();
    if (choice == choices.end()) return warn(name, fmt::format("expected one of: {}", fmt::join(choices, ", ")));
    out = static_cast<int>(choice - choices.begin());
  }

  bool has(const char* name) const { return find(name) != nullptr; }
  void warn(const char* name, const std::string& problem) const {
    warnings_.push_back(prefix_ + name + ": " + problem);
  }

 private:
  const Json* find(const char* name) const {
    if (object_ == nullptr) return nullptr;
    const auto found = object_->find(name);
    return found == object_->end() || found->is_null() ? nullptr : &*found;
  }

  const Json* object_;
  std::string prefix_;
  std::vector<std::string>& warnings_;
};

void read_completion(const SectionReader& section, Settings& settings) {
  CompletionSettings& completion = settings.completion;
  section.read("enabled", completion.enabled);
  section.read("inComments", completion.in_comments);
  section.read("inStrings", completion.in_strings);
  section.read("maxLines", completion.max_lines, 1, 1000);
  section.read("prefixTokens", completion.prefix_tokens, 16, 32768);
  section.read("suffixTokens", completion.suffix_tokens, 0, 32768);
  section.read("maxTokens", completion.max_tokens, 1, 4096);
  int list = static_cast<int>(settings.completion_list);
  section.read("list", list, std::array<std::string_view, 3>{"auto", "always", "never"});
  settings.completion_list = static_cast<CompletionList>(list);
}

/// The settings that choose what runs on the machine.
void read_machine(const SectionReader& root, SettingsSource source, Settings& settings) {
  if (source == SettingsSource::initialization) {
    root.read("model", settings.model);
    root.read("threads", settings.num_threads, 0, 1024);
    root.read("isa", settings.isa);
    root.read("safeMode", settings.safe_mode);
    root.read("statusNotifications", settings.status_notifications);
    return;
  }
  for (const char* name : {"model", "threads", "isa", "safeMode"}) {
    if (root.has(name)) root.warn(name, "ignored: taken from the command line and initializationOptions only");
  }
}

}  // namespace

SettingsReading read_settings(const Json& value, const Settings& base, SettingsSource source) {
  SettingsReading reading{base, {}};
  if (value.is_null()) return reading;
  if (!value.is_object()) {
    reading.warnings.push_back("expected an object");
    return reading;
  }
  const SectionReader root(&value, "", reading.warnings);
  read_completion(root.section("completion"), reading.settings);
  root.section("diagnostics").read("enabled", reading.settings.diagnostics);
  root.section("repair").read("enabled", reading.settings.repair);
  root.section("repair").read("useModel", reading.settings.repair_with_model);
  root.section("repair").read("fixAllOnSave", reading.settings.fix_all_on_save);
  read_machine(root, source, reading.settings);
  return reading;
}

}  // namespace lacuna::server
