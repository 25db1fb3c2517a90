/* The little language of functions.def, explained there: a function's text is read for one call at a time and
 * its statements become nodes. Texts are our own, so their mistakes are assertions; calls are a model's. */
#include <assert.h>
#include <string.h>

#include "graph/function_words.h"

#define MAX_OPERANDS 12
#define MAX_TARGETS 4
#define MAX_ATTRS 8 /* besides those that $* passes on */

/* ---- statements ---- */

static int is_call(const sk_body *b) {
    const char *at = b->at;
    while (sk_is_name(*at) || *at == '.') at++;
    return at != b->at && (*at == '(' || *at == '@');
}

/* Is what stands next `name=`, an attribute? */
static int is_attr(const sk_body *b) {
    const char *at = b->at;
    while (sk_is_name(*at)) at++;
    return at != b->at && *at == '=';
}

static sk_status read_attr(sk_body *b, sk_attr *attrs, int32_t *n) {
    sk_attr *attr = &attrs[*n];
    const sk_word name = sk_body_word(b, '_');
    sk_body_take(b, '=');
    if (sk_body_take(b, '$')) SK_TRY(sk_body_passed(b, name, attr));
    else SK_TRY(sk_body_literal(b, attr));
    attr->name = sk_arena_text(&b->x->ir->arena, name.text, name.length);
    if (!attr->name) return sk_oom(b->x->err, name.length);
    *n += attr->kind != 0;
    return SK_OK;
}

static sk_status read_call(sk_body *b, sk_value **outputs, int n_out) {
    const sk_word op = sk_body_word(b, '.');
    int64_t opset = SK_FUNCTION_OPSET;
    float unused;
    sk_value *operands[MAX_OPERANDS], **inputs = operands, **list = NULL;
    int32_t n_in = 0, n_attrs = 0;
    const sk_node *call = b->call;
    const size_t room = (size_t)call->n_attrs + MAX_ATTRS;
    sk_attr *attrs = sk_arena_calloc(&b->x->ir->arena, room, sizeof *attrs);
    if (!attrs) return sk_oom(b->x->err, room * sizeof *attrs);
    if (sk_body_take(b, '@')) sk_body_number(b, &opset, &unused);
    for (sk_body_take(b, '('); !sk_body_take(b, ')');) {
        if (b->at[0] == '$' && b->at[1] == '*') { /* after those that it must not overrule */
            b->at += 2;
            for (int i = 0; i < call->n_attrs; i++) attrs[n_attrs++] = call->attrs[i];
        } else if (is_attr(b)) {
            SK_TRY(read_attr(b, attrs, &n_attrs));
        } else {
            assert(n_in < MAX_OPERANDS);
            SK_TRY(sk_body_operand(b, &operands[n_in++], &list));
        }
    }
    if (list) inputs = list, n_in = b->count;
    return sk_body_emit(b, op, (int32_t)opset, inputs, n_in, outputs, n_out, attrs, n_attrs);
}

