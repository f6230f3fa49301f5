// spec: names of errnos and signals; the table is the only place that knows them.
#include "spec/errno.h"

#include <array>
#include <utility>

namespace vmadiff::spec {
namespace {

constexpr std::array kErrnoNames{
    std::pair{Errno::kEPERM, "EPERM"},
    std::pair{Errno::kESRCH, "ESRCH"},
    std::pair{Errno::kENOENT, "ENOENT"},
    std::pair{Errno::kEINTR, "EINTR"},
    std::pair{Errno::kEIO, "EIO"},
    std::pair{Errno::kENXIO, "ENXIO"},
    std::pair{Errno::kE2BIG, "E2BIG"},
    std::pair{Errno::kEBADF, "EBADF"},
    std::pair{Errno::kEAGAIN, "EAGAIN"},
    std::pair{Errno::kENOMEM, "ENOMEM"},
    std::pair{Errno::kEACCES, "EACCES"},
    std::pair{Errno::kEFAULT, "EFAULT"},
    std::pair{Errno::kEBUSY, "EBUSY"},
    std::pair{Errno::kEEXIST, "EEXIST"},
    std::pair{Errno::kENODEV, "ENODEV"},
    std::pair{Errno::kEINVAL, "EINVAL"},
    std::pair{Errno::kENFILE, "ENFILE"},
    std::pair{Errno::kEMFILE, "EMFILE"},
    std::pair{Errno::kETXTBSY, "ETXTBSY"},
    std::pair{Errno::kENOSPC, "ENOSPC"},
    std::pair{Errno::kENOSYS, "ENOSYS"},
    std::pair{Errno::kEOVERFLOW, "EOVERFLOW"},
    std::pair{Errno::kEOPNOTSUPP, "EOPNOTSUPP"},
    std::pair{Errno::kEHWPOISON, "EHWPOISON"},
    std::pair{Errno::kEFBIG, "EFBIG"},
    std::pair{Errno::kSIGBUS, "SIGBUS"},
    std::pair{Errno::kSIGSEGV, "SIGSEGV"},
};

}  // namespace

std::string_view name(Errno e) {
  for (const auto& [value, text] : kErrnoNames) {
    if (value == e) return text;
  }
  return {};
}

std::optional<Errno> errno_from_name(std::string_view wanted) {
  for (const auto& [value, text] : kErrnoNames) {
    if (wanted == text) return value;
  }
  return std::nullopt;
}

}  // namespace vmadiff::spec
