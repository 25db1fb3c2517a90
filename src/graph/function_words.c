/* Words, numbers, attributes and operands of the functions' texts, and the nodes and values that come of them
 * (see function_words.h). */
#include "graph/function_words.h"

#include <assert.h>
#include <string.h>

/* ---- reading ---- */

char sk_body_peek(sk_body *b) {
    while (*b->at == ' ' || *b->at == ',') b->at++;
    return *b->at;
}

int sk_body_take(sk_body *b, char c) {
    if (sk_body_peek(b) != c) return 0;
    b->at++;
    return 1;
}

sk_word sk_body_word(sk_body *b, char also) {
    sk_body_peek(b);
    sk_word s = {b->at, 0};
    while (sk_is_name(*b->at) || *b->at == also) b->at++;
    s.length = (size_t)(b->at - s.text);
    assert(s.length);
    return s;
}

static int is_text(sk_word s, const char *text) {
    return strlen(text) == s.length && !memcmp(text, s.text, s.length);
}

sk_local *sk_body_find(sk_body *b, sk_word name) {
    for (int i = 0; i < b->n_locals; i++) {
        const sk_word *known = &b->locals[i].name;
        if (known->length == name.length && !memcmp(known->text, name.text, name.length))
            return &b->locals[i];
    }
    assert(b->n_locals < SK_LOCALS);
    b->locals[b->n_locals] = (sk_local){.name = name};
    return &b->locals[b->n_locals++];
}

/* A number of the text; 1 when it is a whole one. Of the fractions there only few digits are ever wanted. */
int sk_body_number(sk_body *b, int64_t *whole, float *fraction) {
    const int negative = sk_body_take(b, '-');
    double value = 0, unit = 1;
    int exponent = 0, is_whole = 1;
    for (; sk_is_digit(*b->at); b->at++) value = value * 10 + (*b->at - '0');
    if (*b->at == '.')
        for (b->at++, is_whole = 0; sk_is_digit(*b->at); b->at++, unit *= 10)
            value = value * 10 + (*b->at - '0');
    if (*b->at == 'e')
        for (b->at += 2, is_whole = 0; sk_is_digit(*b->at); b->at++)
            exponent = exponent * 10 + (*b->at - '0');
    for (; exponent; exponent--) unit *= 10; /* only negative exponents occur */
    *whole = negative ? -(int64_t)value : (int64_t)value;
    *fraction = (float)(negative ? -value / unit : value / unit);
    return is_whole;
}

sk_status sk_body_bad_kind(const sk_body *b, sk_word name) {
    char node[SK_NODE_TEXT];
    return sk_fail(b->x->err, SK_MALFORMED, "%s: attribute '%.*s' has the wrong kind",
                   sk_node_text(b->call, node), (int)name.length, name.text);
}

/* The call's attribute of that name, or NULL. */
const sk_attr *sk_body_attribute(const sk_body *b, sk_word name) {
    for (int i = 0; i < b->call->n_attrs; i++)
        if (is_text(name, b->call->attrs[i].name)) return &b->call->attrs[i];
    return NULL;
}

/* A whole number, or the attribute that is one. */
static sk_status list_item(sk_body *b, int64_t *item) {
    float unused;
    if (!sk_body_take(b, '$')) {
        sk_body_number(b, item, &unused);
        return SK_OK;
    }
    const sk_word name = sk_body_word(b, '_');
    const sk_attr *attr = sk_body_attribute(b, name);
    if (!attr || attr->kind != SK_ATTR_INT) return sk_body_bad_kind(b, name);
    *item = attr->i;
    return SK_OK;
}

