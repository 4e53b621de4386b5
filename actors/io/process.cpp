#include "actors/io/process.hpp"

#include "protocol/health/wording.hpp"

#include <cerrno>
#include <csignal>
#include <unistd.h>

#include <array>

namespace praetor::io {
namespace {

using namespace model::check_status;

/// What a pipe holds on Linux unless told otherwise, in bytes. A program that
/// has ended cannot have left more unread, while one in the background could
/// go on writing for ever.
constexpr std::size_t pipe_capacity = 64 * 1024;

class process_run final : public probe_run {
public:
  process_run(uv_loop_t* loop, process_options options, probe_callback done)
      : probe_run(loop, options.timeout, std::move(done)),
        args_(std::move(options.args)),
        output_max_size_(options.output_max_size),
        output_(options.output_max_size) {
    PRAETOR_ASSERT(!args_.empty());
  }

protected:
  void begin() override {
    uv_file ends[2];
    if (int error = uv_pipe(ends, UV_NONBLOCK_PIPE, 0); error < 0)
      return fail(health::spawn_error(args_[0], -error));
    open_pipe(ends[0]);
    int error = spawn(ends[1]);
    // Ours must go, or the end of the output would never be seen.
    ::close(ends[1]);
    if (error < 0)
      return fail(health::spawn_error(args_[0], -error));
    is_running_ = true;
    read();
  }

  void on_timeout() override {
    drain();
    fail(health::script_timeout_text(timeout(), captured()));
  }

  void release() override {
    if (is_running_)
      ::kill(-process_.pid, SIGKILL); // its exit is awaited below, by libuv
    if (has_pipe_)
      close(reinterpret_cast<uv_handle_t*>(&pipe_));
  }

private:
  void open_pipe(uv_file end) {
    uv_pipe_init(loop(), &pipe_, 0);
    pipe_.data = this;
    hold();
    has_pipe_ = true;
    // Fails only for descriptors that are not ours to open.
    int error = uv_pipe_open(&pipe_, end);
    PRAETOR_ASSERT(error == 0);
    end_ = end;
  }

  int spawn(uv_file output) {
    std::vector<char*> args;
    for (auto& arg : args_)
      args.push_back(arg.data());
    args.push_back(nullptr);
    uv_stdio_container_t stdio[3]{};
    stdio[0].flags = UV_IGNORE;
    for (int i : {1, 2}) {
      stdio[i].flags = UV_INHERIT_FD;
      stdio[i].data.fd = output;
    }
    uv_process_options_t options{};
    options.file = args[0];
    options.args = args.data();
    options.stdio = stdio;
    options.stdio_count = 3;
    options.flags = UV_PROCESS_DETACHED; // a session and so a group of its own
    options.exit_cb = [](uv_process_t* process, int64_t code, int signal) {
      static_cast<process_run*>(process->data)->on_exit(code, signal);
    };
    process_.data = this;
    hold();
    int error = uv_spawn(loop(), &process_, &options);
    if (error < 0)
      close(reinterpret_cast<uv_handle_t*>(&process_));
    return error;
  }

  void read() {
    auto allocate = [](uv_handle_t* handle, size_t, uv_buf_t* out) {
      auto* self = static_cast<process_run*>(handle->data);
      *out = uv_buf_init(self->buffer_.data(), self->buffer_.size());
    };
    auto on_bytes = [](uv_stream_t* pipe, ssize_t count, const uv_buf_t* from) {
      auto* self = static_cast<process_run*>(pipe->data);
      if (count > 0)
        self->output_.append({from->base, static_cast<std::size_t>(count)});
      else if (count < 0)
        uv_read_stop(pipe);
    };
    uv_read_start(reinterpret_cast<uv_stream_t*>(&pipe_), allocate, on_bytes);
  }

  // Takes what is in the pipe now: the loop may learn of the exit first.
  void drain() {
    uv_read_stop(reinterpret_cast<uv_stream_t*>(&pipe_));
    for (std::size_t taken = 0; taken < pipe_capacity;) {
      auto count = ::read(end_, buffer_.data(), buffer_.size());
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return;
      taken += static_cast<std::size_t>(count);
      output_.append({buffer_.data(), static_cast<std::size_t>(count)});
    }
  }

  std::string captured() const {
    return health::truncate_script(output_.last(), output_.total(),
                                   output_max_size_);
  }

  void on_exit(int64_t code, int signal) {
    // The number may be another process's from here on.
    is_running_ = false;
    close(reinterpret_cast<uv_handle_t*>(&process_));
    if (is_over())
      return;
    drain();
    auto* found = signal != 0 ? critical
                  : code == 0 ? passing
                  : code == 1 ? warning
                              : critical;
    finish({found, captured()});
  }

  void close(uv_handle_t* handle) {
    uv_close(handle, [](uv_handle_t* closed) {
      static_cast<process_run*>(closed->data)->drop();
    });
  }

  std::vector<std::string> args_;
  int output_max_size_;
  output_tail output_;
  std::array<char, 4096> buffer_{};
  uv_process_t process_{};
  uv_pipe_t pipe_{};
  uv_file end_ = -1;
  bool has_pipe_ = false;
  bool is_running_ = false;
};

} // namespace

probe start_process(uv_loop_t* loop, process_options options,
                    probe_callback done) {
  auto run =
      std::make_shared<process_run>(loop, std::move(options), std::move(done));
  run->start();
  return probe(std::move(run));
}

} // namespace praetor::io
