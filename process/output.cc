// process: standard output and error as streams of our own.
#include "process/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "process/terminal.h"
#include "reports/colours.h"
#include "reports/quoting.h"

namespace vmadiff::process {
namespace {

/// The errno of the first write to standard output that failed; 0: none did.
std::atomic<int> lost{0};

/// Writes all of it, or gives the errno that kept it from that.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

void write_out(int descriptor, std::string_view bytes) {
  const int error = write_all(descriptor, bytes);
  int none = 0;
  if (error != 0 && descriptor == STDOUT_FILENO) lost.compare_exchange_strong(none, error);
}

/// What stands behind stdout and stderr.
struct Sink {
  int descriptor;
  std::string pending;  ///< the beginning of a character whose rest is not there yet
  std::optional<reports::Colours> colours;  ///< where they are wanted

  /// Always takes everything: whoever prints has nothing to do about it.
  static ssize_t write(void* sink, const char* bytes, std::size_t count) {
    auto& [descriptor, pending, colours] = *static_cast<Sink*>(sink);
    std::string text = pending + std::string{bytes, count};
    const auto rest = reports::unfinished_bytes(text);
    pending = text.substr(text.size() - rest);
    text.resize(text.size() - rest);
    const auto shown = reports::printable(text);
    write_out(descriptor, colours ? colours->coloured(shown) : shown);
    return static_cast<ssize_t>(count);
  }
};

/// A stream on the descriptor, or null. Its sink is never destroyed: streams are flushed last of
/// all.
std::FILE* stream_on(int descriptor, int buffering) {
  auto colours = wants_colours(descriptor) ? std::optional<reports::Colours>{std::in_place}
                                           : std::optional<reports::Colours>{};
  // Kept where a leak checker sees them: its own fopencookie hides what it was given.
  static std::vector<Sink*>* const sinks = new std::vector<Sink*>;
  sinks->push_back(new Sink{descriptor, {}, std::move(colours)});
  std::FILE* const stream =
      ::fopencookie(sinks->back(), "w",
                    {.read = nullptr, .write = &Sink::write, .seek = nullptr, .close = nullptr});
  if (stream != nullptr) std::setvbuf(stream, nullptr, buffering, BUFSIZ);
  return stream;
}

void on_broken_pipe(int /*number*/) {}

}  // namespace

void prepare_output() {
  // Each in its wrong direction, so that using it is an error as before.
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    const int nowhere = ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (nowhere >= 0 && nowhere != descriptor) ::close(nowhere);
  }
  // A handler, not SIG_IGN: programs that are started from here begin with the default.
  struct sigaction action{};
  action.sa_handler = on_broken_pipe;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGPIPE, &action, nullptr);
  // That the streams are variables is glibc's.
  const int buffering = ::isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF;
  if (std::FILE* const out = stream_on(STDOUT_FILENO, buffering)) stdout = out;
  if (std::FILE* const err = stream_on(STDERR_FILENO, _IOLBF)) stderr = err;
}

bool is_output_gone() { return lost.load(std::memory_order_relaxed) == EPIPE; }

void watch_output() {
  pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  int none = 0;
  if (::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0) {
    lost.compare_exchange_strong(none, EPIPE);
  }
}

void print_raw(std::string_view bytes) {
  std::fflush(stdout);
  write_out(STDOUT_FILENO, bytes);
}

ExitStatus finish_output(ExitStatus status) {
  std::fflush(stdout);
  std::fflush(stderr);
  const int error = lost.load();
  if (error == 0 || error == EPIPE) return status;
  const auto said =
      refuse_input(fmt::format("standard output cannot be written: {}", std::strerror(error)));
  return status == ExitStatus::kHeld ? said : status;
}

void forget_lost_output() {
  if (!is_output_gone()) lost.store(0);
}

}  // namespace vmadiff::process