/* 'text', [ints] or a number. */
sk_status sk_body_literal(sk_body *b, sk_attr *attr) {
    float fraction;
    if (sk_body_take(b, '\'')) {
        attr->kind = SK_ATTR_STRING;
        attr->s = (sk_string){b->at, 0};
        while (*b->at++ != '\'') attr->s.length++;
    } else if (sk_body_take(b, '[')) {
        int64_t *ints = sk_arena_calloc(&b->x->ir->arena, SK_MAX_RANK, sizeof *ints);
        if (!ints) return sk_oom(b->x->err, SK_MAX_RANK * sizeof *ints);
        attr->kind = SK_ATTR_INTS;
        attr->ints = ints;
        while (!sk_body_take(b, ']')) SK_TRY(list_item(b, &ints[attr->count++]));
    } else if (sk_body_number(b, &attr->i, &fraction)) {
        attr->kind = SK_ATTR_INT;
    } else {
        attr->kind = SK_ATTR_FLOAT;
        attr->f = fraction;
    }
    return SK_OK;
}

/* name[k]|default after a '$': the call's attribute, an element of it, or what stands in for it. kind 0:
 * none. An empty name means `own`. */
sk_status sk_body_passed(sk_body *b, sk_word own, sk_attr *attr) {
    const sk_word name = sk_is_name(*b->at) ? sk_body_word(b, '_') : own;
    const sk_attr *given = sk_body_attribute(b, name);
    if (given) *attr = *given;
    if (sk_body_take(b, '[')) {
        int64_t k;
        float unused;
        sk_body_number(b, &k, &unused);
        b->at++;
        if (given && given->kind != SK_ATTR_FLOATS) return sk_body_bad_kind(b, name);
        if (given) attr->kind = k < given->count ? SK_ATTR_FLOAT : 0;
        if (attr->kind) attr->f = given->floats[k];
    }
    sk_attr fallback = {.kind = 0};
    if (*b->at == '|') {
        b->at++;
        SK_TRY(sk_body_literal(b, &fallback));
        if (!attr->kind) *attr = fallback;
    }
    return SK_OK;
}

/* ---- nodes and values ---- */

sk_status sk_body_new_value(sk_body *b, sk_word name, sk_value **value) {
    char text[160];
    const sk_node *call = b->call;
    sk_format(text, sizeof text, "%.*s/%.*s", 100, call->outputs[0] ? call->outputs[0]->name : "",
              (int)name.length, name.text);
    *value = sk_value_new(b->x->graph, text);
    return *value ? SK_OK : sk_oom(b->x->err, sizeof **value);
}

/* attrs are taken over. */
sk_status sk_body_emit(sk_body *b, sk_word op, int32_t opset, sk_value **inputs, int32_t n_in,
                       sk_value **outputs, int32_t n_out, sk_attr *attrs, int32_t n_attrs) {
    const char *domain = "";
    char *type = sk_arena_text(&b->x->ir->arena, op.text, op.length);
    char *dot = type ? strrchr(type, '.') : NULL;
    if (dot) {
        *dot = 0;
        domain = type;
        type = dot + 1;
        opset = 1;
    }
    while (n_out && !outputs[n_out - 1]) n_out--;
    while (n_in && !inputs[n_in - 1]) n_in--;
    sk_node *node = type ? sk_node_new(b->x->graph, domain, type, n_in, n_out) : NULL;
    if (!node) return sk_oom(b->x->err, sizeof *node);
    node->name = b->call->name;
    node->opset = opset;
    node->attrs = attrs;
    node->n_attrs = n_attrs;
    if (n_in) memcpy(node->inputs, inputs, (size_t)n_in * sizeof *inputs);
    for (int i = 0; i < n_out; i++) {
        node->outputs[i] = outputs[i];
        if (outputs[i]) outputs[i]->producer = node;
    }
    return sk_expand_place(b->x, node);
}

/* A node of one output, a new value. */
static sk_status emit_one(sk_body *b, const char *op, sk_value **inputs, int32_t n_in, sk_attr attr,
                          sk_value **value) {
    const sk_word name = {op, strlen(op)};
    sk_attr *attrs = sk_arena_calloc(&b->x->ir->arena, 1, sizeof *attrs);
    if (!attrs) return sk_oom(b->x->err, sizeof *attrs);
    *attrs = attr;
    sk_value *output;
    SK_TRY(sk_body_new_value(b, name, &output));
    SK_TRY(sk_body_emit(b, name, SK_FUNCTION_OPSET, inputs, n_in, &output, 1, attrs, attr.kind != 0));
    *value = output; /* not before: it may be among the inputs */
    return SK_OK;
}

