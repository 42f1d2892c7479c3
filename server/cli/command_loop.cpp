#include "server/cli/command_loop.h"

#include <string>

#include "server/cli/load_engine.h"
#include "server/model_store.h"

namespace lacuna::server {

Result<void> load_model(ModelHost& host, CommandLoop& loop, const CommonOptions& options,
                        const Environment& environment) {
  LACUNA_ASSIGN_OR_RETURN(const std::string path, resolve_model(options.model, environment));
  host.load(engine_options(path, options, environment));
  loop.run_until([&] { return host.state() != ModelHost::State::loading; });
  if (host.state() != ModelHost::State::ready) return Error{ErrorCode::unavailable, host.reason()};
  return {};
}

void run_at_once(const std::function<void()>& work, const std::function<void()>& done) {
  work();
  done();
}

}  // namespace lacuna::server
