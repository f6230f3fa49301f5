// explain: why what is mapped does not become what is asked for: protection, keys, locks, seals,
// policies, names; and what the process is set to.
#include <fmt/format.h>

#include "explain/flag_names.h"
#include "explain/refusal_rules.h"
#include "spec/file.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::explain {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::Range;
using spec::Vma;

Why Rules::operator()(const spec::Mprotect& c) const { return protect(c.addr, c.length, c.prot); }

Why Rules::operator()(const spec::PkeyMprotect& c) const {
  auto why = protect(c.addr, c.length, c.prot);
  const bool is_of_key = errno_ == Errno::kEINVAL && c.pkey != spec::kNoPkey && why.empty();
  return is_of_key ? no_key(c.pkey) : why;
}

Why Rules::operator()(const spec::PkeyFree& c) const { return no_key(c.pkey); }

Why Rules::operator()(const spec::PkeyAlloc& c) const {
  if (errno_ == Errno::kENOSPC) {
    return r_.setup.protection_keys ? "all keys are taken (mm_pkey_alloc)"
                                    : "the machine has no protection keys (mm_pkey_alloc)";
  }
  if (errno_ != Errno::kEINVAL) return {};
  if (c.flags != 0) return "no flag is known (pkey_alloc)";
  if ((c.rights & ~(spec::kPkeyDisableAccess | spec::kPkeyDisableWrite)) != 0) {
    return "a right is not known (pkey_alloc)";
  }
  return fmt::format(
      "the machine has no protection keys, which shows only when the rights of the one that was "
      "taken are to be set (alloc_without_keys={})",
      spec::name(r_.profile.alloc_without_keys));
}

Why Rules::operator()(const spec::Prctl& c) const {
  const bool is_about_mdwe = c.option == spec::kPrSetMdwe || c.option == spec::kPrGetMdwe;
  const bool is_about_ksm =
      c.option == spec::kPrSetMemoryMerge || c.option == spec::kPrGetMemoryMerge;
  if (errno_ == Errno::kEPERM && is_about_mdwe) {
    return "MDWE is on, and stays as it is (prctl_set_mdwe)";
  }
  if (errno_ == Errno::kEPERM) return "the process has no CAP_SYS_RESOURCE (prctl)";
  if (errno_ != Errno::kEINVAL) return {};
  if (is_about_mdwe && r_.profile.mdwe == spec::Mdwe::kAbsent) {
    return fmt::format("it is not known (mdwe={})", spec::name(r_.profile.mdwe));
  }
  if (c.option == spec::kPrSetMdwe && (c.arg3 | c.arg4 | c.arg5) == 0) {
    return c.arg2 == spec::kMdweNoInherit
               ? "PR_MDWE_NO_INHERIT stands with PR_MDWE_REFUSE_EXEC_GAIN only (prctl_set_mdwe)"
               : "a flag is not known (prctl_set_mdwe)";
  }
  if (is_about_ksm && r_.profile.process_ksm == spec::ProcessKsm::kAbsent) {
    return fmt::format("it is not known (process_ksm={})", spec::name(r_.profile.process_ksm));
  }
  return "an argument that has no meaning is not 0 (prctl)";
}

Why Rules::operator()(const spec::Mlock& c) const { return lock(c.addr, c.length); }

Why Rules::operator()(const spec::Mlock2& c) const {
  if (errno_ == Errno::kEINVAL && (c.flags & 0xffffffff & ~spec::kMlockOnfault) != 0) {
    return "a flag is not known (mlock2)";
  }
  return lock(c.addr, c.length);
}

Why Rules::operator()(const spec::Munlock& c) const { return lock(c.addr, c.length); }

Why Rules::operator()(const spec::Mlockall& c) const {
  if (errno_ != Errno::kEINVAL) return {};
  return c.flags == spec::kMclOnfault ? "MCL_ONFAULT stands with another flag only (mlockall)"
                                      : "no flag, or one that is not known (mlockall)";
}

