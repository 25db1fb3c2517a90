#include "core/text.h"

#include <string.h>

const char *sk_find(const void *bytes, int c, size_t n) {
    for (const char *at = bytes; n; n--, at++)
        if (*at == (char)c) return at;
    return NULL;
}

void sk_text_init(sk_text *text, sk_heap *heap) { *text = (sk_text){.heap = heap}; }

void sk_text_free(sk_text *text) {
    sk_free(text->heap, text->chars);
    *text = (sk_text){.heap = text->heap};
}

void sk_text_clear(sk_text *text) {
    text->length = 0;
    text->failed = 0;
    if (text->chars) text->chars[0] = 0;
}

void sk_text_raw(sk_text *text, const char *chars, size_t length) {
    if (text->failed) return;
    size_t needed;
    if (!sk_add(text->length, length, &needed) || !sk_add(needed, 1, &needed)) {
        text->failed = 1;
        return;
    }
    if (needed > text->capacity) {
        const size_t capacity = needed + needed / 2 + 256;
        char *grown = sk_realloc(text->heap, text->chars, capacity);
        if (!grown) {
            text->failed = 1;
            return;
        }
        text->chars = grown;
        text->capacity = capacity;
    }
    memcpy(text->chars + text->length, chars, length);
    text->length += length;
    text->chars[text->length] = 0;
}

void sk_text_add_with(sk_text *text, SK_PRINTED) {
    char piece[1024];
    sk_text_raw(text, piece, sk_format_with(piece, sizeof piece, SK_PRINTED_ON));
}

#if SK_TOOLS
/* For dumps, not for round trips. */
void sk_text_number(sk_text *text, double value) {
    if (value != value) {
        sk_text_raw(text, "nan", 3);
        return;
    }
    if (value < 0 || (value == 0 && 1 / value < 0)) {
        sk_text_raw(text, "-", 1);
        value = -value;
    }
    if (value > 1.7976931348623157e308) {
        sk_text_raw(text, "inf", 3);
        return;
    }
    if (value == 0) {
        sk_text_raw(text, "0", 1);
        return;
    }
    int exponent = 0;
    double scaled = value;
    while (scaled >= 10) scaled /= 10, exponent++;
    while (scaled < 1) scaled *= 10, exponent--;
    uint32_t digits = (uint32_t)(scaled * 1e5 + 0.5);
    if (digits >= 1000000) digits /= 10, exponent++;
    char number[6];
    for (int i = 5; i >= 0; i--, digits /= 10) number[i] = (char)('0' + digits % 10);
    int count = 6;
    while (count > 1 && number[count - 1] == '0') count--;
    const int fixed = exponent >= -5 && exponent < 15;
    int point = fixed ? exponent + 1 : 1; /* digits before the point */
    if (point <= 0) {
        sk_text_raw(text, "0.", 2);
        for (; point < 0; point++) sk_text_raw(text, "0", 1);
        sk_text_raw(text, number, (size_t)count);
    } else {
        for (int i = 0; i < point || i < count; i++) {
            if (i == point) sk_text_raw(text, ".", 1);
            sk_text_raw(text, i < count ? number + i : "0", 1);
        }
    }
    if (!fixed) sk_text_add(text, "e%d", exponent);
}
#endif

/* Length of the valid UTF-8 sequence at s (NUL-terminated), 0 when there is none. */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80) return 1;
    const size_t n = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
                     : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                     : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                   : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))) return 0;
    if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))) return 0;
    return n;
}

void sk_text_json(sk_text *text, const char *string) {
    sk_text_raw(text, "\"", 1);
    for (const unsigned char *s = (const unsigned char *)string; *s;) {
        const size_t n = utf8_length(s);
        if (!n) sk_text_raw(text, "\xef\xbf\xbd", 3);
        else if (*s == '"' || *s == '\\') sk_text_add(text, "\\%c", *s);
        else if (*s < 0x20) sk_text_add(text, "\\u00%c%c", '0' + (*s >> 4), "0123456789abcdef"[*s & 15]);
        else sk_text_raw(text, (const char *)s, n);
        s += n ? n : 1;
    }
    sk_text_raw(text, "\"", 1);
}
