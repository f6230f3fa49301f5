// reports: putting a reproduction together.
#include "reports/reproduction.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "properties/claims/ksm_calls.h"

namespace vmadiff::reports {

std::size_t Reproduction::add_layout(const std::vector<spec::Vma>& vmas) {
  std::vector<spec::Vma> made;
  std::ranges::copy_if(vmas, std::back_inserter(made), [](const spec::Vma& vma) {
    return vma.file.cls != spec::FileClass::kOther;
  });
  if (layouts.empty() || layouts.back() != made) layouts.push_back(std::move(made));
  return layouts.size() - 1;
}

std::string machine_note(std::string_view setup) {
  return fmt::format("It needs a machine with {}, and says so where it is not on one.", setup);
}

bool uses_ksm(const std::vector<ReproducedStep>& steps) {
  return std::ranges::any_of(
      steps, [](const ReproducedStep& step) { return properties::is_of_ksm(step.call); });
}

}  // namespace vmadiff::reports
