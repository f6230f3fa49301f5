// kernel: one virtual machine. Long, since its process, its console and its two wires are waited
// for in one place.
#include "kernel/machine/virtual_machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "kernel/machine/places.h"
#include "kernel/one_processor.h"
#include "kernel/store/command.h"

namespace vmadiff::kernel {
namespace {

using std::chrono::milliseconds;

/// What a kernel in trouble prints; each is made a panic by the command line below, as far as the
/// kernel can do that.
constexpr std::array<std::string_view, 9> kTroubles{
    "Kernel panic", "BUG: ",   "WARNING: ",
    "KASAN: ",      "KCSAN: ", "UBSAN: ",
    "KMSAN: ",      "Oops: ",  "general protection fault"};

// A warning ends the machine as an oops does; a panic restarts it, which QEMU turns into its end.
// Page tables of four levels are those that are modelled; mitigations, watchdogs and clearing
// pages twice cost time. A machine that is kept from running would fail the test of its timer
// (measured: "IO-APIC + timer doesn't work!" in one boot of five beside 16 busy loops), and stall.
constexpr std::string_view kCommandLine =
    "console=ttyS0 loglevel=6 panic=-1 oops=panic panic_on_warn=1 no5lvl mitigations=off "
    "nowatchdog no_timer_check rcupdate.rcu_cpu_stall_suppress=1 "
    "init_on_alloc=0 rdinit=/init";

/// After a word of trouble: how long the console is still read.
constexpr milliseconds kLastWords{5000};
/// A kernel prints its first line at once: without it for so long, the accelerator does not work.
constexpr milliseconds kFirstWord{10000};
/// How often a machine that says nothing is looked at.
constexpr milliseconds kLook{50};
constexpr std::size_t kConsoleMax = std::size_t{256} << 10;

enum Line : std::size_t { kPort = 0, kSerial = 1 };

struct Pair {
  Descriptor ours;
  Descriptor theirs;
};

Pair make_pair_of_sockets() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return {};
  return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

std::string cpu_of(const MachineOptions& options) {
  // Emulated, the string instructions by which a kernel clears pages are slower than loops.
  const std::string_view cpu =
      options.accelerator == Accelerator::kKvm ? "host" : "max,la57=off,erms=off,fsrm=off";
  const auto words = fmt::format(" {} ", options.append);
  const bool has_keys = words.contains(fmt::format(" {} ", kProtectionKeysWord));
  return fmt::format("{},pku={}", cpu, has_keys ? "on" : "off");
}

std::vector<std::string> qemu_words(const MachineOptions& options, int initramfs,
                                    const std::array<int, 3>& channels) {
  std::vector<std::string> words{qemu_path(),
                                 "-nodefaults",
                                 "-no-user-config",
                                 "-display",
                                 "none",
                                 "-no-reboot",
                                 "-m",
                                 fmt::format("{}", options.memory_mib),
                                 "-smp",
                                 fmt::format("{}", options.cpus),
                                 "-accel",
                                 std::string{name(options.accelerator)},
                                 "-cpu",
                                 cpu_of(options),
                                 "-kernel",
                                 options.kernel,
                                 "-initrd",
                                 fmt::format("/proc/self/fd/{}", initramfs),
                                 "-append",
                                 fmt::format("{} {}", kCommandLine, options.append)};
  const auto channel = [&words](std::string_view id, int descriptor) {
    words.insert(words.end(), {"-chardev", fmt::format("socket,id={},fd={}", id, descriptor)});
  };
  channel("console", channels[0]);
  channel("port", channels[1]);
  channel("line", channels[2]);
  words.insert(words.end(), {"-serial", "chardev:console", "-serial", "chardev:line", "-device",
                             "virtio-serial-pci", "-device",
                             fmt::format("virtserialport,chardev=port,name={}", kWireName)});
  const auto add_disk = [&](std::string_view id, std::string_view device) {
    words.insert(
        words.end(),
        {"-drive", fmt::format("if=none,id={},format=raw,snapshot=on,file={}", id, options.disk),
         "-device", fmt::format("{},drive={}", device, id)});
  };
  if (!options.disk.empty()) add_disk("disk", "virtio-blk-pci");
  if (!options.disk.empty() && options.disk_by_nvme_too) add_disk("second", "nvme,serial=vmadiff");
  return words;
}

/// Becomes QEMU. Only calls that are safe after fork in a program with threads.
[[noreturn]] void become_qemu(int parent, char* const* arguments, int errors,
                              std::span<const int> inherited) {
  leave_one_processor();
  ::setsid();  // Ctrl-C is for the parent alone
  bool ready = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent &&
               ::dup2(errors, STDERR_FILENO) >= 0;
  const int nothing = ::open("/dev/null", O_RDWR);
  ready = ready && ::dup2(nothing, STDIN_FILENO) >= 0 && ::dup2(errors, STDOUT_FILENO) >= 0;
  for (const int descriptor : inherited) ready = ready && ::fcntl(descriptor, F_SETFD, 0) == 0;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (ready) ::execv(arguments[0], arguments);
  ::_exit(127);
}

/// A console line without the time in front of it.
std::string_view without_time(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const auto end = line.find("] ");
  return end == std::string_view::npos ? line : line.substr(end + 2);
}

/// The line that tells of a panic, else the last one.
std::string_view last_word(std::string_view text) {
  if (const auto panic = text.rfind("Kernel panic"); panic != std::string_view::npos)
    return text.substr(panic, text.substr(panic).find('\n'));
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto newline = text.rfind('\n');
  return newline == std::string_view::npos ? text : text.substr(newline + 1);
}

}  // namespace

std::string_view name(Accelerator accelerator) {
  return accelerator == Accelerator::kKvm ? "kvm" : "tcg";
}

std::string qemu_path() { return program_path("qemu-system-x86_64"); }

std::expected<std::unique_ptr<VirtualMachine>, MachineDeath> VirtualMachine::boot(
    const MachineOptions& options, int initramfs) {
  std::unique_ptr<VirtualMachine> machine{new VirtualMachine{options}};
  if (auto death = machine->start(initramfs)) return std::unexpected(*std::move(death));
  if (auto death = machine->wait_until_ready()) return std::unexpected(*std::move(death));
  return machine;
}

VirtualMachine::~VirtualMachine() { kill(); }

std::optional<MachineDeath> VirtualMachine::start(int initramfs) {
  auto console = make_pair_of_sockets();
  auto port = make_pair_of_sockets();
  auto line = make_pair_of_sockets();
  if (!console.ours.is_open() || !port.ours.is_open() || !line.ours.is_open())
    return died(fmt::format("socketpair: {}", std::strerror(errno)));
  const auto words = qemu_words(
      options_, initramfs, {console.theirs.number(), port.theirs.number(), line.theirs.number()});
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::array inherited{initramfs, console.theirs.number(), port.theirs.number(),
                             line.theirs.number()};
  const int parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) return died(fmt::format("fork: {}", std::strerror(errno)));
  // What QEMU itself says goes where the kernel's console goes.
  if (pid_ == 0) become_qemu(parent, arguments.data(), console.theirs.number(), inherited);
  process_ = Descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  console_ = std::move(console.ours);
  wires_[kPort] = std::move(port.ours);
  wires_[kSerial] = std::move(line.ours);
  for (const Descriptor* end : {&console_, &wires_[kPort], &wires_[kSerial]})
    ::fcntl(end->number(), F_SETFL, O_NONBLOCK);
  return std::nullopt;
}

