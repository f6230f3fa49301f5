// explain: whose rule a failed call is a matter of.
#include "explain/refusal.h"

#include <variant>

#include "explain/refusal_rules.h"

namespace vmadiff::explain {

std::string why_refused(const Refused& refused) {
  if (!refused.is_there) return "there is no such process";
  return std::visit(Rules{refused}, refused.step.call);
}

}  // namespace vmadiff::explain
