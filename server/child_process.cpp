#include "server/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

extern char** environ;  // only handed on to the child: its proxies and mirrors are configured there

namespace lacuna::server {
namespace {

constexpr size_t kKeptBytes = size_t{1} << 20;
constexpr int kTickMs = 100;
constexpr int kTicksBeforeKill = 50;

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) ends_[0] = ends_[1] = -1;
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  bool valid() const { return ends_[0] >= 0; }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read_end() { close_end(0); }
  void close_write_end() { close_end(1); }

 private:
  void close_end(int index) {
    if (ends_[index] >= 0) ::close(ends_[index]);
    ends_[index] = -1;
  }
  int ends_[2];
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> child_environment(const std::vector<std::string>& variables) {
  std::vector<std::string> result = variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view inherited(*entry);
    const std::string_view name = inherited.substr(0, inherited.find('=') + 1);
    bool replaced = false;
    for (const std::string& variable : variables) replaced = replaced || variable.starts_with(name);
    if (!replaced) result.emplace_back(inherited);
  }
  return result;
}

Result<pid_t> spawn(const ChildCommand& command, const Pipe& output, const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.write_end(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.write_end(), STDERR_FILENO);
  posix_spawnattr_t attributes;  // a group of its own, so that stop() reaches the program's own children too
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const std::vector<std::string> environment = child_environment(command.variables);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, command.arguments[0].c_str(), &actions, &attributes,
                                    pointers(command.arguments).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == 0) return pid;
  const ErrorCode code = failed == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  return Error::format(code, "cannot run '{}': {}", command.arguments[0], std::strerror(failed));
}

/// Appends what can be read now; closes the pipe at its end.
void drain(Pipe& pipe, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(pipe.read_end(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    pipe.close_read_end();
    return;
  }
  text.append(buffer.data(), static_cast<size_t>(got));
  if (text.size() > 2 * kKeptBytes) text.erase(0, text.size() - kKeptBytes);
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// Asks first, and insists after a few seconds.
void stop(pid_t pid) {
  ::kill(-pid, SIGTERM);
  for (int tick = 0; tick < kTicksBeforeKill; ++tick) {
    if (::waitpid(pid, nullptr, WNOHANG) != 0) return;
    ::poll(nullptr, 0, kTickMs);
  }
  ::kill(-pid, SIGKILL);
  wait_for(pid);
}

}  // namespace

Result<ChildOutcome> run_child(const ChildCommand& command) {
  LACUNA_CHECK(!command.arguments.empty());
  Pipe output;
  Pipe errors;
  if (!output.valid() || !errors.valid())
    return Error::format(ErrorCode::io, "cannot make a pipe: {}", std::strerror(errno));
  LACUNA_ASSIGN_OR_RETURN(const pid_t pid, spawn(command, output, errors));
  output.close_write_end();
  errors.close_write_end();
  ChildOutcome outcome;
  while (output.valid() || errors.valid()) {
    std::array<pollfd, 2> waiting = {pollfd{output.read_end(), POLLIN, 0}, pollfd{errors.read_end(), POLLIN, 0}};
    ::poll(waiting.data(), waiting.size(), kTickMs);  // poll skips a closed pipe's -1
    if (output.valid() && waiting[0].revents != 0) drain(output, outcome.output);
    if (errors.valid() && waiting[1].revents != 0) drain(errors, outcome.errors);
    if (command.on_tick && !command.on_tick()) {
      stop(pid);
      return Error::format(ErrorCode::cancelled, "'{}' was stopped", command.arguments[0]);
    }
  }
  outcome.exit_code = exit_code_of(wait_for(pid));
  return outcome;
}

}  // namespace lacuna::server
