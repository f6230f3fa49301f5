// nightly: what a state takes on the disk is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "nightly/journal.h"
#include "nightly/places.h"

namespace vmadiff::nightly {

/// Takes what a stage has written and nobody reads any more off the disk: of its outputs both ends
/// stay.
void tidy(const std::filesystem::path& stage);

/// Removes what a write that was killed has left: NAME.XXXXXX beside the file that it was to
/// become. To be called while nobody writes.
void sweep(const Places& places);

/// Removes the oldest nights, but never `present`, until there are no more than `nights_max` and
/// the state is within `bytes_max`. Findings and what is known stay. Gives how many it removed.
std::size_t prune(const Places& places, const std::string& present, std::size_t nights_max,
                  std::uint64_t bytes_max);

}  // namespace vmadiff::nightly
