// fuzz: sequences as bytes and back (the format is described in the header).
#include "fuzz/codec.h"

#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "fuzz/codec_fields.h"
#include "spec/trace_text.h"

namespace vmadiff::fuzz {
namespace {

/// From this byte on, a process and not yet the call.
constexpr std::uint8_t kProcessTag = 0xf0;
constexpr std::uint8_t kProcessCount = 16;

template <typename Call>
spec::Syscall read_call(FieldReader& in) {
  Call call;
  call.fields(call, in);
  return call;
}

/// One reader per alternative of spec::Syscall, in its order.
template <typename Variant>
struct Readers;
template <typename... Calls>
struct Readers<std::variant<Calls...>> {
  static constexpr std::array<spec::Syscall (*)(FieldReader&), sizeof...(Calls)> kRows{
      &read_call<Calls>...};
};

Input decode_binary(std::span<const std::uint8_t> bytes) {
  constexpr const auto& kRows = Readers<spec::Syscall>::kRows;
  Input input;
  ByteReader in{bytes.subspan(1)};
  input.profile = in.u8() % spec::profiles().size();
  FieldReader arguments{in};
  while (!in.at_end() && input.sequence.size() < kStepsMax) {
    spec::Step step;
    std::uint8_t tag = in.u8();
    if (tag >= kProcessTag) {
      step.process = tag - kProcessTag;
      tag = in.u8();
    }
    step.call = kRows[tag % kRows.size()](arguments);
    if (in.ran_out()) break;
    if (!spec::unmodelled_reason(step.call)) input.sequence.push_back(step);
  }
  return input;
}

std::size_t profile_index(std::string_view name) {
  const auto profiles = spec::profiles();
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    if (profiles[i].name == name) return i;
  }
  return profiles.size();
}

/// The profile that a `# profile: NAME` line asks for, without its differences; the last counts.
std::size_t profile_of(const spec::Trace& trace) {
  constexpr std::string_view kDirective = "# profile:";
  std::size_t chosen = profile_index(spec::kDefaultProfileName);
  for (const auto& lines : trace.comments) {
    for (std::string_view line : lines) {
      if (!line.starts_with(kDirective)) continue;
      line.remove_prefix(kDirective.size());
      const auto first = line.find_first_not_of(" \t");
      if (first == std::string_view::npos) continue;
      line.remove_prefix(first);
      const auto name = line.substr(0, line.find_first_of(" \t\r,"));
      if (const auto index = profile_index(name); index < spec::profiles().size()) chosen = index;
    }
  }
  return chosen;
}

Input decode_text(std::span<const std::uint8_t> bytes) {
  spec::Trace trace =
      spec::parse_trace({reinterpret_cast<const char*>(bytes.data()), bytes.size()}).trace;
  Input input{.profile = profile_of(trace), .sequence = std::move(trace.sequence)};
  if (input.sequence.size() > kStepsMax) input.sequence.resize(kStepsMax);
  for (spec::Step& step : input.sequence) step.expected.reset();
  return input;
}

}  // namespace

Input decode(std::span<const std::uint8_t> bytes) {
  const bool binary = !bytes.empty() && bytes.front() == kCodecVersion;
  return binary ? decode_binary(bytes) : decode_text(bytes);
}

std::vector<std::uint8_t> encode(const Input& input, std::size_t size_max) {
  std::vector<std::uint8_t> bytes{kCodecVersion, static_cast<std::uint8_t>(input.profile)};
  ByteWriter out{bytes};
  FieldWriter arguments{out};
  for (std::size_t i = 0; i < input.sequence.size() && i < kStepsMax; ++i) {
    const std::size_t before = bytes.size();
    const auto& [process, call, expected] = input.sequence[i];
    if (process != 0) out.u8(kProcessTag + process % kProcessCount);
    out.u8(call.index());
    visit_fields(call, arguments);
    if (bytes.size() <= size_max) continue;
    bytes.resize(before);
    break;
  }
  if (bytes.size() > size_max) bytes.resize(size_max);
  return bytes;
}

}  // namespace vmadiff::fuzz
