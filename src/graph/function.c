/* The little language of functions.def, explained there: a function's text is read for one call at a time and
 * its statements become nodes. Texts are our own, so their mistakes are assertions; calls are a model's. */
#include "graph/function.h"

#include <assert.h>
#include <string.h>

#define MAX_LOCALS 40
#define MAX_OPERANDS 12
#define MAX_TARGETS 4
#define MAX_ATTRS 8 /* besides those that $* passes on */

typedef struct span {
    const char *text;
    size_t length;
} span;

typedef struct local {
    span name;
    sk_value *value; /* what was assigned last; NULL: absent */
    sk_value **list; /* what a repeated statement gave, one value a repetition */
    int8_t output;   /* the call's output of this number - 1, or 0 */
    uint8_t dropped; /* an output that the call does not want */
} local;

typedef struct body {
    sk_expander *x;
    sk_node *call;
    const char *at;
    local locals[MAX_LOCALS];
    int n_locals;
    int32_t group, n_group; /* the locals that the repeated inputs are bound to */
    int32_t base, count;    /* the first of these inputs, and how often they repeat */
} body;

/* ---- reading ---- */

static char peek(body *b) {
    while (*b->at == ' ' || *b->at == ',') b->at++;
    return *b->at;
}

static int take(body *b, char c) {
    if (peek(b) != c) return 0;
    b->at++;
    return 1;
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static span word(body *b, char also) {
    peek(b);
    span s = {b->at, 0};
    while (is_name(*b->at) || *b->at == also) b->at++;
    s.length = (size_t)(b->at - s.text);
    assert(s.length);
    return s;
}

static int is_text(span s, const char *text) {
    return strlen(text) == s.length && !memcmp(text, s.text, s.length);
}

static local *find(body *b, span name) {
    for (int i = 0; i < b->n_locals; i++) {
        const span *known = &b->locals[i].name;
        if (known->length == name.length && !memcmp(known->text, name.text, name.length))
            return &b->locals[i];
    }
    assert(b->n_locals < MAX_LOCALS);
    b->locals[b->n_locals] = (local){.name = name};
    return &b->locals[b->n_locals++];
}

/* A number of the text; 1 when it is a whole one. Of the fractions there only few digits are ever wanted. */
static int number(body *b, int64_t *whole, float *fraction) {
    const int negative = take(b, '-');
    double value = 0, unit = 1;
    int exponent = 0, is_whole = 1;
    for (; is_digit(*b->at); b->at++) value = value * 10 + (*b->at - '0');
    if (*b->at == '.')
        for (b->at++, is_whole = 0; is_digit(*b->at); b->at++, unit *= 10)
            value = value * 10 + (*b->at - '0');
    if (*b->at == 'e')
        for (b->at += 2, is_whole = 0; is_digit(*b->at); b->at++) exponent = exponent * 10 + (*b->at - '0');
    for (; exponent; exponent--) unit *= 10; /* only negative exponents occur */
    *whole = negative ? -(int64_t)value : (int64_t)value;
    *fraction = (float)(negative ? -value / unit : value / unit);
    return is_whole;
}

static sk_status bad_kind(const body *b, span name) {
    char node[SK_NODE_TEXT];
    return sk_fail(b->x->err, SK_MALFORMED, "%s: attribute '%.*s' has the wrong kind",
                   sk_node_text(b->call, node), (int)name.length, name.text);
}

/* The call's attribute of that name, or NULL. */
static const sk_attr *attribute(const body *b, span name) {
    for (int i = 0; i < b->call->n_attrs; i++)
        if (is_text(name, b->call->attrs[i].name)) return &b->call->attrs[i];
    return NULL;
}

/* A whole number, or the attribute that is one. */
static sk_status list_item(body *b, int64_t *item) {
    float unused;
    if (!take(b, '$')) {
        number(b, item, &unused);
        return SK_OK;
    }
    const span name = word(b, '_');
    const sk_attr *attr = attribute(b, name);
    if (!attr || attr->kind != SK_ATTR_INT) return bad_kind(b, name);
    *item = attr->i;
    return SK_OK;
}

/* 'text', [ints] or a number. */
static sk_status literal(body *b, sk_attr *attr) {
    float fraction;
    if (take(b, '\'')) {
        attr->kind = SK_ATTR_STRING;
        attr->s = (sk_string){b->at, 0};
        while (*b->at++ != '\'') attr->s.length++;
    } else if (take(b, '[')) {
        int64_t *ints = sk_arena_calloc(&b->x->ir->arena, SK_MAX_RANK, sizeof *ints);
        if (!ints) return sk_oom(b->x->err, SK_MAX_RANK * sizeof *ints);
        attr->kind = SK_ATTR_INTS;
        attr->ints = ints;
        while (!take(b, ']')) SK_TRY(list_item(b, &ints[attr->count++]));
    } else if (number(b, &attr->i, &fraction)) {
        attr->kind = SK_ATTR_INT;
    } else {
        attr->kind = SK_ATTR_FLOAT;
        attr->f = fraction;
    }
    return SK_OK;
}

/* name[k]|default after a '$': the call's attribute, an element of it, or what stands in for it. kind 0:
 * none. An empty name means `own`. */
static sk_status passed(body *b, span own, sk_attr *attr) {
    const span name = is_name(*b->at) ? word(b, '_') : own;
    const sk_attr *given = attribute(b, name);
    if (given) *attr = *given;
    if (take(b, '[')) {
        int64_t k;
        float unused;
        number(b, &k, &unused);
        b->at++;
        if (given && given->kind != SK_ATTR_FLOATS) return bad_kind(b, name);
        if (given) attr->kind = k < given->count ? SK_ATTR_FLOAT : 0;
        if (attr->kind) attr->f = given->floats[k];
    }
    sk_attr fallback = {.kind = 0};
    if (*b->at == '|') {
        b->at++;
        SK_TRY(literal(b, &fallback));
        if (!attr->kind) *attr = fallback;
    }
    return SK_OK;
}

/* ---- nodes and values ---- */

static sk_status new_value(body *b, span name, sk_value **value) {
    char text[160];
    const sk_node *call = b->call;
    sk_format(text, sizeof text, "%.*s/%.*s", 100, call->outputs[0] ? call->outputs[0]->name : "",
              (int)name.length, name.text);
    *value = sk_value_new(b->x->graph, text);
    return *value ? SK_OK : sk_oom(b->x->err, sizeof **value);
}

/* attrs are taken over. */
static sk_status emit(body *b, span op, int32_t opset, sk_value **inputs, int32_t n_in, sk_value **outputs,
                      int32_t n_out, sk_attr *attrs, int32_t n_attrs) {
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
static sk_status emit_one(body *b, const char *op, sk_value **inputs, int32_t n_in, sk_attr attr,
                          sk_value **value) {
    const span name = {op, strlen(op)};
    sk_attr *attrs = sk_arena_calloc(&b->x->ir->arena, 1, sizeof *attrs);
    if (!attrs) return sk_oom(b->x->err, sizeof *attrs);
    *attrs = attr;
    sk_value *output;
    SK_TRY(new_value(b, name, &output));
    SK_TRY(emit(b, name, SK_FUNCTION_OPSET, inputs, n_in, &output, 1, attrs, attr.kind != 0));
    *value = output; /* not before: it may be among the inputs */
    return SK_OK;
}

/* A constant of what an attribute says; of the type of `like`, when there is one. */
static sk_status constant(body *b, span name, const sk_attr *attr, const local *like, sk_value **value) {
    const int list = attr->kind == SK_ATTR_INTS || attr->kind == SK_ATTR_FLOATS;
    const int whole = attr->kind == SK_ATTR_INTS || attr->kind == SK_ATTR_INT;
    if (!attr->kind) return SK_OK;
    if (!list && !whole && attr->kind != SK_ATTR_FLOAT) return bad_kind(b, name);
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
static sk_status swapped(body *b, sk_value **value) {
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
static sk_status operand(body *b, sk_value **value, sk_value ***list) {
    *value = NULL;
    sk_attr attr = {.kind = 0};
    span name = {"", 0};
    if (take(b, '~')) {
        SK_TRY(operand(b, value, list));
        return swapped(b, value);
    }
    if (peek(b) == '_') {
        b->at++;
        return SK_OK;
    }
    if (is_name(*b->at) && !is_digit(*b->at)) {
        const local *l = find(b, word(b, '_'));
        *value = l->value;
        if (*b->at == '*') b->at++, *list = l->list;
        return SK_OK;
    }
    if (take(b, '$')) {
        name = (span){b->at, 0};
        while (is_name(name.text[name.length])) name.length++;
        SK_TRY(passed(b, name, &attr));
    } else {
        SK_TRY(literal(b, &attr));
    }
    const local *like = NULL;
    if (*b->at == ':') b->at++, like = find(b, word(b, '_'));
    return constant(b, name, &attr, like, value);
}

/* ---- statements ---- */

static int is_call(const body *b) {
    const char *at = b->at;
    while (is_name(*at) || *at == '.') at++;
    return at != b->at && (*at == '(' || *at == '@');
}

/* Is what stands next `name=`, an attribute? */
static int is_attr(const body *b) {
    const char *at = b->at;
    while (is_name(*at)) at++;
    return at != b->at && *at == '=';
}

static sk_status read_attr(body *b, sk_attr *attrs, int32_t *n) {
    sk_attr *attr = &attrs[*n];
    const span name = word(b, '_');
    take(b, '=');
    if (take(b, '$')) SK_TRY(passed(b, name, attr));
    else SK_TRY(literal(b, attr));
    attr->name = sk_arena_text(&b->x->ir->arena, name.text, name.length);
    if (!attr->name) return sk_oom(b->x->err, name.length);
    *n += attr->kind != 0;
    return SK_OK;
}

static sk_status read_call(body *b, sk_value **outputs, int n_out) {
    const span op = word(b, '.');
    int64_t opset = SK_FUNCTION_OPSET;
    float unused;
    sk_value *operands[MAX_OPERANDS], **inputs = operands, **list = NULL;
    int32_t n_in = 0, n_attrs = 0;
    const sk_node *call = b->call;
    const size_t room = (size_t)call->n_attrs + MAX_ATTRS;
    sk_attr *attrs = sk_arena_calloc(&b->x->ir->arena, room, sizeof *attrs);
    if (!attrs) return sk_oom(b->x->err, room * sizeof *attrs);
    if (take(b, '@')) number(b, &opset, &unused);
    for (take(b, '('); !take(b, ')');) {
        if (b->at[0] == '$' && b->at[1] == '*') { /* after those that it must not overrule */
            b->at += 2;
            for (int i = 0; i < call->n_attrs; i++) attrs[n_attrs++] = call->attrs[i];
        } else if (is_attr(b)) {
            SK_TRY(read_attr(b, attrs, &n_attrs));
        } else {
            assert(n_in < MAX_OPERANDS);
            SK_TRY(operand(b, &operands[n_in++], &list));
        }
    }
    if (list) inputs = list, n_in = b->count;
    return emit(b, op, (int32_t)opset, inputs, n_in, outputs, n_out, attrs, n_attrs);
}

/* targets = Op(...) or target = operand. */
static sk_status assign(body *b, int32_t repetition) {
    local *targets[MAX_TARGETS];
    sk_value *values[MAX_TARGETS] = {NULL}, **list = NULL;
    int n = 0, wanted = 0;
    while (!take(b, '=')) {
        assert(n < MAX_TARGETS);
        targets[n] = find(b, word(b, '_'));
        wanted += !targets[n++]->dropped;
    }
    if (!wanted) return SK_OK;
    peek(b);
    if (is_call(b)) {
        for (int i = 0; i < n; i++)
            if (!targets[i]->dropped) SK_TRY(new_value(b, targets[i]->name, &values[i]));
        SK_TRY(read_call(b, values, n));
    } else {
        SK_TRY(operand(b, &values[0], &list));
    }
    for (int i = 0; i < n; i++) targets[i]->value = values[i];
    if (repetition < 0) return SK_OK;
    if (!targets[0]->list)
        targets[0]->list = sk_arena_calloc(&b->x->ir->arena, (size_t)b->count, sizeof(sk_value *));
    if (!targets[0]->list) return sk_oom(b->x->err, (size_t)b->count * sizeof(sk_value *));
    targets[0]->list[repetition] = values[0];
    return SK_OK;
}

/* Once for each repetition of the repeated inputs. */
static sk_status assign_all(body *b) {
    const char *start = b->at;
    for (int32_t i = 0; i < b->count; i++) {
        b->at = start;
        for (int32_t j = 0; j < b->n_group; j++)
            b->locals[b->group + j].value = b->call->inputs[b->base + i * b->n_group + j];
        SK_TRY(assign(b, i));
    }
    return SK_OK;
}

/* $name, $name=value/value, $name<value: of the call's attribute; behind the '$'. */
static sk_status attr_holds(body *b, int *holds) {
    const span name = word(b, '_');
    const sk_attr *attr = attribute(b, name);
    const char compare = *b->at;
    const int plain = compare != '=' && compare != '<';
    *holds = 0;
    do {
        int64_t whole = 0;
        float unused;
        if (!plain && *++b->at == '/') { /* no value: the attribute is absent */
            *holds |= !attr;
            continue;
        }
        const int is_number = plain || is_digit(*b->at);
        if (attr && attr->kind != (is_number ? SK_ATTR_INT : SK_ATTR_STRING)) return bad_kind(b, name);
        if (plain) {
            *holds = attr && attr->i;
        } else if (is_number) {
            number(b, &whole, &unused);
            *holds |= attr && (compare == '<' ? attr->i < whole : attr->i == whole);
        } else {
            const span s = word(b, '_');
            *holds |= attr && attr->s.length == s.length && !memcmp(attr->s.text, s.text, s.length);
        }
    } while (!plain && *b->at == '/');
    return SK_OK;
}

/* name: is it there? name#2: and of that rank? Behind the '?'. */
static sk_status condition(body *b, int *holds) {
    const int negated = take(b, '!');
    if (take(b, '$')) {
        SK_TRY(attr_holds(b, holds));
    } else {
        const local *l = find(b, word(b, '_'));
        *holds = l->value != NULL || (l->output && !l->dropped);
        if (*b->at == '#') {
            *holds = *holds && sk_expand_type(b->x, l->value)->rank == b->at[1] - '0';
            b->at += 2;
        }
    }
    *holds ^= negated;
    return SK_OK;
}

static sk_status statement(body *b) {
    int holds = 1;
    while (holds && take(b, '?')) SK_TRY(condition(b, &holds));
    if (holds && take(b, '-')) return SK_UNSUPPORTED;
    if (holds) SK_TRY(take(b, '*') ? assign_all(b) : assign(b, -1));
    while (*b->at && *b->at != ';') b->at++;
    if (*b->at) b->at++;
    return SK_OK;
}

/* ---- the call ---- */

static sk_status bad_call(const body *b, const char *what, int n) {
    char node[SK_NODE_TEXT];
    return sk_fail(b->x->err, SK_MALFORMED, "%s %s %d%s", sk_node_text(b->call, node),
                   *what == 'l' ? "lacks input" : "has", n, *what == 'l' ? "" : what);
}

static sk_status bind_inputs(body *b) {
    const sk_node *call = b->call;
    int32_t n = 0, given = call->n_inputs;
    while (given && !call->inputs[given - 1]) given--;
    while (peek(b) != '-') {
        local *l = find(b, word(b, '_'));
        if (take(b, '*')) {
            if (!b->n_group++) b->group = (int32_t)(l - b->locals);
            continue;
        }
        l->value = n < given ? call->inputs[n] : NULL;
        if (!take(b, '?') && !l->value) return bad_call(b, "l", n);
        n++;
    }
    b->at += 2;
    b->base = n;
    if (b->n_group) b->count = (given - n) / b->n_group;
    if (b->n_group ? b->count < 1 || (given - n) % b->n_group : given > n)
        return bad_call(b, " inputs", given);
    return SK_OK;
}

static sk_status bind_outputs(body *b) {
    const sk_node *call = b->call;
    int n = 0;
    while (!take(b, ':')) {
        local *l = find(b, word(b, '_'));
        l->dropped = n >= call->n_outputs || !call->outputs[n];
        l->output = (int8_t)++n;
    }
    if (call->n_outputs > n || !call->n_outputs) return bad_call(b, " outputs", call->n_outputs);
    return SK_OK;
}

/* The nodes from `first` on give `to` instead of `from`; 0: none of them gives it, or it is another output.
 */
static int rename_value(const body *b, int32_t first, sk_value *from, sk_value *to) {
    const sk_graph *graph = b->x->graph;
    int found = 0;
    for (int i = 0; i < b->call->n_outputs; i++)
        if (b->call->outputs[i] == from) return 0;
    for (int32_t i = first; i < graph->n_nodes; i++) {
        sk_node *node = graph->nodes[i];
        for (int j = 0; j < node->n_inputs; j++)
            if (found && node->inputs[j] == from) node->inputs[j] = to;
        for (int j = 0; j < node->n_outputs; j++) {
            if (node->outputs[j] != from) continue;
            node->outputs[j] = to;
            to->producer = node;
            found = 1;
        }
    }
    if (found && to->type.rank < 0) to->type = from->type;
    return found;
}

static sk_status bind_results(body *b, int32_t first) {
    for (int i = 0; i < b->n_locals; i++) {
        local *l = &b->locals[i];
        if (!l->output || l->dropped) continue;
        if (!l->value) return SK_UNSUPPORTED; /* the function does not give it */
        sk_value *to = b->call->outputs[l->output - 1], *from = l->value;
        if (rename_value(b, first, from, to)) {
            for (int j = 0; j < b->n_locals; j++)
                if (b->locals[j].value == from) b->locals[j].value = to;
            continue;
        }
        const span identity = {"Identity", 8};
        SK_TRY(emit(b, identity, SK_FUNCTION_OPSET, &from, 1, &to, 1, NULL, 0));
    }
    return SK_OK;
}

sk_status sk_function_write(sk_expander *x, sk_node *call, const char *text) {
    body b = {.x = x, .call = call, .at = text};
    const int32_t first = x->graph->n_nodes;
    SK_TRY(bind_inputs(&b));
    SK_TRY(bind_outputs(&b));
    while (peek(&b)) SK_TRY(statement(&b));
    return bind_results(&b, first);
}
