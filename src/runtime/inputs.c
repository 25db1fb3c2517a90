/* What predictions are given: tensors, strings, sequences, maps. Each is checked against its declaration and
 * kept until it is set again. */
#include <string.h>

#include "runtime/model.h"

static int fits(const sk_tensor *declared, const sk_tensor *given) {
    if (declared->kind != given->kind) return 0;
    if (declared->rank < 0) return 1;
    if (declared->rank != given->rank) return 0;
    for (int i = 0; i < declared->rank; i++)
        if (declared->dims[i] >= 0 && declared->dims[i] != given->dims[i]) return 0;
    return 1;
}

static sk_status check_input(sk_model *model, const sk_value *declared, const sk_tensor *given) {
    char want[SK_SHAPE_TEXT], got[SK_SHAPE_TEXT];
    const sk_tensor *t = &declared->type;
    const int typed = !t->type || t->type == given->type;
    if (typed && fits(t, given)) return SK_OK;
    return sk_fail(&model->error, typed ? SK_SHAPE : SK_TYPE, "input '%s' is %s, not %s", declared->name,
                   sk_tensor_text(t, want), sk_tensor_text(given, got));
}

/* What every setter begins with; slot: the input's. */
static sk_status open_input(sk_model *model, int input, sk_input **slot) {
    SK_TRY(sk_begin(model));
    if (model->n_frames) sk_unwind(model);
    if (input < 0 || input >= model->ir.main->n_inputs) {
        sk_fail(&model->error, SK_NAME, "no input %d", input);
        return SK_NAME;
    }
    *slot = &model->inputs[input];
    return SK_OK;
}

static sk_status make_tensor(sk_model *model, int type, int rank, const int32_t *dims, sk_tensor *t,
                             size_t *bytes) {
    *t = (sk_tensor){.data = NULL};
    if (rank < 0 || rank > SK_MAX_RANK)
        return sk_fail(&model->error, SK_SHAPE, "rank %d is more than the %d supported", rank, SK_MAX_RANK);
    sk_set_shape(t, type, rank, dims);
    if (!sk_tensor_bytes(t, bytes))
        return sk_fail(&model->error, SK_LIMIT, "an input of this size is not possible");
    return SK_OK;
}

/* A block of `bytes` for the input, of which *t becomes the value. */
static sk_status hold(sk_model *model, sk_input *slot, sk_tensor *t, size_t bytes) {
    sk_arena_clear(&slot->items);
    slot->given = 0;
    if (!slot->t.data || slot->capacity < bytes || slot->capacity / 4 > bytes + 4096) {
        sk_free(&model->heap, slot->t.data);
        slot->t.data = sk_alloc(&model->heap, bytes);
        slot->capacity = bytes;
        if (!slot->t.data) {
            sk_oom(&model->error, bytes);
            return SK_OUT_OF_MEMORY;
        }
    }
    t->data = slot->t.data;
    slot->t = *t;
    slot->given = 1;
    return SK_OK;
}

static sk_status needs_strings(sk_model *model) {
    return sk_fail(&model->error, SK_TYPE, "a tensor of strings is wanted");
}

sk_status sk_set_input(sk_model *model, int input, int type, int rank, const int32_t *dims, void **data) {
    sk_input *slot;
    sk_tensor t;
    size_t bytes = 0;
    SK_TRY(open_input(model, input, &slot));
    SK_TRY(make_tensor(model, type, rank, dims, &t, &bytes));
    SK_TRY(check_input(model, model->ir.main->inputs[input], &t));
    if (type == SK_STRING) return needs_strings(model);
    SK_TRY(hold(model, slot, &t, bytes));
    *data = t.data;
    return SK_OK;
}

sk_status sk_set_list(sk_model *model, int input, int kind, int type, int count) {
    sk_input *slot;
    SK_TRY(open_input(model, input, &slot));
    if ((kind != SK_SEQUENCE && (kind != SK_MAP || count != 2)) || count < 0)
        return sk_fail(&model->error, SK_VALUE, "no list of kind %d with %d items", kind, count);
    sk_tensor t = {.type = (uint8_t)type, .rank = 1, .kind = (uint8_t)kind, .dims = {count}};
    size_t bytes;
    if (!sk_tensor_bytes(&t, &bytes))
        return sk_fail(&model->error, SK_LIMIT, "an input of this size is not possible");
    SK_TRY(check_input(model, model->ir.main->inputs[input], &t));
    SK_TRY(hold(model, slot, &t, bytes));
    memset(t.data, 0, bytes);
    return SK_OK;
}

