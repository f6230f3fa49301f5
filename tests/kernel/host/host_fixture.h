// tests of kernel: a started host to run trace text on, skipped where this machine has none.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/host/host.h"
#include "spec/setup.h"
#include "spec/trace_text.h"

namespace vmadiff::kernel {

class HostTest : public ::testing::Test {
 protected:
  void SetUp() override {
    capabilities_ = probe_host();
    if (!capabilities_.can_run) GTEST_SKIP() << capabilities_.why_not;
    if (!capabilities_.unmodelled.empty()) GTEST_SKIP() << capabilities_.unmodelled;
    auto setup = read_setup();
    ASSERT_TRUE(setup) << setup.error().message;
    setup_ = *setup;
    auto host = make_host();
    ASSERT_TRUE(host) << host.error().message;
    host_ = std::move(*host);
    start();
  }

  void start() {
    const auto started = host_->start(setup_);
    ASSERT_TRUE(started) << started.error().message;
  }

  /// Runs a trace as one sequence. Gives the results as trace text writes them, a line each.
  std::string run(std::string_view trace_text) {
    const auto parsed = spec::parse_trace(trace_text);
    for (const auto& error : parsed.errors) ADD_FAILURE() << text("trace", error);
    std::vector<spec::Outcome> outcomes;
    host_->apply_all(parsed.trace.sequence, outcomes);
    EXPECT_EQ(outcomes.size(), parsed.trace.sequence.size());
    std::string results;
    for (const auto& outcome : outcomes) results += text(outcome) + "\n";
    return results;
  }

  spec::Snapshot snapshot(spec::ProcessId process = 0) {
    spec::Snapshot now;
    const auto read = host_->snapshot(process, now);
    EXPECT_TRUE(read) << read.error().message;
    return now;
  }

  /// The VMAs that are not the agent's own, a line each.
  std::string layout(spec::ProcessId process = 0) {
    std::string lines;
    for (const auto& vma : snapshot(process).vmas) {
      if (vma.file.cls != spec::FileClass::kOther) lines += text(vma) + "\n";
    }
    return lines;
  }

  HostCapabilities capabilities_;
  spec::Setup setup_;
  std::unique_ptr<spec::System> host_;
};

}  // namespace vmadiff::kernel
