// bench: how fast? This file: writes the table.
#include "bench/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace vmadiff::bench {
namespace {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string number(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 1 : 0); }

}  // namespace

void Table::add(const std::string& workload, std::size_t count, const std::string& peer,
                double ns) {
  auto row = std::ranges::find_if(
      rows_, [&](const Row& r) { return r.workload == workload && r.count == count; });
  if (row == rows_.end()) row = rows_.insert(row, {workload, count, {}});
  row->ns[peer].push_back(ns);
}

void Table::add_bytes(std::size_t count, const std::string& peer, double bytes) {
  bytes_[{count, peer}] = bytes;
}

std::string Table::text() const {
  std::string out = fmt::format("{:<24}{:>8}", "ns (times ours)", "N");
  for (const auto& peer : peers_) out += fmt::format("{:>18}", peer);
  out += '\n';
  std::map<std::string, std::vector<double>> logarithms;
  auto rows = rows_;
  std::ranges::sort(rows, {}, [](const Row& r) { return std::pair{r.workload, r.count}; });
  for (const Row& row : rows) {
    out += fmt::format("{:<24}{:>8}", row.workload, row.count);
    const auto first = row.ns.find(peers_.front());
    for (const auto& peer : peers_) {
      const auto at = row.ns.find(peer);
      std::string cell = "-";
      if (at != row.ns.end()) {
        const double ns = median(at->second);
        cell = number(ns);
        if (at != first && first != row.ns.end()) {
          const double ratio = ns / median(first->second);
          logarithms[peer].push_back(std::log(ratio));
          cell += fmt::format(" ({:.2f})", ratio);
        }
      }
      out += fmt::format("{:>18}", cell);
    }
    out += '\n';
  }
  out += fmt::format("{:<32}", "geometric mean of the ratios");
  for (const auto& peer : peers_) {
    const auto at = logarithms.find(peer);
    if (at == logarithms.end()) {
      out += fmt::format("{:>18}", "");
      continue;
    }
    double sum = 0;
    for (const double logarithm : at->second) sum += logarithm;
    out += fmt::format(
        "{:>18}", fmt::format("({:.2f})", std::exp(sum / static_cast<double>(at->second.size()))));
  }
  out += '\n';
  for (const auto& [key, bytes] : bytes_) {
    out += fmt::format("bytes a range, N = {}, {}: {:.1f}\n", key.first, key.second, bytes);
  }
  return out;
}

}  // namespace vmadiff::bench
