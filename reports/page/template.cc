// reports/page: the files that are the same in all pages, as they stand in the binary.
#include "reports/page/template.h"

#include <array>

#include "reports/page/markup.h"

// VMADIFF_PAGE is the folder; the build makes this file anew when one of them changes.
asm(R"(
  .pushsection .rodata.vmadiff_page, "a"
  .globl vmadiff_page_html, vmadiff_page_css, vmadiff_page_js, vmadiff_page_end
vmadiff_page_html:
  .incbin ")" VMADIFF_PAGE R"(/page.html"
vmadiff_page_css:
  .incbin ")" VMADIFF_PAGE R"(/page.css"
vmadiff_page_js:
  .incbin ")" VMADIFF_PAGE R"(/page.js"
vmadiff_page_end:
  .popsection
)");

extern "C" {
extern const char vmadiff_page_html[];
extern const char vmadiff_page_css[];
extern const char vmadiff_page_js[];
extern const char vmadiff_page_end[];
}

namespace vmadiff::reports {

std::string filled_template(std::string_view title, std::string_view body) {
  const std::string_view css{vmadiff_page_css, vmadiff_page_js};
  const std::string_view script{vmadiff_page_js, vmadiff_page_end};
  const std::string shown_title = markup(title);
  struct Place {
    std::string_view mark;
    std::string_view text;
  };
  const std::array places{Place{"@TITLE@", shown_title}, Place{"@STYLE@", css},
                          Place{"@BODY@", body}, Place{"@SCRIPT@", script}};
  // In the order in which they stand there; what is filled in is not looked at again.
  std::string_view rest{vmadiff_page_html, vmadiff_page_css};
  std::string out;
  for (const Place& place : places) {
    const auto at = rest.find(place.mark);
    out += rest.substr(0, at);
    out += place.text;
    rest.remove_prefix(at + place.mark.size());
  }
  out += rest;
  return out;
}

}  // namespace vmadiff::reports
