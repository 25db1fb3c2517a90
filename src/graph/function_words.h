/* What the two halves of the functions' language share: function_words.c reads words, numbers, attributes and
 * operands of a text and makes single nodes and values of them; function.c reads statements and conditions,
 * and binds a call. */
#ifndef SK_GRAPH_FUNCTION_WORDS_H
#define SK_GRAPH_FUNCTION_WORDS_H

#include "graph/function.h"

#define SK_LOCALS 40

typedef struct sk_word {
    const char *text;
    size_t length;
} sk_word;

typedef struct sk_local {
    sk_word name;
    sk_value *value; /* what was assigned last; NULL: absent */
    sk_value **list; /* what a repeated statement gave, one value a repetition */
    int8_t output;   /* the call's output of this number - 1, or 0 */
    uint8_t dropped; /* an output that the call does not want */
} sk_local;

typedef struct sk_body {
    sk_expander *x;
    sk_node *call;
    const char *at;
    sk_local locals[SK_LOCALS];
    int n_locals;
    int32_t group, n_group; /* the locals that the repeated inputs are bound to */
    int32_t base, count;    /* the first of these inputs, and how often they repeat */
} sk_body;

static inline int sk_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline int sk_is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || sk_is_digit(c);
}

/* ---- reading ---- */
/* The next character that is neither space nor comma; take: steps over it when it is c. */
char sk_body_peek(sk_body *b);
int sk_body_take(sk_body *b, char c);
/* A name; `also` may be one character more that it may have. */
sk_word sk_body_word(sk_body *b, char also);
/* The local of that name, made when there is none. */
sk_local *sk_body_find(sk_body *b, sk_word name);
int sk_body_number(sk_body *b, int64_t *whole, float *fraction);
sk_status sk_body_literal(sk_body *b, sk_attr *attr);
sk_status sk_body_bad_kind(const sk_body *b, sk_word name);
const sk_attr *sk_body_attribute(const sk_body *b, sk_word name);
sk_status sk_body_passed(sk_body *b, sk_word own, sk_attr *attr);

/* ---- nodes and values ---- */
sk_status sk_body_new_value(sk_body *b, sk_word name, sk_value **value);
sk_status sk_body_emit(sk_body *b, sk_word op, int32_t opset, sk_value **inputs, int32_t n_in,
                       sk_value **outputs, int32_t n_out, sk_attr *attrs, int32_t n_attrs);
sk_status sk_body_operand(sk_body *b, sk_value **value, sk_value ***list);

#endif
