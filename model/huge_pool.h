// model: the machine's pool of huge pages, in numbers: how many are free, promised and on loan. It
// knows no page, file or process.
#pragma once

#include <cstdint>

#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::model {

/// Never more are promised than are free.
class HugePool {
 public:
  void start(const spec::Setup& setup);

  /// Promises so many. Where too few are free, surplus pages come; false where not so many may, or
  /// where there are not so many at last, since promises are missing
  /// (HugetlbDiscard::kRestoresShared): then surplus pages can be gone.
  [[nodiscard]] bool reserve(std::uint64_t count);
  /// Takes so many promises back. Surplus pages that were there for them go.
  void unreserve(std::uint64_t count);
  /// A page that was promised. False where somebody else has it.
  [[nodiscard]] bool take_reserved();
  /// One that was not: a free one without a promise, else a surplus page. False: there is none.
  [[nodiscard]] bool take();
  /// A page comes back. It goes for good as long as there are surplus pages.
  void give_back();
  /// A page comes back, as with give_back, and there is a promise more.
  void give_back_reserved();

  [[nodiscard]] bool has_surplus() const { return now_.surplus != 0; }
  [[nodiscard]] const spec::HugePages& now() const { return now_; }

 private:
  /// Free pages that nobody was promised; fewer than none where promises are missing.
  [[nodiscard]] std::int64_t unpromised() const;

  std::uint64_t surplus_max_ = 0;
  spec::HugePages now_;
};

}  // namespace vmadiff::model