/* A constant of what an attribute says; of the type of `like`, when there is one. */
static sk_status constant(sk_body *b, sk_word name, const sk_attr *attr, const sk_local *like,
                          sk_value **value) {
    const int list = attr->kind == SK_ATTR_INTS || attr->kind == SK_ATTR_FLOATS;
    const int whole = attr->kind == SK_ATTR_INTS || attr->kind == SK_ATTR_INT;
    if (!attr->kind) return SK_OK;
    if (!list && !whole && attr->kind != SK_ATTR_FLOAT) return sk_body_bad_kind(b, name);
    const int32_t count = (int32_t)attr->count;
    sk_tensor t = {.data = list ? (void *)attr->ints : (void *)&attr->i}; /* members of one union */
    sk_set_shape(&t, whole ? SK_INT64 : SK_FLOAT32, list, &count);
    *value = sk_value_const(b->x->ir, b->x->graph, "", &t);
    if (!*value) return sk_oom(b->x->err, sizeof **value);
    if (!like || !like->value) return SK_OK;
    const int type = sk_expand_type(b->x, like->value)->type;
    sk_value *pair[] = {*value, like->value};
    if (!type) return emit_one(b, "CastLike", pair, 2, (sk_attr){.kind = 0}, value);
    if (type == t.type) return SK_OK;
    return emit_one(b, "Cast", pair, 1, (sk_attr){.name = "to", .kind = SK_ATTR_INT, .i = type}, value);
}

/* `~A`: A with its last two axes exchanged. By Einsum where the rank is not known; a row of numbers stays. */
static sk_status swapped(sk_body *b, sk_value **value) {
    const int rank = sk_expand_type(b->x, *value)->rank;
    static const char equation[] = "...ij->...ji";
    sk_attr attr = {.name = "equation", .kind = SK_ATTR_STRING, .s = {equation, sizeof equation - 1}};
    if (rank == 0 || rank == 1) return SK_OK;
    if (rank < 0) return emit_one(b, "Einsum", value, 1, attr, value);
    int64_t *perm = sk_arena_calloc(&b->x->ir->arena, SK_MAX_RANK, sizeof *perm);
    if (!perm) return sk_oom(b->x->err, SK_MAX_RANK * sizeof *perm);
    for (int i = 0; i < rank; i++) perm[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    attr = (sk_attr){.name = "perm", .kind = SK_ATTR_INTS, .count = (uint32_t)rank, .ints = perm};
    return emit_one(b, "Transpose", value, 1, attr, value);
}

/* A value; or, where `list` is asked for and the operand is one, *list. */
sk_status sk_body_operand(sk_body *b, sk_value **value, sk_value ***list) {
    *value = NULL;
    sk_attr attr = {.kind = 0};
    sk_word name = {"", 0};
    if (sk_body_take(b, '~')) {
        SK_TRY(sk_body_operand(b, value, list));
        return swapped(b, value);
    }
    if (sk_body_peek(b) == '_') {
        b->at++;
        return SK_OK;
    }
    if (sk_is_name(*b->at) && !sk_is_digit(*b->at)) {
        const sk_local *l = sk_body_find(b, sk_body_word(b, '_'));
        *value = l->value;
        if (*b->at == '*') b->at++, *list = l->list;
        return SK_OK;
    }
    if (sk_body_take(b, '$')) {
        name = (sk_word){b->at, 0};
        while (sk_is_name(name.text[name.length])) name.length++;
        SK_TRY(sk_body_passed(b, name, &attr));
    } else {
        SK_TRY(sk_body_literal(b, &attr));
    }
    const sk_local *like = NULL;
    if (*b->at == ':') b->at++, like = sk_body_find(b, sk_body_word(b, '_'));
    return constant(b, name, &attr, like, value);
}
