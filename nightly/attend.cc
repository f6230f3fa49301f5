// nightly: attending to children.
#include "nightly/attend.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "process/child.h"
#include "process/interrupt.h"
#include "process/output.h"
#include "reports/quoting.h"

namespace vmadiff::nightly {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTick{200};
/// How often the journal says how much time was spent: as much is lost where the night is killed.
constexpr milliseconds kBeat{2'000};
constexpr milliseconds kLookAtDisk{5'000};
/// Of what the whole state may take, what one stage may before it is ended.
constexpr std::uint64_t kPartOfDisk = 4;

}  // namespace

bool Ended::has_exited() const { return WIFEXITED(wait_status); }

int Ended::status() const {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

std::string Ended::how() const { return process::how_it_ended(wait_status); }

std::expected<Ended, spec::ToolFault> attend(Context& context, StageRecord& record,
                                             const process::Program& program,
                                             const Limits& limits) {
  auto running = process::RunningProgram::start(program);
  if (!running) return std::unexpected(running.error());
  const auto place = context.journal.places.stage(record.name);
  const auto begun = steady_clock::now();
  auto last = begun;
  auto beat = begun;
  auto disk = begun;
  std::optional<steady_clock::time_point> asked;
  Cut cut = Cut::kNot;
  std::optional<int> status;
  while (!status) {
    status = running->look(kTick);
    const auto now = steady_clock::now();
    record.spent += std::chrono::duration_cast<milliseconds>(now - last);
    last = now;
    if (context.listener.on_tick) context.listener.on_tick(context.journal, record);
    process::watch_output();
    if (now - beat >= kBeat) {
      beat = now;
      if (auto saved = context.journal.save(); !saved) return std::unexpected(saved.error());
    }
    if (status) break;
    const bool is_late = limits.time && now - begun >= *limits.time;
    if ((is_late || process::is_interrupted()) && !asked) {
      asked = now;
      if (process::is_interrupted()) cut = Cut::kByInterrupt;
      running->ask_to_end();
    }
    if (asked && now - *asked >= limits.grace) {
      if (cut == Cut::kNot) cut = Cut::kByTime;
      running->kill();
    }
    if (now - disk >= kLookAtDisk) {
      disk = now;
      if (limits.is_enough && limits.is_enough()) {
        cut = Cut::kByEnough;
        running->kill();
      } else if (size_of(place) > context.options.bytes_max / kPartOfDisk) {
        cut = Cut::kByDisk;
        running->kill();
      }
    }
  }
  // One that was asked to end before it could say what it has.
  const bool by_asking = WIFSIGNALED(*status) && WTERMSIG(*status) == SIGINT;
  if (asked && cut == Cut::kNot && by_asking) cut = Cut::kByTime;
  return Ended{*status, cut};
}

std::string last_words(const std::filesystem::path& err) {
  auto text = text_of(err);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto said = text.rfind("vmadiff: ");
  const auto line = said != std::string::npos && (said == 0 || text[said - 1] == '\n')
                        ? text.substr(said + std::string_view{"vmadiff: "}.size())
                        : text.substr(text.rfind('\n') + 1);
  return reports::printable_line(line.substr(0, line.find('\n')));
}

}  // namespace vmadiff::nightly
