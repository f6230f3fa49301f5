// End-to-end tests of pages: show and check --html write them, and a browser shows in them what the
// systems gave. The browser is Debian's chromium, without a window; where it is not, what needs it
// is skipped.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSplit =
    "# a hole in the middle\n"
    "mmap(0x100000000000, 0x4000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"
    " = 0x100000000000\n"
    "# now the hole\n"
    "munmap(0x100000001000, 0x1000) = 0\n"
    "mmap(0x300000000000, 0x40000000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = "
    "0x300000000000\n"
    "mprotect(0x100000002000, 0x1000, PROT_NONE) = 0\n"
    "munmap(0x100000000000, 0x4000) = 0\n";

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++out;
  return out;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool has_browser() { return run_command({"which", "chromium"}).status == 0; }

/// What the browser makes of a page, as HTML, and what it says.
CommandResult in_browser(const Scratch& scratch, const std::string& address) {
  return run_command({"chromium", "--headless", "--no-sandbox", "--disable-gpu",
                      "--disable-dev-shm-usage", "--allow-file-access-from-files",
                      "--enable-logging=stderr",
                      "--user-data-dir=" + (scratch.path() / "browser").string(),
                      "--virtual-time-budget=20000", "--dump-dom", "file://" + address});
}

/// The page runs without an error, and asks for nothing.
void expect_sound(const CommandResult& result) {
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(has(result.out, "data-ready=\"yes\"")) << result.out.substr(0, 2000);
  EXPECT_FALSE(has(result.out, "data-errors")) << result.out;
  EXPECT_FALSE(has(result.err, "CONSOLE")) << result.err;
}

/// The list item of a call.
std::string item(const std::string& dom, std::size_t call) {
  const auto begin = dom.find("<li id=\"s1-" + std::to_string(call) + "\"");
  if (begin == std::string::npos) return {};
  return dom.substr(begin, dom.find("</li>", begin) - begin);
}

/// How many VMAs the model has after each call, as replay --verbose prints them.
std::vector<std::size_t> vmas_by_replay(const std::string& trace) {
  const auto text = run_vmadiff({"replay", trace, "--verbose", "--systems", "model"}).out;
  std::vector<std::size_t> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = std::string_view{text}.substr(at, end - at);
    if (line.starts_with("     model = ")) out.push_back(0);
    if (line.starts_with("       ") && !out.empty()) ++out.back();
    at = end + 1;
  }
  return out;
}

std::string page_of(const Scratch& scratch, std::vector<std::string> words,
                    const std::string& name = "page.html") {
  const auto page = (scratch.path() / name).string();
  words.insert(words.begin(), "show");
  words.insert(words.end(), {"--out", page, "--no-open"});
  const auto result = run_vmadiff(words);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, page + "\n");
  return page;
}

TEST(Show, WritesAPageAndSaysWhere) {
  const Scratch scratch;
  const auto trace = scratch.file("x.trace", kSplit);
  const auto page = content(page_of(scratch, {trace, "--systems", "model,impl"}));
  EXPECT_TRUE(has(page, "a hole in the middle"));
  EXPECT_TRUE(has(page, "now the hole"));
  EXPECT_TRUE(has(page, "model, impl"));
  EXPECT_EQ(count(page, "<li id=\"s1-"), 5U);
}

TEST(Show, RefusesWhatIsNoneAndStillShowsTheRest) {
  const Scratch scratch;
  EXPECT_EQ(run_vmadiff({"show", scratch.path().string()}).status, 2) << "nothing in it";
  EXPECT_EQ(run_vmadiff({"show", (scratch.path() / "none.trace").string()}).status, 2);
  const auto bad = scratch.file("bad.json", "{\"type\": \"finding\"}");
  const auto none = run_vmadiff({"show", bad, "--no-open"});
  EXPECT_EQ(none.status, 2);
  EXPECT_TRUE(has(none.err, "a finding without a 'claim'")) << none.err;
  const auto page = (scratch.path() / "page.html").string();
  const auto both = run_vmadiff({"show", bad, scratch.file("x.trace", kSplit), "--systems", "model",
                                 "--out", page, "--no-open"});
  EXPECT_EQ(both.status, 2);
  EXPECT_TRUE(has(content(page), "a hole in the middle"));
}

