// tests of reports/page: colours that have to be told apart are, by WCAG 2.1: 4.5 to 1 for text
// (1.4.3), 3 to 1 for what else has to be seen (1.4.11).
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

namespace vmadiff::tests {
namespace {

using Palette = std::map<std::string, unsigned>;

std::string style() {
  std::ifstream file{VMADIFF_SOURCE_DIR "/reports/page/page.css"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The custom properties of the :root that begins at `from`.
Palette palette(const std::string& css, std::size_t from) {
  const auto begin = css.find(":root {", from);
  const auto end = css.find('}', begin);
  const auto block = css.substr(begin, end - begin);
  static const std::regex kColour{"--([a-z0-9-]+): #([0-9a-f]{6});"};
  Palette out;
  for (std::sregex_iterator at{block.begin(), block.end(), kColour}; at != std::sregex_iterator{};
       ++at) {
    out[(*at)[1]] = static_cast<unsigned>(std::stoul((*at)[2], nullptr, 16));
  }
  return out;
}

double luminance(unsigned colour) {
  const auto linear = [](unsigned byte) {
    const double c = byte / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(colour >> 16U) + 0.7152 * linear(colour >> 8U & 0xffU) +
         0.0722 * linear(colour & 0xffU);
}

double contrast(unsigned a, unsigned b) {
  const double x = luminance(a);
  const double y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

class Colours : public testing::TestWithParam<const char*> {
 protected:
  void expect(const std::string& front, const std::string& back, double least) const {
    ASSERT_TRUE(palette_.contains(front)) << front;
    ASSERT_TRUE(palette_.contains(back)) << back;
    EXPECT_GE(contrast(palette_.at(front), palette_.at(back)), least) << front << " on " << back;
  }
  void SetUp() override {
    const auto css = style();
    const auto dark = css.find("prefers-color-scheme: dark");
    ASSERT_NE(dark, std::string::npos);
    palette_ = palette(css, std::string_view{GetParam()} == "dark" ? dark : 0);
  }
  Palette palette_;
};

TEST(Contrast, IsAsTheStandardSays) {
  EXPECT_DOUBLE_EQ(contrast(0xffffff, 0x000000), 21.0);
  EXPECT_NEAR(contrast(0x777777, 0xffffff), 4.48, 0.01) << "the known near miss";
}

TEST_P(Colours, TextIsLegible) {
  for (const auto* text : {"ink", "quiet", "link", "bad", "good"}) {
    for (const auto* back : {"paper", "panel"}) expect(text, back, 4.5);
  }
  for (const auto* text : {"ink", "quiet", "bad", "link"}) expect(text, "bad-paper", 4.5);
}

TEST_P(Colours, WhatStandsInABarIsLegible) {
  for (char k = '0'; k < '8'; ++k) expect("bar-ink", std::string{"k"} + k, 4.5);
}

TEST_P(Colours, BarsMarksAndFocusAreSeen) {
  for (char k = '0'; k < '8'; ++k) {
    for (const auto* back : {"paper", "panel", "bad-paper"})
      expect(std::string{"e"} + k, back, 3.0);
    expect("bad", std::string{"k"} + k, 3.0);
  }
  for (const auto* front : {"bad", "link", "line"}) {
    for (const auto* back : {"paper", "panel"}) expect(front, back, 3.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, Colours, testing::Values("light", "dark"));

}  // namespace
}  // namespace vmadiff::tests
