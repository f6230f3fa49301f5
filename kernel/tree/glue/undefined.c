// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: what code that was built with -fsanitize=undefined calls where it does what C does
// not define: each is the end of the run, with its place.
#include <linux/types.h>

// What the compiler says of the place begins with the place itself.
struct place {
  const char* file;
  u32 line;
  u32 column;
};

#define UNDEFINED(name, what, ...)                                                   \
  void __ubsan_handle_##name(__VA_ARGS__);                                           \
  void __attribute__((cold)) __ubsan_handle_##name(__VA_ARGS__) {                    \
    const struct place* place = data;                                                \
    glue_broken("UndefinedBehaviorSanitizer: " what, place->file, (int)place->line); \
  }

UNDEFINED(add_overflow, "a sum that has no room", void* data, void* a, void* b)
UNDEFINED(sub_overflow, "a difference that has no room", void* data, void* a, void* b)
UNDEFINED(mul_overflow, "a product that has no room", void* data, void* a, void* b)
UNDEFINED(negate_overflow, "a negative that has no room", void* data, void* a)
UNDEFINED(divrem_overflow, "a division by zero, or without room", void* data, void* a, void* b)
UNDEFINED(shift_out_of_bounds, "a shift by more bits than there are", void* data, void* a, void* b)
UNDEFINED(out_of_bounds, "an index out of bounds", void* data, void* index)
UNDEFINED(pointer_overflow, "a pointer beyond the end of memory", void* data, void* a, void* b)
UNDEFINED(type_mismatch_v1, "an access through a pointer that is null, or too near the end",
          void* data, void* pointer)
UNDEFINED(load_invalid_value, "a value that its type does not have", void* data, void* value)
UNDEFINED(vla_bound_not_positive, "an array of no length", void* data, void* bound)
UNDEFINED(nonnull_arg, "an argument that must not be null", void* data)
UNDEFINED(invalid_builtin, "an argument that must not be 0", void* data)
UNDEFINED(builtin_unreachable, "code that cannot be reached", void* data)
UNDEFINED(missing_return, "a function that ends without its value", void* data)

void __ubsan_handle_nonnull_return_v1(void* attribute, void* data);
void __attribute__((cold)) __ubsan_handle_nonnull_return_v1(void* attribute, void* data) {
  const struct place* place = data;
  glue_broken("UndefinedBehaviorSanitizer: a result that must not be null", place->file,
              (int)place->line);
}
