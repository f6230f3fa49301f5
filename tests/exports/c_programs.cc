// tests of exports: many C programs as one.
#include "c_programs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>

#include "command_run.h"
#include "reports/reproducer_parts.h"

namespace vmadiff::tests {
namespace {

constexpr std::array kTables{"options", "files", "needs", "vmas", "steps", "ends"};

/// The tables of a program: what stands between the parts that all have.
std::string tables_of(const std::string& program) {
  const auto types = reports::program_types();
  const auto begin = program.find(types);
  const auto end = program.find(reports::program_rest());
  EXPECT_NE(begin, std::string::npos);
  EXPECT_NE(end, std::string::npos);
  return program.substr(begin + types.size(), end - begin - types.size());
}

}  // namespace

std::string combined(const std::vector<std::string>& programs) {
  std::string out = reports::program_types();
  std::string all;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    for (const auto* table : kTables) out += fmt::format("#define {0} {0}_{1}\n", table, i);
    out += tables_of(programs[i]);
    for (const auto* table : kTables) out += fmt::format("#undef {}\n", table);
    all += fmt::format(
        "    {{&options_{0}, files_{0}, needs_{0}, vmas_{0}, steps_{0}, ends_{0}}},\n", i);
  }
  out += R"(
struct program {
  const struct settings *the_options;
  struct file *the_files;
  const struct need *the_needs;
  const struct vma *the_vmas;
  const struct step *the_steps;
  const struct end *the_ends;
};
static const struct program programs[] = {
)" + all +
         R"(};
static const struct program *the_program;
#define options (*the_program->the_options)
#define files the_program->the_files
#define needs the_program->the_needs
#define vmas the_program->the_vmas
#define steps the_program->the_steps
#define ends the_program->the_ends
#define main main_of_one
)" + reports::program_rest() +
         R"(
#undef main
int main(void) {
  for (size_t i = 0; i < sizeof programs / sizeof programs[0]; ++i) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
      char name[32];
      snprintf(name, sizeof name, "%zu", i);
      if (!freopen(name, "w", stdout)) _exit(99);
      the_program = &programs[i];
      status = main_of_one();
      fflush(stdout);
      _exit(status);
    }
    waitpid(child, &status, 0);
    printf("%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    fflush(stdout);
  }
  return 0;
}
)";
  return out;
}

std::vector<ProgramRun> compile_and_run_all(const std::vector<std::string>& programs,
                                            const std::string& compiler) {
  const Scratch scratch;
  const auto source = scratch.file("all.c", combined(programs));
  const auto compiled =
      run_command({"bash", "-c", compiler + " -Wall -Wextra -Werror all.c -o all"},
                  {.directory = scratch.path()});
  EXPECT_EQ(compiled.status, 0) << compiled.err.substr(0, 4000);
  if (compiled.status != 0) return {};
  const auto ran = run_command({"./all"}, {.directory = scratch.path()});
  std::vector<ProgramRun> out;
  std::istringstream statuses{ran.out};
  for (int status = 0; statuses >> status;) {
    out.push_back({status, content(scratch.path() / std::to_string(out.size()))});
  }
  EXPECT_EQ(out.size(), programs.size());
  return out;
}

}  // namespace vmadiff::tests
