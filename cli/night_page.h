// cli: the page of a night, beside its other reports: what it found, what ran, what was met, and
// what became of these over the nights that are kept.
#pragma once

#include <expected>
#include <string>

#include "nightly/journal.h"
#include "nightly/places.h"

namespace vmadiff::cli {

/// index.html in the night's directory. Of earlier nights what can be read is used. The error says
/// why the page could not be written.
[[nodiscard]] std::expected<void, std::string> write_night_page(const nightly::Places& places,
                                                                const nightly::NightPlaces& night);

}  // namespace vmadiff::cli
