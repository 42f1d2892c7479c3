#include "server/lsp/client_quirks.h"

#include <array>

namespace lacuna::server {
namespace {

using namespace std::chrono_literals;

constexpr std::array kQuirks = {
    // vim.lsp.inline_completion of 0.12 and newer; the plugin in editors/neovim tells its own delay.
    ClientQuirks{.name = "Neovim", .waits = 200ms, .range_from_cursor = true, .selection_is_no_entry = true},
    // lsp-mode, from version 10 on with ghost text of its own; editors/emacs tells its own delay.
    ClientQuirks{.name = "emacs", .waits = 2000ms},
    ClientQuirks{.name = "Kate", .wants_insert_text = true},
    ClientQuirks{.name = "kak-lsp", .wants_insert_text = true},
};

constexpr ClientQuirks kNone;

}  // namespace

std::span<const ClientQuirks> client_quirks() {
  return kQuirks;
}

const ClientQuirks& quirks_of(std::string_view client_name) {
  for (const ClientQuirks& quirks : kQuirks) {
    if (client_name.starts_with(quirks.name)) return quirks;
  }
  return kNone;
}

}  // namespace lacuna::server
