/* Errors and the one text formatter of the engine. printf would cost 10 kB of wasm and drag in locale and
 * stdio. */
#include <string.h>

#include "core/tensor.h"

const char *sk_status_name(sk_status status) {
    static const char *const names[] = {
#define SK_STATUS(name, code) code,
#include "core/status.def"
#undef SK_STATUS
    };
    return (unsigned)status < SK_STATUS_COUNT ? names[status] : "unknown";
}

typedef struct writer {
    char *at, *end; /* end: where the NUL must fit at the latest */
} writer;

static void put(writer *w, const char *chars, size_t length) {
    const size_t room = (size_t)(w->end - w->at);
    if (length > room) length = room;
    memcpy(w->at, chars, length);
    w->at += length;
}

static void put_unsigned(writer *w, uint64_t value, unsigned base) {
    char digits[20];
    int n = 0;
    do {
        digits[sizeof digits - 1 - (size_t)n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    put(w, digits + sizeof digits - n, (size_t)n);
}

static void put_signed(writer *w, int64_t value) {
    if (value < 0) put(w, "-", 1);
    put_unsigned(w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

#if SK_TOOLS
/* Six significant digits, as %g prints: for messages and dumps, not for round trips. */
static void put_double(writer *w, double value) {
    if (value != value) {
        put(w, "nan", 3);
        return;
    }
    if (value < 0 || (value == 0 && 1 / value < 0)) {
        put(w, "-", 1);
        value = -value;
    }
    if (value > 1.7976931348623157e308) {
        put(w, "inf", 3);
        return;
    }
    if (value == 0) {
        put(w, "0", 1);
        return;
    }
    int exponent = 0;
    double scaled = value;
    while (scaled >= 10) scaled /= 10, exponent++;
    while (scaled < 1) scaled *= 10, exponent--;
    uint32_t digits = (uint32_t)(scaled * 1e5 + 0.5);
    if (digits >= 1000000) digits /= 10, exponent++;
    char text[6];
    for (int i = 5; i >= 0; i--, digits /= 10) text[i] = (char)('0' + digits % 10);
    int count = 6;
    while (count > 1 && text[count - 1] == '0') count--;
    const int fixed = exponent >= -5 && exponent < 15;
    int point = fixed ? exponent + 1 : 1; /* digits before the point */
    if (point <= 0) {
        put(w, "0.", 2);
        for (; point < 0; point++) put(w, "0", 1);
        put(w, text, (size_t)count);
    } else {
        for (int i = 0; i < point || i < count; i++) {
            if (i == point) put(w, ".", 1);
            put(w, i < count ? text + i : "0", 1);
        }
    }
    if (!fixed) {
        put(w, "e", 1);
        put_signed(w, exponent);
    }
}
#endif

static void put_tensor(writer *w, const sk_tensor *t) {
    char buffer[SK_SHAPE_TEXT];
    const char *text = t ? sk_tensor_text(t, buffer) : "none";
    put(w, text, strlen(text));
}

size_t sk_vformat(char *dst, size_t size, const char *fmt, va_list args) {
    if (!size) return 0;
    writer w = {dst, dst + size - 1};
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            put(&w, fmt, 1);
            continue;
        }
        fmt++;
        int precision = -1, longs = 0;
        if (fmt[0] == '.' && fmt[1] == '*') precision = va_arg(args, int), fmt += 2;
        while (*fmt == 'l') longs++, fmt++;
        if (*fmt == 'z') longs = 3, fmt++;
        switch (*fmt) {
        case 's': {
            const char *text = va_arg(args, const char *);
            if (!text) text = "(null)";
            size_t length = 0;
            while ((precision < 0 || length < (size_t)precision) && text[length]) length++;
            put(&w, text, length);
            break;
        }
        case 'd':
            put_signed(&w, longs == 2 ? va_arg(args, long long)
                           : longs    ? va_arg(args, long)
                                      : va_arg(args, int));
            break;
        case 'u':
        case 'x':
            put_unsigned(&w,
                         longs == 3   ? va_arg(args, size_t)
                         : longs == 2 ? va_arg(args, unsigned long long)
                         : longs      ? va_arg(args, unsigned long)
                                      : va_arg(args, unsigned),
                         *fmt == 'x' ? 16 : 10);
            break;
        case 'c': {
            const char c = (char)va_arg(args, int);
            put(&w, &c, 1);
            break;
        }
#if SK_TOOLS /* run-time builds print no fractions */
        case 'g': put_double(&w, va_arg(args, double)); break;
#endif
        case 'p': /* %pT */
            put_tensor(&w, va_arg(args, const sk_tensor *));
            fmt++;
            break;
        case '%': put(&w, "%", 1); break;
        default: fmt--; break; /* our bug; shows as a missing piece */
        }
    }
    *w.at = 0;
    return (size_t)(w.at - dst);
}

size_t sk_format(char *dst, size_t size, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    const size_t length = sk_vformat(dst, size, fmt, args);
    va_end(args);
    return length;
}

sk_status sk_fail(sk_error *err, sk_status status, const char *fmt, ...) {
    if (err && err->status == SK_OK) {
        err->status = status;
        va_list args;
        va_start(args, fmt);
        sk_vformat(err->text, sizeof err->text, fmt, args);
        va_end(args);
    }
    return status;
}
