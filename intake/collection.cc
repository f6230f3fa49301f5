// intake: from what was gathered to a trace. A trace has four files of each class, so several of a
// program's share one, each at offsets of its own: two mappings that could be one in the program
// can here, and no others.
#include "intake/collection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <variant>

#include "spec/file.h"

namespace vmadiff::intake {
namespace {

using spec::Address;
using spec::FileClass;

/// Where a program's file is in a trace.
struct FilePlace {
  spec::FileId id;
  std::uint64_t offset = 0;
};

bool has_offsets(FileClass cls) {
  return cls == FileClass::kFile || cls == FileClass::kFileReadOnly || cls == FileClass::kMemfd ||
         cls == FileClass::kHugetlb;
}

std::vector<FilePlace> places_of(const OpenFiles& files) {
  std::vector<FilePlace> out(files.size());
  std::map<FileClass, std::uint32_t> count;
  std::map<std::pair<FileClass, std::uint32_t>, std::uint64_t> next;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const OpenFile& file = files[i];
    if (!file.is_used) continue;
    const auto number = count[file.cls]++ % spec::kFilesPerClass;
    out[i].id = {file.cls, number};
    if (!has_offsets(file.cls)) continue;
    auto& offset = next[{file.cls, number}];
    out[i].offset = offset;
    // A huge page between, so that the end of one is not the beginning of the next.
    offset += spec::huge_page_up(file.offset_end) + spec::kHugePageSize;
  }
  return out;
}

/// Moves the addresses of a call.
class Move {
 public:
  explicit Move(const Relocation& to) : to_(to) {}
  void range(Address& address, Address&) { this->address(address); }
  void address(Address& address) {
    if (address != 0) address = to_(address);
  }
  void optional_address(Address& address) { this->address(address); }
  // Of the arguments' kinds only addresses are moved.
  void length(Address&) {}
  void prot(std::uint64_t&) {}
  void map_flags(std::uint64_t&) {}
  void file(spec::FileId&) {}
  void offset(std::uint64_t&) {}
  void access(spec::Access&) {}
  void bits(std::uint64_t&, std::span<const spec::FlagName>) {}
  void choice(auto&, std::span<const spec::FlagName>) {}
  void number(std::uint64_t&) {}
  void optional_number(std::uint64_t&) {}
  void unused(std::uint64_t&) {}
  void vma_name(spec::VmaName&) {}

 private:
  const Relocation& to_;
};

spec::Step moved(const CollectedStep& from, const Relocation& to,
                 const std::vector<FilePlace>& places) {
  spec::Step step = from.step;
  if (auto* brk = std::get_if<spec::Brk>(&step.call)) {
    brk->addr = to.break_at(brk->addr);
    if (step.expected && step.expected->is_ok()) {
      step.expected = spec::Outcome::ok(to.break_at(step.expected->value()));
    }
    return step;
  }
  Move move{to};
  spec::visit_fields(step.call, move);
  if (from.file) {
    auto& mmap = std::get<spec::Mmap>(step.call);
    mmap.file = places[*from.file].id;
    mmap.offset += places[*from.file].offset;
  }
  if (from.gives_address && step.expected && step.expected->is_ok()) {
    step.expected = spec::Outcome::ok(to(step.expected->value()));
  }
  return step;
}

/// On one line, and no directive: what stands in a comment came from elsewhere.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

}  // namespace

void Collection::comment(std::string_view text) {
  comments_.push_back({steps_.size(), "# " + one_line(text)});
}

std::expected<Collected, std::string> Collection::finish() && {
  Collected out;
  for (const Image& image : images_) {
    auto made = Relocation::make(image.used, image.heap);
    if (!made) return std::unexpected(made.error());
    out.relocations.push_back(*std::move(made));
  }
  const auto places = places_of(files_);
  auto comment = comments_.begin();
  const auto take_comments = [&](std::size_t before) {
    for (; comment != comments_.end() && comment->before <= before; ++comment) {
      out.trace.comments.back().push_back(comment->text);
    }
  };
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (!files_[i].is_used || files_[i].path.empty()) continue;
    const auto& [id, offset] = places[i];
    out.notes.push_back(one_line(
        offset == 0
            ? fmt::format("{} is {}", spec::text(id), files_[i].path)
            : fmt::format("{} from {:#x} on is {}", spec::text(id), offset, files_[i].path)));
  }
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    take_comments(i);
    out.trace.sequence.push_back(moved(steps_[i], out.relocations[steps_[i].image], places));
    out.trace.comments.emplace_back();
  }
  take_comments(steps_.size());
  return out;
}

}  // namespace vmadiff::intake
