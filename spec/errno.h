// spec: the errnos that memory calls give, and the two signals that a touch can end in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vmadiff::spec {

/// Values are Linux's own (x86-64). The signals are not errnos: a `touch` is a memory access, and
/// they stand for the signal it would raise; their values are outside the errno range.
enum class Errno : std::uint16_t {
  kEPERM = 1,
  kENOENT = 2,
  kESRCH = 3,
  kEINTR = 4,
  kEIO = 5,
  kENXIO = 6,
  kE2BIG = 7,
  kEBADF = 9,
  kEAGAIN = 11,
  kENOMEM = 12,
  kEACCES = 13,
  kEFAULT = 14,
  kEBUSY = 16,
  kEEXIST = 17,
  kENODEV = 19,
  kEINVAL = 22,
  kENFILE = 23,
  kEMFILE = 24,
  kETXTBSY = 26,
  kEFBIG = 27,
  kENOSPC = 28,
  kENOSYS = 38,
  kEOVERFLOW = 75,
  kEOPNOTSUPP = 95,
  kEHWPOISON = 133,
  kSIGBUS = 4095 + 7,
  kSIGSEGV = 4095 + 11,
};

/// "ENOMEM", "SIGBUS", …; empty for a value that is none of the above.
[[nodiscard]] std::string_view name(Errno e);
[[nodiscard]] std::optional<Errno> errno_from_name(std::string_view name);

}  // namespace vmadiff::spec
