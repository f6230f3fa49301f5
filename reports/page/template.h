// reports/page: how does one look at it? This file: what is the same in all pages: the files
// page.html, page.css and page.js, carried inside the library.
#pragma once

#include <string>
#include <string_view>

namespace vmadiff::reports {

/// The whole page. `title` is text, `body` is HTML.
[[nodiscard]] std::string filled_template(std::string_view title, std::string_view body);

}  // namespace vmadiff::reports