/* targets = Op(...) or target = operand. */
static sk_status assign(sk_body *b, int32_t repetition) {
    sk_local *targets[MAX_TARGETS];
    sk_value *values[MAX_TARGETS] = {NULL}, **list = NULL;
    int n = 0, wanted = 0;
    while (!sk_body_take(b, '=')) {
        assert(n < MAX_TARGETS);
        targets[n] = sk_body_find(b, sk_body_word(b, '_'));
        wanted += !targets[n++]->dropped;
    }
    if (!wanted) return SK_OK;
    sk_body_peek(b);
    if (is_call(b)) {
        for (int i = 0; i < n; i++)
            if (!targets[i]->dropped) SK_TRY(sk_body_new_value(b, targets[i]->name, &values[i]));
        SK_TRY(read_call(b, values, n));
    } else {
        SK_TRY(sk_body_operand(b, &values[0], &list));
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
static sk_status assign_all(sk_body *b) {
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
static sk_status attr_holds(sk_body *b, int *holds) {
    const sk_word name = sk_body_word(b, '_');
    const sk_attr *attr = sk_body_attribute(b, name);
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
        const int is_number = plain || sk_is_digit(*b->at);
        const int is_float = plain && attr && attr->kind == SK_ATTR_FLOAT;
        if (attr && !is_float && attr->kind != (is_number ? SK_ATTR_INT : SK_ATTR_STRING))
            return sk_body_bad_kind(b, name);
        if (plain) {
            *holds = attr && (is_float ? attr->f != 0 : attr->i != 0);
        } else if (is_number) {
            sk_body_number(b, &whole, &unused);
            *holds |= attr && (compare == '<' ? attr->i < whole : attr->i == whole);
        } else {
            const sk_word s = sk_body_word(b, '_');
            *holds |= attr && attr->s.length == s.length && !memcmp(attr->s.text, s.text, s.length);
        }
    } while (!plain && *b->at == '/');
    return SK_OK;
}

/* name: is it there? name#2: and of that rank? name:9: of that element type? Behind the '?'. */
static sk_status condition(sk_body *b, int *holds) {
    const int negated = sk_body_take(b, '!');
    if (sk_body_take(b, '$')) {
        SK_TRY(attr_holds(b, holds));
    } else {
        const sk_local *l = sk_body_find(b, sk_body_word(b, '_'));
        *holds = l->value != NULL || (l->output && !l->dropped);
        if (*b->at == '#' || *b->at == ':') {
            const sk_tensor *t = *holds ? sk_expand_type(b->x, l->value) : NULL;
            const int is = !t ? -1 : *b->at == '#' ? t->rank : t->type;
            int number = 0;
            for (b->at++; sk_is_digit(*b->at); b->at++) number = 10 * number + (*b->at - '0');
            *holds = is == number;
        }
    }
    *holds ^= negated;
    return SK_OK;
}

static sk_status statement(sk_body *b) {
    int holds = 1;
    while (holds && sk_body_take(b, '?')) SK_TRY(condition(b, &holds));
    if (holds && sk_body_take(b, '-')) return SK_UNSUPPORTED;
    if (holds) SK_TRY(sk_body_take(b, '*') ? assign_all(b) : assign(b, -1));
    while (*b->at && *b->at != ';') b->at++;
    if (*b->at) b->at++;
    return SK_OK;
}

/* ---- the call ---- */

static sk_status bad_call(const sk_body *b, const char *what, int n) {
    char node[SK_NODE_TEXT];
    return sk_fail(b->x->err, SK_MALFORMED, "%s %s %d%s", sk_node_text(b->call, node),
                   *what == 'l' ? "lacks input" : "has", n, *what == 'l' ? "" : what);
}

static sk_status bind_inputs(sk_body *b) {
    const sk_node *call = b->call;
    int32_t n = 0, given = call->n_inputs;
    while (given && !call->inputs[given - 1]) given--;
    while (sk_body_peek(b) != '-') {
        sk_local *l = sk_body_find(b, sk_body_word(b, '_'));
        if (sk_body_take(b, '*')) {
            if (!b->n_group++) b->group = (int32_t)(l - b->locals);
            continue;
        }
        l->value = n < given ? call->inputs[n] : NULL;
        if (!sk_body_take(b, '?') && !l->value) return bad_call(b, "l", n);
        n++;
    }
    b->at += 2;
    b->base = n;
    if (b->n_group) b->count = (given - n) / b->n_group;
    if (b->n_group ? b->count < 1 || (given - n) % b->n_group : given > n)
        return bad_call(b, " inputs", given);
    return SK_OK;
}

static sk_status bind_outputs(sk_body *b) {
    const sk_node *call = b->call;
    int n = 0;
    while (!sk_body_take(b, ':')) {
        sk_local *l = sk_body_find(b, sk_body_word(b, '_'));
        l->dropped = n >= call->n_outputs || !call->outputs[n];
        l->output = (int8_t)++n;
    }
    if (call->n_outputs > n || !call->n_outputs) return bad_call(b, " outputs", call->n_outputs);
    return SK_OK;
}

/* The nodes from `first` on give `to` instead of `from`; 0: none of them gives it, or it is another output.
 */
static int rename_value(const sk_body *b, int32_t first, sk_value *from, sk_value *to) {
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

static sk_status bind_results(sk_body *b, int32_t first) {
    for (int i = 0; i < b->n_locals; i++) {
        sk_local *l = &b->locals[i];
        if (!l->output || l->dropped) continue;
        if (!l->value) return SK_UNSUPPORTED; /* the function does not give it */
        sk_value *to = b->call->outputs[l->output - 1], *from = l->value;
        if (rename_value(b, first, from, to)) {
            for (int j = 0; j < b->n_locals; j++)
                if (b->locals[j].value == from) b->locals[j].value = to;
            continue;
        }
        const sk_word identity = {"Identity", 8};
        SK_TRY(sk_body_emit(b, identity, SK_FUNCTION_OPSET, &from, 1, &to, 1, NULL, 0));
    }
    return SK_OK;
}

sk_status sk_function_write(sk_expander *x, sk_node *call, const char *text) {
    sk_body b = {.x = x, .call = call, .at = text};
    const int32_t first = x->graph->n_nodes;
    SK_TRY(bind_inputs(&b));
    SK_TRY(bind_outputs(&b));
    while (sk_body_peek(&b)) SK_TRY(statement(&b));
    return bind_results(&b, first);
}
