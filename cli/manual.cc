// cli: writing the manual page.
#include "cli/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <string_view>
#include <vector>

#include "process/output.h"

namespace vmadiff::cli {
namespace {

/// As text in which nothing is a macro or an escape.
std::string escaped(std::string_view text) {
  std::string out;
  bool at_beginning = true;
  for (const char c : text) {
    if (at_beginning && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    at_beginning = c == '\n';
  }
  return out;
}

class Page {
 public:
  void add(std::string_view macro, std::string_view text = {}) {
    fmt::format_to(std::back_inserter(page_), "{}{}{}\n", macro, text.empty() ? "" : " ", text);
  }
  void say(std::string_view text) {
    fmt::format_to(std::back_inserter(page_), "{}\n", escaped(text));
  }
  void as_it_is(std::string_view text) {
    add(".nf");
    say(text);
    add(".fi");
  }

  void add_option(const OptionText& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.names)
      names.push_back(fmt::format("\\fB{}\\fR", escaped(name)));
    auto shown = fmt::format("{}", fmt::join(names, ", "));
    if (!option.positional.empty())
      shown = fmt::format("\\fI{}\\fR{}", escaped(option.positional),
                          option.takes_several ? " ..." : "");
    else if (option.takes_value)
      shown += " \\fIVALUE\\fR";
    add(".TP");
    add(shown);
    say(fmt::format("{}{}{}", option.help,
                    option.default_value.empty() ? "" : fmt::format(" [{}]", option.default_value),
                    option.is_required && option.positional.empty() ? " (must be given)" : ""));
  }

  /// The command, and those below it. `path` is how it is called.
  void add_command(const CommandText& command, const std::string& path) {
    const auto name = path + " " + command.name;
    add(".SS", fmt::format("\"{}\"", escaped(name)));
    say(command.help + ".");
    for (const OptionText& option : command.options) {
      if (option.names.empty() || option.names.front() != "--help") add_option(option);
    }
    if (!command.footer.empty()) {
      add(".PP");
      as_it_is(command.footer);
    }
    for (const CommandText& inner : command.commands) add_command(inner, name);
  }

  [[nodiscard]] const std::string& text() const { return page_; }

 private:
  std::string page_;
};

}  // namespace

std::string manual_page(const CommandText& top, const std::string& version) {
  Page page;
  page.add(".TH", fmt::format("VMADIFF 1 \"\" \"vmadiff {}\" \"User commands\"", version));
  page.add(".SH", "NAME");
  page.add(
      escaped("vmadiff - hold the memory calls of Linux against a model, and kernels against "
              "each other"));
  page.add(".SH", "SYNOPSIS");
  page.add(".B", "vmadiff");
  page.add("\\fICOMMAND\\fR [\\fIOPTION\\fR ...]");
  page.add(".SH", "DESCRIPTION");
  page.say(top.help);
  page.add(".SH", "COMMANDS");
  for (const CommandText& command : top.commands) page.add_command(command, top.name);
  page.add(".SH", "EXAMPLES AND EXIT STATUS");
  page.as_it_is(top.footer);
  return page.text();
}

process::ExitStatus print_manual() {
  process::print_raw(manual_page(command_text(), VMADIFF_VERSION));
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
