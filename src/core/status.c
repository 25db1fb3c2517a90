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

static void put_tensor(writer *w, const sk_tensor *t) {
    char buffer[SK_SHAPE_TEXT];
    const char *text = t ? sk_tensor_text(t, buffer) : "none";
    put(w, text, strlen(text));
}

size_t sk_format_with(char *dst, size_t size, SK_PRINTED) {
    if (!size) return 0;
    const int64_t args[] = {a, b, c, d,
                            e, f, 0}; /* no message has more than six; the last stops a wrong one */
    const int64_t *arg = args;
    writer w = {dst, dst + size - 1};
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            put(&w, fmt, 1);
            continue;
        }
        fmt++;
        int precision = INT32_MAX;
        if (fmt[0] == '.' && fmt[1] == '*') precision = (int)*arg++, fmt += 2;
        while (*fmt == 'l' || *fmt == 'z') fmt++;
        const int64_t value = *arg++;
        switch (*fmt) {
        case 's': {
            const char *text = value ? (const char *)(intptr_t)value : "(null)";
            size_t length = 0;
            while (length < (size_t)precision && text[length]) length++;
            put(&w, text, length);
            break;
        }
        case 'd': put_signed(&w, value); break;
        case 'u': put_unsigned(&w, (uint64_t)value, 10); break;
        case 'x': put_unsigned(&w, (uint64_t)value, 16); break;
        case 'c': {
            const char letter = (char)value;
            put(&w, &letter, 1);
            break;
        }
        case 'p': /* %pT */
            put_tensor(&w, (const sk_tensor *)(intptr_t)value);
            fmt++;
            break;
        default: /* %% */ put(&w, fmt, 1); arg--;
        }
    }
    *w.at = 0;
    return (size_t)(w.at - dst);
}

sk_status sk_fail_with(sk_error *err, sk_status status, SK_PRINTED) {
    if (err && err->status == SK_OK) {
        err->status = status;
        sk_format_with(err->text, sizeof err->text, SK_PRINTED_ON);
    }
    return status;
}
