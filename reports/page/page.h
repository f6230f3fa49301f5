// reports/page: how does one look at it? This file: whole pages. Each is one HTML file that needs
// nothing else: no network, no other file. Without a script it shows the calls, the first and the
// last layout and every text; with it every layout, step by step.
//
// A page links to a part of itself: `#step=3` is the third call of its only story, `#s2&step=3`
// that of the second. It knows no system.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/page/night.h"
#include "reports/page/story.h"

namespace vmadiff::reports {

/// A page for one trace, or for several with an index before them.
[[nodiscard]] std::string stories_page(std::string_view title, const std::vector<Story>& stories);

/// A page for one campaign: its findings first.
[[nodiscard]] std::string campaign_page(const Night& campaign);

/// A page for the last of these nights, with what became of things over all of them; the oldest
/// comes first, and there is one at least. Below 2 MB: of findings that do not fit only the text is
/// shown, and that is said.
[[nodiscard]] std::string night_page(std::span<const Night> nights);

}  // namespace vmadiff::reports
