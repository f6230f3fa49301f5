// tests of kernel: bytes between two machines.
#include "kernel/machine/wire.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "kernel/host/program.h"
#include "kernel/machine/messages.h"

namespace vmadiff::kernel {
namespace {

TEST(Wire, NumbersComeBackWhateverTheirSize) {
  constexpr std::array<std::uint64_t, 7> kNumbers{
      0, 1, 127, 128, 0xffff, 1ULL << 40, ~std::uint64_t{0}};
  Writer writer;
  for (const auto number : kNumbers) writer.number(number);
  writer.text("a text");
  const auto bytes = writer.take();
  Reader reader{bytes};
  for (const auto number : kNumbers) EXPECT_EQ(reader.number(), number);
  EXPECT_EQ(reader.text(), "a text");
  EXPECT_TRUE(reader.is_good());
  EXPECT_EQ(reader.number(), 0U) << "nothing is left";
  EXPECT_FALSE(reader.is_good());
}

TEST(Wire, ATextThatSaysItIsLongerThanTheMessageIsRefused) {
  Writer writer;
  writer.number(1'000'000);
  const auto bytes = writer.take();
  Reader reader{bytes};
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.is_good());
}

TEST(Wire, MessagesArePutTogetherFromAnyPieces) {
  const auto bytes =
      "SeaBIOS says hello\r\n" + framed(3, "first") + framed(4, std::string(300, 'x'));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    MessageStream stream;
    std::vector<Message> messages;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      stream.add(std::string_view{bytes}.substr(at, piece));
      while (auto message = stream.next()) messages.push_back(*std::move(message));
    }
    ASSERT_EQ(messages.size(), 2U) << "in pieces of " << piece;
    EXPECT_EQ(messages[0].kind, 3);
    EXPECT_EQ(messages[0].body, "first");
    EXPECT_EQ(messages[1].kind, 4);
    EXPECT_EQ(messages[1].body.size(), 300U);
  }
}

Answer some_answer() {
  Answer answer{.run = {.done = 2, .died = true, .how_died = "killed", .setback = "no more memory"},
                .results = {7, ~0ULL},
                .seen = {}};
  auto& [process, snapshot] = answer.seen.emplace_back();
  process = 3;
  snapshot.vmas.push_back({.start = 0x1000,
                           .end = 0x7ffffffff000,
                           .flags = spec::kVmRead | spec::kVmMergeable,
                           .pgoff = 9,
                           .file = {spec::FileClass::kMemfd, 2}});
  snapshot.counters = {1, 2, 3, 4, 5, 6};
  snapshot.brk = 0x20020000;
  snapshot.merge_any = true;
  snapshot.huge_pages = {7, 8, 9};
  answer.left = {.committed = -7, .huge_pages = spec::HugePages{1, 2, 3}};
  return answer;
}

TEST(Messages, AnAnswerComesBack) {
  std::vector<Answer> answers;
  ASSERT_TRUE(read(body_of(std::vector{some_answer()}), answers));
  ASSERT_EQ(answers.size(), 1U);
  const Answer wanted = some_answer();
  EXPECT_EQ(answers[0].run, wanted.run);
  EXPECT_EQ(answers[0].results, wanted.results);
  EXPECT_EQ(answers[0].left.committed, -7);
  EXPECT_EQ(answers[0].left.huge_pages, (spec::HugePages{1, 2, 3}));
  ASSERT_EQ(answers[0].seen.size(), 1U);
  const auto& [process, snapshot] = answers[0].seen[0];
  EXPECT_EQ(process, 3);
  EXPECT_EQ(snapshot.vmas, wanted.seen[0].second.vmas);
  EXPECT_EQ(snapshot.counters, wanted.seen[0].second.counters);
  EXPECT_EQ(snapshot.brk, 0x20020000U);
  EXPECT_TRUE(snapshot.merge_any);
  EXPECT_EQ(snapshot.huge_pages, (spec::HugePages{7, 8, 9}));
}

TEST(Messages, ARequestComesBack) {
  const Program program{
      .records = {system_call(9, 1, 0, 3, 0, 0, 6), in_process(5, system_call(11))},
      .distrusted = true,
      .max_map_count = 70,
      .nr_hugepages = 3,
      .nr_overcommit_hugepages = 1};
  std::vector<Request> requests;
  ASSERT_TRUE(
      read(body_of(std::vector<Request>{{true, program, true}, {false, {}, false}}), requests));
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[0].begins);
  EXPECT_EQ(requests[0].program, program);
  EXPECT_TRUE(requests[0].ends);
  EXPECT_FALSE(requests[1].begins);
  EXPECT_FALSE(requests[1].ends);
  EXPECT_TRUE(requests[1].program.records.empty());
}

TEST(Messages, WhatIsLeftComesBackWhetherItIsKnownOrNot) {
  for (const std::optional<std::int64_t> given :
       {std::optional<std::int64_t>{}, std::optional<std::int64_t>{0},
        std::optional<std::int64_t>{-2}}) {
    Left left{.committed = 5, .huge_pages = spec::HugePages{}};
    ASSERT_TRUE(read(body_of(Left{.committed = given, .huge_pages = {}}), left));
    EXPECT_EQ(left.committed, given);
    EXPECT_FALSE(left.huge_pages);
    EXPECT_FALSE(read(body_of(Left{.committed = given, .huge_pages = {}}).substr(1), left));
  }
}

TEST(Messages, AnIntroductionComesBack) {
  Introduction given;
  given.capabilities.can_run = true;
  given.capabilities.unmodelled = "why";
  given.capabilities.file_classes = {spec::FileClass::kZero};
  given.capabilities.file_counts[2] = 4;
  given.capabilities.file_notes = {"one", "two"};
  given.setup = spec::Setup::standard();
  given.setup.overcommit_pages = 77;
  Introduction back;
  ASSERT_TRUE(read(body_of(given), back));
  EXPECT_TRUE(back.capabilities.can_run);
  EXPECT_EQ(back.capabilities.unmodelled, "why");
  EXPECT_EQ(back.capabilities.file_classes, given.capabilities.file_classes);
  EXPECT_EQ(back.capabilities.file_counts, given.capabilities.file_counts);
  EXPECT_EQ(back.capabilities.file_notes, given.capabilities.file_notes);
  EXPECT_EQ(back.setup.initial.vmas, given.setup.initial.vmas);
  EXPECT_EQ(back.setup.overcommit_pages, 77U);
  EXPECT_EQ(back.setup.limits.memlock, given.setup.limits.memlock);
  EXPECT_EQ(body_of(back), body_of(given));
}

TEST(Messages, AnythingCutShortIsRefused) {
  const auto whole = body_of(std::vector{some_answer()});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::vector<Answer> answers;
    EXPECT_FALSE(read(std::string_view{whole}.substr(0, size), answers)) << size << " bytes";
  }
}

}  // namespace
}  // namespace vmadiff::kernel
