/* Status codes and the caller-owned error: functions that can fail return sk_status and write the reason, in
 * a user's words, into an sk_error. The first failure wins; later ones keep the first text. */
#ifndef SK_CORE_STATUS_H
#define SK_CORE_STATUS_H

#include <stdarg.h>
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

/* Records the failure and returns its status, so that `return sk_fail(...)` is the usual form. err may be
 * NULL. Understands %s %.*s %d %u %c %x %zu %lld %llu %% and, with SK_TOOLS, %g only (our own formatter:
 * libc's costs 10 kB of wasm), and %pT: a tensor's type and shape, as sk_tensor_text has them,
 * or "none" for NULL. */
sk_status sk_fail(sk_error *err, sk_status status, const char *fmt, ...) SK_PRINTF(3, 4);

/* "bad-shape" and so on; borrowed. */
const char *sk_status_name(sk_status status);

/* The same formatter into a buffer; always NUL-terminated, returns the length written (cut at size - 1). */
size_t sk_format(char *dst, size_t size, const char *fmt, ...) SK_PRINTF(3, 4);
size_t sk_vformat(char *dst, size_t size, const char *fmt, va_list args);

/* Hands a failure up unchanged. */
#define SK_TRY(call)                                                                                         \
    do {                                                                                                     \
        sk_status sk_try_ = (call);                                                                          \
        if (sk_try_ != SK_OK) return sk_try_;                                                                \
    } while (0)

#endif
