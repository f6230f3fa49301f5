// bench: how fast? This file: measurements as a table of medians and ratios.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vmadiff::bench {

class Table {
 public:
  explicit Table(std::vector<std::string> peers) : peers_(std::move(peers)) {}

  void add(const std::string& workload, std::size_t count, const std::string& peer, double ns);
  void add_bytes(std::size_t count, const std::string& peer, double bytes);

  /// Nanoseconds of each peer with how many times those of the first it needs; the geometric means
  /// of these.
  [[nodiscard]] std::string text() const;

 private:
  struct Row {
    std::string workload;
    std::size_t count;
    std::map<std::string, std::vector<double>> ns;
  };
  std::vector<std::string> peers_;
  std::vector<Row> rows_;
  std::map<std::pair<std::size_t, std::string>, double> bytes_;
};

}  // namespace vmadiff::bench
