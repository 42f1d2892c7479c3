#include "server/lsp/standard_streams.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace lacuna::server {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;

Error system_error(const char* what, int error) {
  return Error::format(ErrorCode::io, "{}: {}", what, std::strerror(error));
}

/// libuv frees nothing at once: a handle lives until its close callback.
struct CloseHandle {
  template <class Handle>
  void operator()(Handle* handle) const {
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
  }
};

using StreamHandle = std::unique_ptr<uv_stream_t, std::function<void(uv_stream_t*)>>;

template <class Handle>
StreamHandle own(Handle* handle) {
  return StreamHandle(reinterpret_cast<uv_stream_t*>(handle), [handle](uv_stream_t*) { CloseHandle()(handle); });
}

/// The descriptor as a libuv stream; null if it is a file or a device.
Result<StreamHandle> open_stream(EventLoop& loop, int descriptor) {
  int status = 0;
  StreamHandle stream;
  switch (uv_guess_handle(descriptor)) {
    case UV_NAMED_PIPE: {
      auto* pipe = new uv_pipe_t;
      uv_pipe_init(loop.raw(), pipe, 0);
      stream = own(pipe);
      status = uv_pipe_open(pipe, descriptor);
      break;
    }
    case UV_TCP: {
      auto* socket = new uv_tcp_t;
      uv_tcp_init(loop.raw(), socket);
      stream = own(socket);
      status = uv_tcp_open(socket, descriptor);
      break;
    }
    case UV_TTY: {
      auto* terminal = new uv_tty_t;
      status = uv_tty_init(loop.raw(), terminal, descriptor, 0);
      if (status == 0) {
        stream = own(terminal);
      } else {
        delete terminal;
      }
      break;
    }
    default:
      return StreamHandle();
  }
  if (status != 0) return Error::format(ErrorCode::io, "cannot use descriptor {}: {}", descriptor, uv_strerror(status));
  return stream;
}

// --- input ---

class StreamInput final : public InputStream {
 public:
  StreamInput(StreamHandle stream, OnBytes on_bytes, OnEnd on_end)
      : stream_(std::move(stream)), on_bytes_(std::move(on_bytes)), on_end_(std::move(on_end)) {
    stream_->data = this;
    uv_read_start(stream_.get(), &allocate, &received);
  }
  ~StreamInput() override { uv_read_stop(stream_.get()); }

 private:
  static StreamInput& of(void* data) { return *static_cast<StreamInput*>(data); }

  static void allocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    StreamInput& self = of(handle->data);
    *buffer = uv_buf_init(self.buffer_.data(), static_cast<unsigned>(self.buffer_.size()));
  }

  static void received(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    StreamInput& self = of(stream->data);
    if (count > 0) {
      self.on_bytes_(std::string_view(buffer->base, static_cast<size_t>(count)));
    } else if (count < 0) {
      uv_read_stop(stream);
      self.on_end_();
    }
  }

  StreamHandle stream_;
  OnBytes on_bytes_;
  OnEnd on_end_;
  std::array<char, kReadBytes> buffer_;
};

/// One operation of libuv's thread pool at a time. The request outlives its owner, whom it finds through a weak
/// pointer.
template <class Owner>
struct FileRequest {
  uv_fs_t operation{};
  std::string bytes;
  std::weak_ptr<Owner*> owner;

  static void finished(uv_fs_t* operation) {
    std::unique_ptr<FileRequest> self(static_cast<FileRequest*>(operation->data));
    const auto result = static_cast<int64_t>(operation->result);
    uv_fs_req_cleanup(operation);
    if (const auto owner = self->owner.lock()) (*owner)->finished(result, std::move(self->bytes));
  }
};

class FileInput final : public InputStream {
 public:
  FileInput(EventLoop& loop, int descriptor, OnBytes on_bytes, OnEnd on_end)
      : loop_(loop), descriptor_(descriptor), on_bytes_(std::move(on_bytes)), on_end_(std::move(on_end)) {
    read();
  }
  ~FileInput() override { ::close(descriptor_); }

  void finished(int64_t count, std::string bytes) {
    if (count <= 0) return on_end_();
    const std::weak_ptr<FileInput*> alive = self_;
    on_bytes_(std::string_view(bytes).substr(0, static_cast<size_t>(count)));
    if (!alive.expired()) read();
  }

 private:
  void read() {
    auto* request = new FileRequest<FileInput>{{}, std::string(kReadBytes, '\0'), self_};
    request->operation.data = request;
    const uv_buf_t buffer = uv_buf_init(request->bytes.data(), static_cast<unsigned>(request->bytes.size()));
    uv_fs_read(loop_.raw(), &request->operation, descriptor_, &buffer, 1, -1, &FileRequest<FileInput>::finished);
  }

  EventLoop& loop_;
  int descriptor_;
  OnBytes on_bytes_;
  OnEnd on_end_;
  std::shared_ptr<FileInput*> self_ = std::make_shared<FileInput*>(this);
};

// --- output ---

/// The queue and its bookkeeping; the two kinds below move the bytes of one frame at a time.
class QueuedOutput : public OutputStream {
 public:
  QueuedOutput(std::function<void()> on_failure, size_t capacity)
      : queue_(capacity), on_failure_(std::move(on_failure)) {}

  bool write(std::string frame, Traffic traffic) override {
    if (failed_ || !queue_.push(std::move(frame), traffic)) return false;
    if (!writing_) advance();
    return true;
  }
  size_t queued_bytes() const override { return queue_.bytes(); }
  uint64_t num_dropped() const override { return queue_.num_dropped(); }

