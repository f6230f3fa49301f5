// reports/page: text as it may stand in a page.
#include "reports/page/markup.h"

#include "reports/json.h"
#include "reports/quoting.h"

namespace vmadiff::reports {

std::string markup(std::string_view text) { return markup_text(printable_line(text)); }
std::string markup_lines(std::string_view text) { return markup_text(printable(text)); }

std::string script_json(const nlohmann::ordered_json& object) {
  std::string out;
  // `</script` and `<!--` begin with it; JSON has it in strings alone, where it may be written so.
  for (const char c : dumped(object)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace vmadiff::reports
