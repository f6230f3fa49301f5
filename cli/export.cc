// cli: the export command.
#include "cli/export.h"

#include <fmt/format.h>

#include <array>
#include <expected>
#include <optional>

#include "cli/reproduction.h"
#include "cli/trace_file.h"
#include "exports/exports.h"
#include "reports/reproducer.h"
#include "reports/store.h"
#include "spec/trace_text.h"
#include "systems/machine.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

constexpr std::array kForms{
    ExportFormName{ExportForm::kC, "c", "a C program that runs the trace and checks the layout"},
    ExportFormName{ExportForm::kKselftest, "kselftest",
                   "a test for the kernel's tools/testing/selftests/mm"},
    ExportFormName{ExportForm::kLtp, "ltp", "a test for the Linux Test Project"},
    ExportFormName{ExportForm::kSyz, "syz", "a program of syzkaller"},
    ExportFormName{ExportForm::kGtest, "gtest", "a test of vmadiff's own suite"},
    ExportFormName{ExportForm::kMail, "mail", "plain text for a mailing list"},
};

using reports::Reproduction;
using Written = std::expected<std::string, std::string>;

/// Why no program can run the trace, whatever the machine; nothing where one can.
std::optional<std::string> why_no_program(const Reproduction& r) {
  for (std::size_t i = 0; i < r.steps.size(); ++i) {
    const auto& call = r.steps[i].call;
    if (spec::touches_reserved(r.setup, {r.steps[i].process, call, {}})) {
      return fmt::format(
          "call {} touches memory that the process which makes the calls lives in: {}", i + 1,
          spec::text(call));
    }
    const auto* mmap = std::get_if<spec::Mmap>(&call);
    if (mmap == nullptr || (mmap->flags & spec::kMapAnonymous) != 0) continue;
    if (mmap->file.cls == spec::FileClass::kPreparedPfnmap ||
        mmap->file.cls == spec::FileClass::kTwoHooks ||
        mmap->file.cls == spec::FileClass::kLegacyFile) {
      return fmt::format("call {} maps {}, a file that no program can make", i + 1,
                         spec::text(mmap->file));
    }
  }
  return std::nullopt;
}

Written c_of(Reproduction r) {
  if (auto why = why_no_program(r)) return std::unexpected(*std::move(why));
  r.story.emplace_back();
  r.story.emplace_back("cc -Wall THIS.c -o reproducer && ./reproducer");
  r.story.emplace_back("Exit status: 0 as expected, 1 different, 3 cannot run here.");
  return reports::c_program(r);
}

/// Where it was seen: the real kernel that the results are of, or this machine's.
std::string machine_of(const ExportOptions& options) {
  if (systems::is_real(options.system)) return systems::machine_line(options.system);
  if (systems::why_not(systems::kHost)) return {};
  return systems::machine_line(systems::kHost);
}

Written written_as(const ExportOptions& options, const Reproduction& r) {
  switch (options.form) {
    case ExportForm::kC:
      return c_of(r);
    case ExportForm::kKselftest:
      return exports::kselftest(r);
    case ExportForm::kLtp:
      return exports::ltp(r);
    case ExportForm::kSyz:
      return exports::syz(r);
    case ExportForm::kGtest:
      return exports::gtest(r);
    case ExportForm::kMail:
      return exports::mail(r, machine_of(options));
  }
  return std::unexpected("there is no such form");
}

}  // namespace

std::span<const ExportFormName> export_forms() { return kForms; }

std::expected<std::string, process::Refusal> exported(const TraceFile& file,
                                                      const ExportOptions& options) {
  const auto reproduction = reproduction_of(file, options.system, options.profile);
  if (!reproduction) return std::unexpected(reproduction.error());
  auto text = written_as(options, *reproduction);
  if (text) return *std::move(text);
  return process::lacks(
      fmt::format("{}: cannot be told in this form: {}", file.path, text.error()));
}

process::ExitStatus export_trace(const ExportOptions& options) {
  const auto file = read_trace(options.path);
  if (!file) return process::refuse_input(file.error());
  const auto text = exported(*file, options);
  if (!text) return process::refuse(text.error());
  if (!file->directives.setup.empty()) {
    fmt::print(stderr, "vmadiff: {}: {}\n", file->path,
               reports::machine_note(file->directives.setup));
  }
  if (options.output.empty()) {
    fmt::print("{}", *text);
    return process::ExitStatus::kHeld;
  }
  if (auto written = reports::write_atomically(options.output, *text); !written) {
    return process::refuse_input(written.error().message);
  }
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
