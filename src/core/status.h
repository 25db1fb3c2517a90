/* Status codes and the caller-owned error: functions that can fail return sk_status and write the reason, in
 * a user's words, into an sk_error. The first failure wins; later ones keep the first text. */
#ifndef SK_CORE_STATUS_H
#define SK_CORE_STATUS_H

#include <stddef.h>
#include <stdint.h>

/* 1: with what looks into models rather than running them: reference kernels, check mode, descriptions of
 * graph and plan. The run-time builds for web pages go without. */
#ifndef SK_TOOLS
#define SK_TOOLS 1
#endif

typedef enum sk_status {
#define SK_STATUS(name, code) SK_##name,
#include "core/status.def"
#undef SK_STATUS
    SK_STATUS_COUNT
} sk_status;

#define SK_ERROR_TEXT 2048

typedef struct sk_error {
    sk_status status; /* SK_OK while nothing has failed */
    char text[SK_ERROR_TEXT];
} sk_error;

#if defined(__GNUC__)
#define SK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define SK_PRINTF(fmt, args)
#endif

/* A message: a format and what it prints, at most six integers and pointers. Understands %s %.*s %d %u %c %x
 * %zu %lld %llu %% only (our own formatter: libc's costs 10 kB of wasm), and %pT: a tensor's type and shape,
 * as sk_tensor_text has them, or "none" for NULL. A function that takes one is a macro around another, to
 * which each number is an int64_t of its own: arguments in memory, as `...` has them, are 2 kB of compressed
 * wasm more. SK_CHECKED has the compiler compare format and arguments; nothing of it is left. */
#define SK_MESSAGE(...) SK_MESSAGE_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SK_MESSAGE_(fmt, a, b, c, d, e, f, ...)                                                              \
    (fmt), (int64_t)(a), (int64_t)(b), (int64_t)(c), (int64_t)(d), (int64_t)(e), (int64_t)(f)
#define SK_PRINTED const char *fmt, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f
#define SK_PRINTED_ON fmt, a, b, c, d, e, f
#define SK_CHECKED(...) (void)sizeof(sk_checked(__VA_ARGS__))
int sk_checked(const char *fmt, ...) SK_PRINTF(1, 2);

/* Records the failure and returns its status, so that `return sk_fail(...)` is the usual form. err may be
 * NULL. */
#define sk_fail(err, status, ...)                                                                            \
    (SK_CHECKED(__VA_ARGS__), sk_fail_with((err), (status), SK_MESSAGE(__VA_ARGS__)))
sk_status sk_fail_with(sk_error *err, sk_status status, SK_PRINTED);

/* "bad-shape" and so on; borrowed. */
const char *sk_status_name(sk_status status);

/* The same formatter into a buffer; always NUL-terminated, returns the length written (cut at size - 1). */
#define sk_format(dst, size, ...)                                                                            \
    (SK_CHECKED(__VA_ARGS__), sk_format_with((dst), (size), SK_MESSAGE(__VA_ARGS__)))
size_t sk_format_with(char *dst, size_t size, SK_PRINTED);

/* Hands a failure up unchanged. */
#define SK_TRY(call)                                                                                         \
    do {                                                                                                     \
        sk_status sk_try_ = (call);                                                                          \
        if (sk_try_ != SK_OK) return sk_try_;                                                                \
    } while (0)

#endif