std::optional<MachineDeath> VirtualMachine::wait_until_ready() {
  const auto first_word = std::min(kFirstWord, options_.boot_timeout);
  Patience patience{pid_};
  for (;;) {
    if (auto death = pump(false, patience)) return death;
    for (const Line line : {kPort, kSerial}) {
      const auto message = streams_[line].next();
      if (!message) continue;
      if (static_cast<MessageKind>(message->kind) != MessageKind::kReady ||
          !read(message->body, introduction_))
        return died("what the server in it says first cannot be read");
      wire_ = line;
      is_ready_ = true;
      watched_ = console_text_.size();
      return std::nullopt;
    }
    if (patience.spent() < (console_text_.empty() ? first_word : options_.boot_timeout)) continue;
    return died(
        console_text_.empty()
            ? "its kernel prints nothing"
            : fmt::format(
                  "not up within {} s",
                  std::chrono::duration_cast<std::chrono::seconds>(options_.boot_timeout).count()));
  }
}

std::optional<MachineDeath> VirtualMachine::send(MessageKind kind, std::string_view body) {
  const auto bytes = framed(static_cast<std::uint8_t>(kind), body);
  Patience patience{pid_};
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto count = ::send(wires_[wire_].number(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count > 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    // The machine may itself wait for us to read: both are done.
    if (auto death = pump(true, patience)) return death;
    if (patience.spent() >= options_.timeout) return died("hung: it takes no more requests");
  }
  return std::nullopt;
}

std::expected<Message, MachineDeath> VirtualMachine::receive() {
  std::optional<Patience> patience;
  for (;;) {
    if (auto message = streams_[wire_].next()) return *std::move(message);
    if (!patience) patience.emplace(pid_);
    if (auto death = pump(false, *patience)) return std::unexpected(*std::move(death));
    if (patience->spent() >= options_.timeout) {
      return std::unexpected(
          died(fmt::format("hung: no answer within {} ms", options_.timeout.count())));
    }
  }
}

/// Waits until something can be read (or written), at most for a look, and reads it.
std::optional<MachineDeath> VirtualMachine::pump(bool wants_to_write, Patience& patience) {
  std::array<pollfd, 4> waits{
      pollfd{wires_[kPort].number(), POLLIN, 0}, pollfd{wires_[kSerial].number(), POLLIN, 0},
      pollfd{console_.number(), POLLIN, 0}, pollfd{process_.number(), POLLIN, 0}};
  if (wants_to_write) waits[wire_].events = POLLIN | POLLOUT;
  const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(kLook.count()));
  if (ready < 0 && errno != EINTR) return died(fmt::format("poll: {}", std::strerror(errno)));
  if (ready == 0) patience.look(kLook);
  for (const Line line : {kPort, kSerial}) {
    if (waits[line].revents != 0) read_wire(line);
  }
  const bool has_ended = (waits[3].revents & POLLIN) != 0;
  if (waits[2].revents != 0 || has_ended) {
    while (read_console()) {
    }
  }
  if (!trouble_.empty()) {
    hear_out();
    return died(trouble_);
  }
  if (has_ended) {
    siginfo_t info{};
    was_killed_ =
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_code == CLD_KILLED && info.si_status == SIGKILL;
    return died(was_killed_ ? "QEMU was killed (SIGKILL)"
                            : fmt::format("it ended by itself: {}", last_word(console_text_)));
  }
  return std::nullopt;
}

