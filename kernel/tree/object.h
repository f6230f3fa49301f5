// kernel/tree: the shared object that was built from a tree, loaded. No kernel type is seen here:
// what it gives is glue/interface.h.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <utility>

#include "kernel/tree/glue/interface.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// One machine, with memory of its own: each load is another.
class TreeObject {
 public:
  [[nodiscard]] static std::expected<TreeObject, spec::ToolFault> load(
      const std::filesystem::path& object);

  [[nodiscard]] const struct vmadiff_tree* operator->() const { return tree_; }

 private:
  struct Close {
    void operator()(void* handle) const;
  };
  using Handle = std::unique_ptr<void, Close>;
  TreeObject(Handle handle, const struct vmadiff_tree* tree)
      : handle_(std::move(handle)), tree_(tree) {}

  Handle handle_;
  const struct vmadiff_tree* tree_;
};

}  // namespace vmadiff::kernel