  void when_drained(std::function<void()> done) override {
    if (!writing_) return done();
    on_drained_.push_back(std::move(done));
  }

 protected:
  /// Starts to write `bytes`; written() is called later, never from within.
  virtual void begin(std::string bytes) = 0;

  void written(bool good) {
    writing_ = false;
    if (!good) return fail();
    advance();
  }

 private:
  void advance() {
    if (queue_.empty()) return drained();
    writing_ = true;
    begin(queue_.pop());
  }

  void fail() {
    failed_ = true;
    while (!queue_.empty()) queue_.pop();
    drained();
    if (on_failure_) std::exchange(on_failure_, nullptr)();
  }

  void drained() {
    for (auto& done : std::exchange(on_drained_, {})) done();
  }

  OutboundQueue queue_;
  std::function<void()> on_failure_;
  std::vector<std::function<void()>> on_drained_;
  bool writing_ = false;
  bool failed_ = false;
};

class StreamOutput final : public QueuedOutput {
 public:
  StreamOutput(StreamHandle stream, std::function<void()> on_failure, size_t capacity)
      : QueuedOutput(std::move(on_failure), capacity), stream_(std::move(stream)) {}

 private:
  struct Request {
    uv_write_t operation{};
    std::string bytes;
    std::weak_ptr<StreamOutput*> owner;
  };

  void begin(std::string bytes) override {
    auto* request = new Request{{}, std::move(bytes), self_};
    request->operation.data = request;
    const uv_buf_t buffer = uv_buf_init(request->bytes.data(), static_cast<unsigned>(request->bytes.size()));
    const int status = uv_write(&request->operation, stream_.get(), &buffer, 1, &finished);
    if (status != 0) finished(&request->operation, status);
  }

  static void finished(uv_write_t* operation, int status) {
    const std::unique_ptr<Request> request(static_cast<Request*>(operation->data));
    if (const auto owner = request->owner.lock()) (*owner)->written(status == 0);
  }

  StreamHandle stream_;
  std::shared_ptr<StreamOutput*> self_ = std::make_shared<StreamOutput*>(this);
};

class FileOutput final : public QueuedOutput {
 public:
  FileOutput(EventLoop& loop, int descriptor, std::function<void()> on_failure, size_t capacity)
      : QueuedOutput(std::move(on_failure), capacity), loop_(loop), descriptor_(descriptor) {}
  ~FileOutput() override { ::close(descriptor_); }

  void finished(int64_t count, std::string bytes) {
    if (count <= 0) return written(false);
    bytes.erase(0, static_cast<size_t>(count));
    bytes.empty() ? written(true) : begin(std::move(bytes));
  }

 private:
  void begin(std::string bytes) override {
    auto* request = new FileRequest<FileOutput>{{}, std::move(bytes), self_};
    request->operation.data = request;
    const uv_buf_t buffer = uv_buf_init(request->bytes.data(), static_cast<unsigned>(request->bytes.size()));
    uv_fs_write(loop_.raw(), &request->operation, descriptor_, &buffer, 1, -1, &FileRequest<FileOutput>::finished);
  }

  EventLoop& loop_;
  int descriptor_;
  std::shared_ptr<FileOutput*> self_ = std::make_shared<FileOutput*>(this);
};

/// A stderr that is a pipe gets an open file description of its own, so that O_NONBLOCK is not forced on whoever shares
/// it.
void unblock_stderr() {
  struct stat info {};
  if (::fstat(STDERR_FILENO, &info) != 0) return;
  if (S_ISFIFO(info.st_mode)) {
    const int own = ::open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);
    if (own < 0) return;
    ::dup2(own, STDERR_FILENO);
    ::close(own);
  } else if (S_ISSOCK(info.st_mode)) {
    ::fcntl(STDERR_FILENO, F_SETFL, ::fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
  }
}

}  // namespace

Result<ProtocolDescriptors> claim_standard_streams() {
  ::signal(SIGPIPE, SIG_IGN);  // a client that is gone shows as an error of write
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return system_error("cannot open /dev/null", errno);
  if (::fcntl(STDERR_FILENO, F_GETFD) < 0) ::dup2(null, STDERR_FILENO);

  ProtocolDescriptors descriptors;
  descriptors.input = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  if (descriptors.input < 0) return system_error("stdin is not open", errno);
  descriptors.output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (descriptors.output < 0) return system_error("stdout is not open", errno);
  ::dup2(null, STDIN_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  if (null > STDERR_FILENO) ::close(null);
  unblock_stderr();
  return descriptors;
}

Result<std::unique_ptr<InputStream>> InputStream::open(EventLoop& loop, int descriptor, OnBytes on_bytes,
                                                       OnEnd on_end) {
  LACUNA_ASSIGN_OR_RETURN(StreamHandle stream, open_stream(loop, descriptor));
  if (stream == nullptr) {
    return std::unique_ptr<InputStream>(new FileInput(loop, descriptor, std::move(on_bytes), std::move(on_end)));
  }
  return std::unique_ptr<InputStream>(new StreamInput(std::move(stream), std::move(on_bytes), std::move(on_end)));
}

Result<std::unique_ptr<OutputStream>> OutputStream::open(EventLoop& loop, int descriptor,
                                                         std::function<void()> on_failure, size_t capacity) {
  LACUNA_ASSIGN_OR_RETURN(StreamHandle stream, open_stream(loop, descriptor));
  if (stream == nullptr) {
    return std::unique_ptr<OutputStream>(new FileOutput(loop, descriptor, std::move(on_failure), capacity));
  }
  return std::unique_ptr<OutputStream>(new StreamOutput(std::move(stream), std::move(on_failure), capacity));
}

}  // namespace lacuna::server
