#include "node_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_LIST 10

static int type_of(char letter) {
    switch (letter) {
    case 'f': return SK_FLOAT32;
    case 'd': return SK_FLOAT64;
    case 'h': return SK_FLOAT16;
    case 'n': return SK_INT32;
    case 'u': return SK_UINT8;
    case 'b': return SK_BOOL;
    case 'z': return SK_UINT64;
    default: return SK_INT64;
    }
}

sk_tensor test_input(const char **at) {
    int32_t dims[SK_MAX_RANK];
    uint32_t r = 99;
    int rank = 0;
    const char letter = *(*at)++;
    if (letter == '-') return (sk_tensor){.rank = -1};
    while (isdigit((unsigned char)**at)) {
        dims[rank++] = (int32_t)strtol(*at, (char **)(uintptr_t)at, 10);
        if (**at == ',') ++*at;
    }
    const int type = type_of(letter), is_float = letter == 'f' || letter == 'd' || letter == 'h';
    sk_tensor t = is_float ? test_moderate(&r, type, rank, dims, 2, 1) : test_empty(type, rank, dims);
    if (**at != '=') return t;
    for (size_t i = 0; i < sk_numel(&t); i++) {
        ++*at;
        if (is_float) test_put_real(&t, i, strtod(*at, (char **)(uintptr_t)at));
        else test_put_int(&t, i, strtoll(*at, (char **)(uintptr_t)at, 10));
    }
    return t;
}

void test_attrs(onnx *o, const char *at) {
    char name[40], text[40];
    int used;
    while (sscanf(at, " %39[^=]=%39s%n", name, text, &used) == 2) {
        const int whole = strspn(text, "-0123456789") == strlen(text);
        if (text[0] == '[') {
            int32_t list[TEST_LIST];
            int n = 0;
            for (char *s = text; *s && *s != ']';) list[n++] = (int32_t)strtol(s + 1, &s, 10);
            onnx_ints(o, name, n, list);
        } else if (whole) onnx_int(o, name, strtoll(text, NULL, 10));
        else if (isalpha((unsigned char)text[0])) onnx_string(o, name, text);
        else onnx_float(o, name, strtof(text, NULL));
        at += used;
    }
}