Why Rules::operator()(const spec::Mseal& c) const {
  const Range range{c.addr, c.addr + spec::page_up(c.length)};
  if (errno_ == Errno::kENOSYS) {
    return fmt::format("there is no such call (mseal={})", spec::name(r_.profile.mseal));
  }
  if (errno_ == Errno::kENOMEM) return hole(range, "range_contains_unmapped");
  if (errno_ != Errno::kEINVAL) return {};
  if (c.flags != 0) return "no flag is defined (do_mseal)";
  if (!spec::is_page_aligned(c.addr)) return unaligned("do_mseal");
  if (range.end < c.addr || (c.length != 0 && spec::page_up(c.length) == 0)) {
    return "the range wraps (do_mseal)";
  }
  return split_huge_page(range);
}

Why Rules::operator()(const spec::Mbind& c) const {
  const Range range{c.addr, c.addr + spec::page_up(c.length)};
  if (errno_ == Errno::kENOSYS) return "the kernel has no NUMA";
  if (errno_ == Errno::kEPERM) return "MPOL_MF_MOVE_ALL needs CAP_SYS_NICE (do_mbind)";
  if (errno_ == Errno::kEFAULT) {
    if (c.mode == spec::kMpolDefault) return "nothing is mapped there (queue_pages_range)";
    return hole(range, "queue_pages_test_walk");
  }
  if (errno_ != Errno::kEINVAL) return {};
  if (!spec::is_page_aligned(c.addr)) return unaligned("do_mbind");
  if (range.end < range.start) return "the range wraps (do_mbind)";
  return policy(c.mode, c.nodes);
}

Why Rules::operator()(const spec::SetMempolicy& c) const {
  if (errno_ == Errno::kENOSYS) return "the kernel has no NUMA";
  return errno_ == Errno::kEINVAL ? policy(c.mode, c.nodes) : Why{};
}

Why Rules::operator()(const spec::SetVmaName& c) const {
  const Range range{c.addr, c.addr + spec::page_up(c.length)};
  switch (errno_) {
    case Errno::kEFAULT:
      return "the name cannot be read (strndup_user)";
    case Errno::kEINVAL:
      if (!r_.setup.vma_names) return "the kernel has no CONFIG_ANON_VMA_NAME";
      if (c.name.text().size() > spec::kVmaNameLengthMax) {
        return fmt::format("a name has at most {} bytes (strndup_user)", spec::kVmaNameLengthMax);
      }
      if (!spec::is_page_aligned(c.addr)) return unaligned("madvise_set_anon_name");
      if (range.end < range.start || (c.length != 0 && range.size() == 0)) {
        return "the range wraps (madvise_set_anon_name)";
      }
      return "a name is of printable characters without \\, `, $, [ and ] (is_valid_name_char)";
    case Errno::kEBADF:
      return first_that(
          range,
          [this](const Vma& vma) -> Why {
            const bool is_shmem =
                vma.file.cls == FileClass::kAnonShared || vma.file.cls == FileClass::kMemfd;
            const bool is_named_too =
                is_shmem && r_.profile.shared_names == spec::SharedNames::kTaken;
            return vma.file.is_none() || is_named_too ? "" : "is not anonymous";
          },
          "madvise_vma_behavior");
    case Errno::kENOMEM:
      return hole(range, "madvise_walk_vmas");
    default:
      return {};
  }
}

Why Rules::write_or_execute(std::uint64_t prot) const {
  if ((prot & spec::kProtExec) == 0) return {};
  for (std::size_t i = 0; i < r_.earlier.size(); ++i) {
    const auto* call = std::get_if<spec::Prctl>(&r_.earlier[i].call);
    if (call == nullptr || call->option != spec::kPrSetMdwe || call->arg2 == 0) continue;
    return fmt::format("call {} has turned MDWE on: {} (map_deny_write_exec)", i + 1,
                       (prot & spec::kProtWrite) != 0
                           ? "nothing is both writable and executable"
                           : "nothing that is mapped becomes executable");
  }
  return {};
}

