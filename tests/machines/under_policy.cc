// tests: a machine that does not give every call. Runs a program under a seccomp policy:
//   under_policy ANSWER CALL[:ARGUMENT=VALUE|:ARGUMENT&BITS]… -- PROGRAM WORDS…
// ANSWER is EPERM, ENOSYS, EACCES or kill; or mdwe, which asks for no calls: then the policy is
// PR_SET_MDWE (no memory that is writable and executable). With an argument (counted from 0) the
// policy asks for its value, or for all of the bits. Status 125 where the policy cannot be set up.
#include <seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kNoPolicy = 125;

[[noreturn]] void give_up(std::string_view what) {
  std::fprintf(stderr, "under_policy: %.*s\n", static_cast<int>(what.size()), what.data());
  ::_exit(kNoPolicy);
}

unsigned long number(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  unsigned long value = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || stop != text.data() + text.size()) give_up("a number is no number");
  return value;
}

std::uint32_t action_of(std::string_view answer) {
  if (answer == "EPERM") return SCMP_ACT_ERRNO(EPERM);
  if (answer == "ENOSYS") return SCMP_ACT_ERRNO(ENOSYS);
  if (answer == "EACCES") return SCMP_ACT_ERRNO(EACCES);
  if (answer == "kill") return SCMP_ACT_KILL_PROCESS;
  give_up("the answer must be EPERM, ENOSYS, EACCES or kill");
}

/// Newer than the library's names, or not.
int call_named(const std::string& name) {
  constexpr int kMseal = 462;
  if (name == "mseal") return kMseal;
  const int call = seccomp_syscall_resolve_name(name.c_str());
  if (call == __NR_SCMP_ERROR) give_up("unknown call " + name);
  return call;
}

void add(scmp_filter_ctx filter, std::uint32_t action, std::string_view word) {
  const auto colon = word.find(':');
  const int call = call_named(std::string{word.substr(0, colon)});
  int done = 0;
  if (colon == std::string_view::npos) {
    done = seccomp_rule_add_array(filter, action, call, 0, nullptr);
  } else {
    const auto rest = word.substr(colon + 1);
    const auto sign = rest.find_first_of("=&");
    if (sign == std::string_view::npos) give_up("an argument needs = or &");
    const auto value = number(rest.substr(sign + 1));
    const scmp_arg_cmp asked{static_cast<unsigned>(number(rest.substr(0, sign))),
                             rest[sign] == '=' ? SCMP_CMP_EQ : SCMP_CMP_MASKED_EQ, value, value};
    done = seccomp_rule_add_array(filter, action, call, 1, &asked);
  }
  if (done != 0) give_up("a rule cannot be added");
}

}  // namespace

namespace {

void forbid_write_and_exec() {
  constexpr int kSetMdwe = 65;  // since 6.3, newer than the headers
  constexpr unsigned long kRefuseExecGain = 1;
  if (::prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0) != 0) give_up("this kernel has no PR_SET_MDWE");
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) give_up("usage: under_policy ANSWER CALL… -- PROGRAM WORDS…");
  if (count > 3 && std::string_view{words[1]} == "mdwe") {
    forbid_write_and_exec();
    ::execvp(words[3], words + 3);
    give_up("the program cannot be run");
  }
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  const std::uint32_t action = action_of(words[1]);
  int at = 2;
  while (at < count && std::string_view{words[at]} != "--") add(filter, action, words[at++]);
  if (at + 1 >= count) give_up("there is no program to run");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || seccomp_load(filter) != 0)
    give_up("the policy cannot be loaded");
  ::execvp(words[at + 1], words + at + 1);
  give_up("the program cannot be run");
}