void VirtualMachine::hear_out() {
  constexpr milliseconds kPause{10};
  Patience patience{pid_};
  while (patience.spent() < kLastWords) {
    pollfd end{process_.number(), POLLIN, 0};
    if (::poll(&end, 1, static_cast<int>(kPause.count())) == 1) break;
    while (read_console()) {
    }
    patience.look(kPause);
  }
  while (read_console()) {
  }
}

void VirtualMachine::read_wire(std::size_t line) {
  std::array<char, std::size_t{64} << 10> buffer;
  for (;;) {
    const auto count = ::recv(wires_[line].number(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return;
    streams_[line].add({buffer.data(), static_cast<std::size_t>(count)});
  }
}

bool VirtualMachine::read_console() {
  std::array<char, 4096> buffer;
  const auto count = ::recv(console_.number(), buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  for (const char c : std::string_view{buffer.data(), static_cast<std::size_t>(count)}) {
    if (c != '\r') console_text_.push_back(c);
  }
  if (console_text_.size() > 2 * kConsoleMax) {
    const auto cut = console_text_.size() - kConsoleMax;
    console_text_.erase(0, cut);
    watched_ -= std::min(watched_, cut);
  }
  // What a kernel warns of before it is up is its own affair.
  if (!is_ready_) return true;
  for (auto end = console_text_.find('\n', watched_); end != std::string::npos;
       end = console_text_.find('\n', watched_)) {
    const auto line =
        without_time(std::string_view{console_text_}.substr(watched_, end - watched_));
    watched_ = end + 1;
    const bool is_trouble = std::ranges::any_of(
        kTroubles, [line](std::string_view word) { return line.contains(word); });
    if (is_trouble && trouble_.empty()) trouble_ = line;
  }
  return true;
}

MachineDeath VirtualMachine::died(std::string how) {
  kill();
  return {std::move(how), console_text_, was_killed_};
}

void VirtualMachine::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace vmadiff::kernel