Why Rules::no_key(std::int32_t pkey) const {
  if (!r_.setup.protection_keys) {
    return "the machine has no protection keys (mm_pkey_is_allocated)";
  }
  return fmt::format("the key {} was not given by pkey_alloc (mm_pkey_is_allocated)", pkey);
}

Why Rules::protect(Address addr, Address length, std::uint64_t prot) const {
  const Range range{addr, addr + spec::page_up(length)};
  const auto grows = prot & (spec::kProtGrowsdown | spec::kProtGrowsup);
  switch (errno_) {
    case Errno::kEINVAL:
      if (!spec::is_page_aligned(addr)) return unaligned("do_mprotect_pkey");
      if (grows == (spec::kProtGrowsdown | spec::kProtGrowsup)) {
        return "it cannot grow both ways (do_mprotect_pkey)";
      }
      if ((prot &
           ~(spec::kProtRead | spec::kProtWrite | spec::kProtExec | spec::kProtSem | grows)) != 0) {
        return "a protection is not known (arch_validate_prot)";
      }
      if (grows != 0) return "the memory does not grow that way (do_mprotect_pkey)";
      return split_huge_page(range);
    case Errno::kENOMEM:
      if (range.end <= range.start) return "the range wraps (do_mprotect_pkey)";
      return hole(range, "do_mprotect_pkey");
    case Errno::kEACCES: {
      spec::VmFlags asked = 0;
      if ((prot & spec::kProtRead) != 0) asked |= spec::kVmMayread;
      if ((prot & spec::kProtWrite) != 0) asked |= spec::kVmMaywrite;
      if ((prot & spec::kProtExec) != 0) asked |= spec::kVmMayexec;
      auto why = first_that(
          range,
          [asked](const Vma& vma) -> Why {
            const auto lacks = asked & ~vma.flags;
            return lacks == 0 ? "" : fmt::format("has not {}", flag_names(lacks));
          },
          "do_mprotect_pkey");
      return why.empty() ? write_or_execute(prot) : why;
    }
    case Errno::kEPERM:
      return sealed(range);
    default:
      return {};
  }
}

Why Rules::lock(Address addr, Address length) const {
  const Address start = spec::page_down(addr);
  const Range range{start, start + spec::page_up(length + addr % spec::kPageSize)};
  if (errno_ == Errno::kEINVAL && range.end < start)
    return "the range wraps (apply_vma_lock_flags)";
  if (errno_ == Errno::kEINVAL) return split_huge_page(range);
  if (errno_ == Errno::kEPERM) return "RLIMIT_MEMLOCK is 0 (can_do_mlock)";
  if (errno_ != Errno::kENOMEM) return {};
  if (auto why = hole(range, "apply_vma_lock_flags"); !why.empty()) return why;
  // What is populated must be there to be had.
  if (auto why = first_that(
          range, [&](const Vma& vma) { return bus_error(vma, range); }, "__mm_populate");
      !why.empty()) {
    return why;
  }
  auto why = first_that(
      range,
      [](const Vma& vma) -> Why {
        return (vma.flags & spec::kVmAccessFlags) == 0
                   ? "cannot be accessed, so that no page can be had"
                   : "";
      },
      "__mm_populate");
  return why.empty() ? guard(range) : why;
}

Why Rules::policy(std::uint16_t mode, std::uint64_t nodes) const {
  if (mode == spec::kMpolDefault && nodes != 0) return "MPOL_DEFAULT takes no nodes (mpol_new)";
  if (mode == spec::kMpolLocal && nodes != 0) return "MPOL_LOCAL takes no nodes (mpol_new)";
  if ((nodes & r_.setup.nodes) == 0) {
    return fmt::format(
        "of the nodes {:#x} none can be used here: {:#x} (mpol_set_nodemask), or "
        "mode and flags do not go together (sanitize_mpol_flags)",
        nodes, r_.setup.nodes);
  }
  return "mode and flags do not go together (sanitize_mpol_flags)";
}

}  // namespace vmadiff::explain
