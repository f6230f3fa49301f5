// tests of reports/page: text that tries to be more than text.
#pragma once

#include <string>
#include <vector>

namespace vmadiff::tests {

[[nodiscard]] inline std::vector<std::string> hostile_texts() {
  return {"</script><script>alert(1)</script>",
          "<img src=x onerror=alert(1)>",
          "\" onmouseover=\"alert(1)",
          "' autofocus onfocus='alert(1)",
          "<!--<script>",
          "]]><svg/onload=alert(1)>",
          "@SCRIPT@ @BODY@ @STYLE@ @TITLE@",
          "&lt;script&gt;",
          "\xff\xfe\x80 no UTF-8",
          "\x1b[31mred\x07",
          "\xe2\x80\xae turned",
          "javascript:alert(1)"};
}

}  // namespace vmadiff::tests