/* The item that is to be set, with room for its bytes. */
static sk_status open_item(sk_model *model, int input, int item, const sk_tensor *t, size_t bytes,
                           sk_tensor **set) {
    sk_input *slot;
    SK_TRY(open_input(model, input, &slot));
    const sk_value *declared = model->ir.main->inputs[input];
    const int is_map = slot->t.kind == SK_MAP;
    if (!slot->given || (!is_map && slot->t.kind != SK_SEQUENCE) || item < 0 ||
        item >= (is_map ? 2 : slot->t.dims[0])) {
        sk_fail(&model->error, SK_NAME, "input '%s' has no item %d", declared->name, item);
        return SK_NAME;
    }
    const int type = is_map && !item ? declared->keys : slot->t.type;
    if (t->type != type || (is_map && t->rank != 1)) {
        sk_fail(&model->error, SK_TYPE, "input '%s': item %d is to be %s", declared->name, item,
                sk_type_name(type));
        return SK_TYPE;
    }
    *set = (sk_tensor *)slot->t.data + item;
    **set = *t;
    (*set)->data = sk_arena_alloc(&slot->items, bytes);
    if (is_map) slot->t.dims[0] = t->dims[0];
    return (*set)->data ? SK_OK : sk_oom(&model->error, bytes);
}

sk_status sk_set_item(sk_model *model, int input, int item, int type, int rank, const int32_t *dims,
                      void **data) {
    sk_tensor t, *set;
    size_t bytes = 0;
    SK_TRY(make_tensor(model, type, rank, dims, &t, &bytes));
    if (type == SK_STRING) return needs_strings(model);
    SK_TRY(open_item(model, input, item, &t, bytes, &set));
    *data = set->data;
    return SK_OK;
}

sk_status sk_set_strings(sk_model *model, int input, int item, int rank, const int32_t *dims,
                         const uint32_t *lengths, const char *text, size_t text_size) {
    sk_input *slot;
    sk_tensor t, *set = &t;
    size_t bytes = 0, used = 0;
    SK_TRY(open_input(model, input, &slot));
    SK_TRY(make_tensor(model, SK_STRING, rank, dims, &t, &bytes));
    if (item >= 0) {
        SK_TRY(open_item(model, input, item, &t, bytes, &set));
    } else {
        SK_TRY(check_input(model, model->ir.main->inputs[input], &t));
        SK_TRY(hold(model, slot, &t, bytes));
    }
    slot->given = 0; /* until every string is in its place */
    char *copy = sk_arena_alloc(&slot->items, text_size);
    if (!copy) return sk_oom(&model->error, text_size);
    if (text_size) memcpy(copy, text, text_size);
    for (size_t i = 0, n = sk_numel(&t); i < n; i++) {
        if (lengths[i] > text_size - used)
            return sk_fail(&model->error, SK_VALUE, "the strings are longer than their text");
        ((sk_string *)set->data)[i] = (sk_string){copy + used, lengths[i]};
        used += lengths[i];
    }
    slot->given = 1;
    return SK_OK;
}

sk_status sk_unset_input(sk_model *model, int input) {
    sk_input *slot;
    SK_TRY(open_input(model, input, &slot));
    sk_free(&model->heap, slot->t.data);
    sk_arena_clear(&slot->items);
    slot->t = (sk_tensor){.data = NULL};
    slot->capacity = 0;
    slot->given = 0;
    return SK_OK;
}

/* An optional input that was not given is absent; all items of the others have to be there. */
sk_status sk_check_given(sk_model *model, int i) {
    const sk_value *declared = model->ir.main->inputs[i];
    sk_tensor *t = &model->inputs[i].t;
    if (!model->inputs[i].given) {
        if (!declared->optional)
            return sk_fail(&model->error, SK_NAME, "input '%s' is missing", declared->name);
        const uint8_t type = declared->type.type ? declared->type.type : SK_FLOAT32;
        *t = (sk_tensor){.type = type, .kind = SK_ABSENT, .data = t->data};
    }
    const sk_tensor *items = t->data;
    const int n = t->kind == SK_SEQUENCE ? t->dims[0] : t->kind == SK_MAP ? 2 : 0;
    for (int k = 0; k < n; k++)
        if (!items[k].data)
            return sk_fail(&model->error, SK_NAME, "input '%s' lacks item %d", declared->name, k);
    if (t->kind == SK_MAP && items[0].dims[0] != items[1].dims[0])
        return sk_fail(&model->error, SK_SHAPE, "input '%s' has %d keys and %d values", declared->name,
                       (int)items[0].dims[0], (int)items[1].dims[0]);
    return SK_OK;
}
