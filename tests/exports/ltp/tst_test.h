// tests of exports: the few names of LTP's tst_test.h that a written test uses, by what its
// documentation says of them. Not LTP: no package of it was at hand.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TPASS = 0, TFAIL = 1, TBROK = 2, TINFO = 16, TCONF = 32, TERRNO = 0x100 };

struct tst_test {
  void (*setup)(void);
  void (*cleanup)(void);
  void (*test_all)(void);
};
static struct tst_test test;
static int tst_result;

static inline void tst_say(int type, const char* format, va_list arguments) {
  fprintf(stderr, "%s: ",
          (type & 0xff) == TPASS   ? "TPASS"
          : (type & 0xff) == TFAIL ? "TFAIL"
          : (type & 0xff) == TBROK ? "TBROK"
          : (type & 0xff) == TCONF ? "TCONF"
                                   : "TINFO");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  if ((type & 0xff) != TINFO) tst_result |= type & 0xff;
}

__attribute__((format(printf, 2, 3))) static inline void tst_res(int type, const char* format,
                                                                 ...) {
  va_list arguments;
  va_start(arguments, format);
  tst_say(type, format, arguments);
  va_end(arguments);
}

__attribute__((format(printf, 2, 3), noreturn)) static inline void tst_brk(int type,
                                                                           const char* format,
                                                                           ...) {
  va_list arguments;
  va_start(arguments, format);
  tst_say(type, format, arguments);
  va_end(arguments);
  exit(tst_result);
}

#define TST_EXP_EQ_LI(a, b)                                                                 \
  do {                                                                                      \
    long long tst_a = (long long)(a), tst_b = (long long)(b);                               \
    tst_res(tst_a == tst_b ? TPASS : TFAIL, "%s == %s (%lld, %lld)", #a, #b, tst_a, tst_b); \
  } while (0)

int main(void) {
  if (test.setup) test.setup();
  test.test_all();
  if (test.cleanup) test.cleanup();
  return tst_result;
}