TEST(Show, HandsThePageToTheBrowserThatIsNamed) {
  const Scratch scratch;
  const auto trace = scratch.file("x.trace", kSplit);
  const auto browser = scratch.file("browser", "#!/bin/sh\necho \"$1\" >\"$0.asked\"\n");
  fs::permissions(browser, fs::perms::owner_all);
  const auto page = (scratch.path() / "page.html").string();
  const auto words = "BROWSER=/nowhere/none:" + browser + " " + VMADIFF_BINARY_DIR +
                     "/vmadiff show " + trace + " --systems model --out " + page;
  ASSERT_EQ(run_command({"sh", "-c", words}).status, 0);
  EXPECT_EQ(content(browser + ".asked"), page + "\n");
  fs::remove(browser + ".asked");
  ASSERT_EQ(run_command({"sh", "-c", words + " --no-open"}).status, 0);
  EXPECT_FALSE(fs::exists(browser + ".asked"));
}

TEST(Show, WithoutAnAddressItIsATemporaryFile) {
  const Scratch scratch;
  const auto trace = scratch.file("x.trace", kSplit);
  const auto result = run_command({"sh", "-c",
                                   "TMPDIR=" + scratch.path().string() + " " + VMADIFF_BINARY_DIR +
                                       "/vmadiff show " + trace + " --systems model --no-open"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with((scratch.path() / "vmadiff-").string())) << result.out;
  EXPECT_TRUE(has(content(result.out.substr(0, result.out.size() - 1)), "now the hole"));
}

const std::vector<std::string> kFinds{
    "check", "--systems", "model,impl", "--profile",      "linux-6.12", "--properties",
    "all",   "--ops",     "20000",      "--max-findings", "2",          "--seed",
    "0x1d",  "--html",    "page.html",  "--jobs",         "1"};

TEST(CheckHtml, IsAPageOfTheCampaign) {
  const Scratch scratch;
  const auto run = run_vmadiff(kFinds, {.directory = scratch.path()});
  ASSERT_EQ(run.status, 1) << run.err;
  const auto page = content(scratch.path() / "page.html");
  EXPECT_EQ(count(page, "<span class=\"tag new\">"), count(run.out, "\nFINDING: "));
  EXPECT_FALSE(has(page, "<span class=\"tag old\">"));
  EXPECT_TRUE(has(page, "0x1d"));
  EXPECT_TRUE(has(page, "linux-6.12"));
  // The same findings are there before another campaign, which finds nothing.
  const auto held = run_vmadiff({"check", "--systems", "model,impl", "--ops", "2000", "--seed", "1",
                                 "--coverage", "--html", "held.html"},
                                {.directory = scratch.path()});
  ASSERT_EQ(held.status, 0) << held.err;
  const auto known = content(scratch.path() / "held.html");
  EXPECT_EQ(count(known, "<span class=\"tag old\">"), count(page, "<span class=\"tag new\">"));
  EXPECT_TRUE(has(known, "behaviours met: <b>"));
  EXPECT_TRUE(has(known, "2,0")) << "calls";
}

TEST(CheckHtml, APlaceWhereThereCanBeNoneIsSaidBeforeTheRun) {
  const Scratch scratch;
  const auto result =
      run_vmadiff({"check", "--systems", "model,impl", "--time", "1h", "--html", "none/page.html"},
                  {.directory = scratch.path()});
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(has(result.err, "--html none/page.html: expected a file")) << result.err;
}

TEST(Browser, ShowsAsManyVmasAsTheModelHas) {
  if (!has_browser()) GTEST_SKIP() << "chromium is not installed";
  const Scratch scratch;
  const auto trace = scratch.file("x.trace", kSplit);
  const auto result = in_browser(scratch, page_of(scratch, {trace, "--systems", "model,impl"}));
  expect_sound(result);
  const auto expected = vmas_by_replay(trace);
  ASSERT_EQ(expected, (std::vector<std::size_t>{1, 2, 3, 4, 1}));
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(count(item(result.out, i + 1), "<rect "), expected[i]) << "call " << i + 1;
}

TEST(Browser, TheFragmentChoosesTheStep) {
  if (!has_browser()) GTEST_SKIP() << "chromium is not installed";
  const Scratch scratch;
  const auto trace = scratch.file("x.trace", kSplit);
  const auto page = page_of(scratch, {trace, "--systems", "model"});
  const auto fourth = in_browser(scratch, page + "#step=4");
  expect_sound(fourth);
  EXPECT_TRUE(has(fourth.out, "data-step=\"4\""));
  EXPECT_TRUE(has(fourth.out, "aria-label=\"seen D: 300000000000-300040000000 r--p anon"));
  EXPECT_TRUE(has(fourth.out, "aria-label=\"the call names 100000002000-100000003000\""));
  const auto none = in_browser(scratch, page + "#step=99");
  expect_sound(none);
  EXPECT_TRUE(has(none.out, "data-step=\"5\"")) << "the last that there is";
}

TEST(Browser, SliderKeysAndFocusReachEverything) {
  if (!has_browser()) GTEST_SKIP() << "chromium is not installed";
  const Scratch scratch;
  const auto run = run_vmadiff(kFinds, {.directory = scratch.path()});
  ASSERT_EQ(run.status, 1) << run.err;
  const auto trace = scratch.file("x.trace", kSplit);
  for (const auto& page : {page_of(scratch, {trace, "--systems", "model,impl"}),
                           (scratch.path() / "page.html").string()}) {
    const auto result =
        in_browser(scratch, VMADIFF_SOURCE_DIR "/tests/cli/page_driver.html#file://" + page);
    const auto begin = result.out.find("<pre id=\"result\">");
    ASSERT_NE(begin, std::string::npos) << result.err;
    auto text = result.out.substr(begin + 17, result.out.find("</pre>", begin) - begin - 17);
    for (auto at = text.find("&amp;"); at != std::string::npos; at = text.find("&amp;", at + 1))
      text.replace(at, 5, "&");
    const auto seen = nlohmann::json::parse(text);
    EXPECT_FALSE(seen.contains("failed")) << text;
    EXPECT_EQ(seen["ready"], "yes") << text;
    EXPECT_EQ(seen["errors"], "0");
    EXPECT_LE(seen["widthOnAPhone"], 390) << "nothing is wider than a phone";
    EXPECT_EQ(seen["afterSlider"], 1);
    EXPECT_EQ(seen["afterRight"], 2);
    EXPECT_EQ(seen["afterLeft"], 1);
    EXPECT_EQ(seen["afterLeftAtTheFirst"], 1);
    EXPECT_EQ(seen["overlaps"], 0);
    EXPECT_GE(seen["leastTarget"], 24) << "WCAG 2.2, 2.5.8";
    EXPECT_TRUE(seen["sliderSays"].get<std::string>().starts_with("call "));
    EXPECT_GE(seen["bars"], 1);
    for (const auto& bar : seen["focused"]) {
      EXPECT_EQ(bar["isFocused"], true);
      for (const auto* word : {"size", "permissions", "backing", "flags", "page_offset"})
        EXPECT_TRUE(has(bar["told"].get<std::string>(), word)) << bar;
    }
  }
}

TEST(Browser, MarksTheBoundaryThatShouldNotBeThere) {
  if (!has_browser()) GTEST_SKIP() << "chromium is not installed";
  const Scratch scratch;
  const auto run = run_vmadiff({"check", "--systems", "impl", "--profile", "linux-6.12",
                                "--properties", "NoCompatibleNeighboursLeftUnmerged", "--ops",
                                "20000", "--seed", "0x1d", "--html", "page.html"},
                               {.directory = scratch.path()});
  ASSERT_EQ(run.status, 1) << run.err;
  const auto result = in_browser(scratch, (scratch.path() / "page.html").string());
  expect_sound(result);
  EXPECT_TRUE(has(result.out, " that should not be there\"")) << result.out;
  EXPECT_TRUE(has(result.out, "class=\"boundary extra\""));
  EXPECT_TRUE(has(result.out, "<line class=\"extra\""));
}

TEST(Browser, ATraceCannotBeMoreThanText) {
  if (!has_browser()) GTEST_SKIP() << "chromium is not installed";
  const Scratch scratch;
  const auto trace = scratch.file(
      "x.trace", std::string{"# </script><script>document.body.dataset.hurt='yes'</script>\n"
                             "# <img src=x onerror=\"document.body.dataset.hurt='yes'\">\n"
                             "# \" onmouseover=\"document.body.dataset.hurt='yes'\n"} +
                     std::string{kSplit});
  const auto result =
      in_browser(scratch, page_of(scratch, {trace, "--systems", "model"}, "<b>'&.html"));
  expect_sound(result);
  EXPECT_FALSE(has(result.out, "data-hurt"));
  EXPECT_FALSE(has(result.out, "<img"));
  EXPECT_TRUE(has(result.out, "&lt;img src=x"));
}

TEST(Browser, AnIndexOpensItsTraces) {
  if (!has_browser()) GTEST_SKIP() << "chromium is not installed";
  const Scratch scratch;
  static_cast<void>(scratch.file("a.trace", kSplit));
  static_cast<void>(scratch.file("b.trace", kSplit));
  const auto page = page_of(scratch, {scratch.path().string(), "--systems", "model"});
  const auto result = in_browser(scratch, page + "#s2&step=2");
  expect_sound(result);
  EXPECT_TRUE(has(result.out, "data-step=\"2\""));
  EXPECT_EQ(count(result.out, "class=\"picture\""), 1U) << "only what is open is drawn";
  EXPECT_TRUE(has(result.out, "type=\"search\""));
}

}  // namespace
}  // namespace vmadiff::tests
