// What the rooms include from the standard library, fmt and spec, read once (cmake/rooms.cmake).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "spec/flags.h"
#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"
#include "spec/system.h"
#include "spec/trace_names.h"
#include "spec/trace_text.h"
