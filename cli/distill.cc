// cli: the distill command.
#include "cli/distill.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <ranges>
#include <system_error>

#include "campaign/crew.h"
#include "cli/choices.h"
#include "cli/trace_file.h"
#include "fuzz/decode.h"
#include "process/budget.h"
#include "process/interrupt.h"
#include "properties/coverage/met.h"
#include "properties/generate/generator.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "reports/trace.h"
#include "spec/trace_text.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

namespace fs = std::filesystem;

/// A fuzzer's input is small; what is larger is something else that lies there.
constexpr std::size_t kInputBytesMax = std::size_t{1} << 20U;
/// Things that only it meets are named in a trace, but not by the hundred.
constexpr std::size_t kNamedMax = 6;
constexpr std::size_t kNoteColumns = 96;

/// The model of one profile, and what it meets.
class DistillBench {
 public:
  static std::expected<DistillBench, process::Refusal> make(const spec::KernelProfile& profile) {
    const std::vector<std::string> model{std::string{systems::kModel}};
    auto crew = campaign::Crew::make(model, profile);
    const auto setup = systems::setup_for(model);
    if (!crew || !setup) return process::lacks(crew ? setup.error().message : crew.error().message);
    return DistillBench{*std::move(crew), profile, *setup};
  }

  /// Nothing where the sequence cannot be run.
  std::optional<std::vector<std::uint32_t>> met_by(const spec::Sequence& sequence) {
    *coverage_ = {};
    if (!checker_->check(sequence, properties::Observation::kEveryStep)) return std::nullopt;
    return properties::met_by(*coverage_);
  }

  [[nodiscard]] const spec::Setup& setup() const { return setup_; }

 private:
  DistillBench(campaign::Crew crew, const spec::KernelProfile& profile, const spec::Setup& setup)
      : crew_(std::move(crew)),
        coverage_(std::make_unique<properties::Coverage>()),
        setup_(setup),
        // Any claim will do: it is what is met that counts.
        checker_(new properties::Checker{campaign::make_checker(
            crew_.systems(), profile, setup,
            properties::PropertySet::parse("VmasAreSortedAndDisjoint").value(), coverage_.get())}) {
  }

  campaign::Crew crew_;
  std::unique_ptr<properties::Coverage> coverage_;
  spec::Setup setup_;
  std::unique_ptr<properties::Checker> checker_;
};

std::expected<std::vector<fs::path>, process::Refusal> files_of(
    const std::vector<std::string>& from) {
  std::vector<fs::path> out;
  for (const std::string& path : from) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (!fs::exists(path, error))
        return process::bad_input(
            fmt::format("{}: there is no such file or directory", reports::printable_line(path)));
      out.emplace_back(path);
      continue;
    }
    for (fs::recursive_directory_iterator at{path, error}, end; !error && at != end;
         at.increment(error)) {
      if (at->is_regular_file(error)) out.push_back(at->path());
    }
  }
  std::ranges::sort(out);
  return out;
}

/// A trace needs no more than its calls; limits and profiles of its own are for other uses.
std::expected<std::uint64_t, process::Refusal> offer_files(const DistillOptions& options,
                                                           DistillBench& bench,
                                                           properties::Distillation& into) {
  const auto files = files_of(options.from);
  if (!files) return std::unexpected(files.error());
  std::uint64_t count = 0;
  for (const auto& file : *files) {
    const auto text = read_bytes(file.string(), "a trace or a fuzzer's input", kInputBytesMax);
    if (!text) continue;
    const std::vector<std::uint8_t> bytes(text->begin(), text->end());
    const auto input = fuzz::runnable(fuzz::decode(bytes));
    if (input.sequence.empty()) continue;
    if (const auto met = bench.met_by(input.sequence)) into.offer(input.sequence, *met);
    ++count;
    if (process::is_interrupted()) break;
  }
  return count;
}

/// Generates as long as the budget lasts.
std::uint64_t offer_generated(const process::Budget& budget, std::uint64_t seed,
                              DistillBench& bench, properties::Distillation& into) {
  properties::GeneratorOptions generator;
  generator.setup = bench.setup();
  const auto begun = std::chrono::steady_clock::now();
  std::uint64_t operations = 0;
  std::uint64_t count = 0;
  const auto is_over = [&] {
    if (process::is_interrupted()) return true;
    if (budget.operations) return operations >= *budget.operations;
    return std::chrono::steady_clock::now() - begun >= *budget.time;
  };
  spec::Sequence sequence;
  for (; !is_over(); ++count) {
    properties::generate(properties::sequence_seed(seed, count), generator, sequence);
    operations += sequence.size();
    fuzz::Input input{.profile = 0, .sequence = sequence};
    input = fuzz::runnable(std::move(input));
    if (const auto met = bench.met_by(input.sequence)) into.offer(input.sequence, *met);
  }
  return count;
}

std::string trace_of(const properties::Distillation::Kept& kept) {
  spec::Trace trace;
  trace.sequence = kept.sequence;
  for (spec::Step& step : trace.sequence) step.expected.reset();
  trace.comments.assign(trace.sequence.size() + 1, {});
  std::vector<std::string> names;
  for (const std::uint32_t met : kept.alone | std::views::take(kNamedMax))
    names.push_back(properties::met_text(met));
  auto words = fmt::format("kept for: {}", fmt::join(names, " / "));
  if (kept.alone.size() > kNamedMax)
    words += fmt::format(" / {} more", kept.alone.size() - kNamedMax);
  for (const auto& line : reports::wrapped(words, kNoteColumns))
    trace.comments.front().push_back("# " + line);
  return spec::print_trace(trace);
}

/// A name by the calls alone, so that a trace that is kept again keeps its name.
std::string name_of(const spec::Sequence& sequence) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  for (const char c : spec::print_trace(sequence))
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}.trace", hash);
}

}  // namespace

process::ExitStatus distill(const DistillOptions& options) {
  const auto profile = choose_profile(options.profile);
  if (!profile) return process::refuse(profile.error());
  const auto budget = process::choose_budget(options.time, options.operations, std::nullopt);
  if (!budget) return process::refuse(budget.error());
  if (const auto probed = process::probe_out(options.out); !probed)
    return process::refuse(probed.error());
  auto bench = DistillBench::make(*profile);
  if (!bench) return process::refuse(bench.error());
  process::watch_for_interrupts();
  properties::Distillation distillation;
  const auto offered = offer_files(options, *bench, distillation);
  if (!offered) return process::refuse(offered.error());
  std::uint64_t generated = 0;
  if (options.operations || !options.time.empty())
    generated = offer_generated(*budget, options.seed ? *options.seed : process::random_seed(),
                                *bench, distillation);
  const auto kept = distillation.result();
  std::error_code error;
  fs::create_directories(options.out, error);
  for (const auto& one : kept) {
    auto plain = one.sequence;
    for (spec::Step& step : plain) step.expected.reset();
    const auto written =
        reports::write_atomically(fs::path{options.out} / name_of(plain), trace_of(one));
    if (!written) return process::refuse_input(written.error().message);
  }
  fmt::print("{} traces, of {} that were there and {} that were generated, meet all {} things\n",
             kept.size(), *offered, generated, distillation.met());
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
