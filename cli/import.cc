// cli: the import commands.
#include "cli/import.h"

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <span>

#include "cli/trace_file.h"
#include "fuzz/decode.h"
#include "intake/strace_import.h"
#include "intake/syz_import.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "spec/trace_text.h"

namespace vmadiff::cli {
namespace {

constexpr std::size_t kLogBytesMax = std::size_t{1} << 30;

process::ExitStatus write(const std::string& output, std::string_view text) {
  if (output.empty()) {
    fmt::print("{}", text);
    return process::ExitStatus::kHeld;
  }
  const auto written = reports::write_atomically(output, text);
  return written ? process::ExitStatus::kHeld : process::refuse_input(written.error().message);
}

/// "FILE:LINE: not kept: WHAT (N times)", once each kind.
void say_losses(const std::vector<intake::Loss>& losses, const std::vector<std::string>& names) {
  for (const intake::Loss& loss : losses) {
    fmt::print(stderr, "{}:{}: not kept: {}{}\n", names[loss.first.file], loss.first.line,
               loss.what, loss.count == 1 ? "" : fmt::format(" ({} times)", loss.count));
  }
}

}  // namespace

process::ExitStatus import_strace(const ImportStraceOptions& options) {
  std::vector<std::string> names;
  std::vector<std::string> texts;
  for (const std::string& path : options.files) {
    auto text = read_bytes(path, "strace's output", kLogBytesMax);
    if (!text) return process::refuse_input(text.error());
    names.push_back(reports::printable_line(path));
    texts.push_back(*std::move(text));
  }
  std::vector<intake::LogFile> files;
  for (std::size_t i = 0; i < names.size(); ++i) files.push_back({names[i], texts[i]});
  const auto imported = intake::import_strace(files);
  if (!imported) return process::refuse_input(imported.error());
  say_losses(imported->losses, names);
  return write(options.output, spec::print_trace(imported->trace));
}

process::ExitStatus import_syz(const ImportSyzOptions& options) {
  const auto text = read_bytes(options.file, "a syzkaller program", kLogBytesMax);
  if (!text) return process::refuse_input(text.error());
  const auto name = reports::printable_line(options.file);
  const auto imported = intake::import_syz(name, *text);
  if (!imported) return process::refuse_input(imported.error());
  say_losses(imported->losses, {name});
  return write(options.output, spec::print_trace(imported->trace));
}

process::ExitStatus import_crash(const ImportCrashOptions& options) {
  const auto text = read_bytes(options.file, "a fuzzer's input", kLogBytesMax);
  if (!text) return process::refuse_input(text.error());
  const std::vector<std::uint8_t> bytes(text->begin(), text->end());
  return write(options.output, fuzz::trace_from_bytes(bytes));
}

}  // namespace vmadiff::cli
