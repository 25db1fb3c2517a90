/* Working memory: every value and scratch area of a plan gets an offset. Greedy by size (Pisarchyk and Lee,
 * "Efficient Memory Management for Deep Neural Net Inference", 2020): the largest first, each at the lowest
 * offset where it overlaps nothing that is alive at the same time. */
#include <string.h>

#include "runtime/model.h"

#define GAP 64 /* alignment of offsets: a cache line */

typedef struct area {
    size_t size, offset;
    int32_t first, last;
    sk_slot *slot; /* NULL: the scratch of step `first` */
} area;

typedef int precedes(const area *a, const area *b);

static int by_offset(const area *a, const area *b) { return a->offset < b->offset; }

static int by_size(const area *a, const area *b) {
    return a->size != b->size ? a->size > b->size : a->first < b->first;
}

/* Shell's: short, and plans have thousands of areas at most. */
static void sort(area *areas, int n, precedes *before) {
    for (int gap = n / 2; gap > 0; gap = gap < 4 ? gap / 2 : gap * 5 / 11)
        for (int i = gap; i < n; i++) {
            const area a = areas[i];
            int at = i;
            for (; at >= gap && before(&a, &areas[at - gap]); at -= gap) areas[at] = areas[at - gap];
            areas[at] = a;
        }
}

/* Lowest offset for `a` beside placed[0..n), which is sorted by offset. */
static size_t find_offset(const area *placed, int n, const area *a) {
    size_t offset = 0;
    for (int i = 0; i < n; i++) {
        const area *other = &placed[i];
        if (other->last < a->first || other->first > a->last) continue;
        if (other->offset >= offset + a->size) return offset; /* fits before it; later ones start no lower */
        if (other->offset + other->size > offset) offset = other->offset + other->size;
    }
    return offset;
}

static void insert(area *placed, int n, const area *a) {
    int at = n;
    while (at && placed[at - 1].offset > a->offset) at--;
    memmove(placed + at + 1, placed + at, (size_t)(n - at) * sizeof *placed);
    placed[at] = *a;
}

static size_t rounded(size_t size) { return (size + GAP - 1) & ~(size_t)(GAP - 1); }

/* Roots that steps [from, to) made, and with scratch their scratch areas; returns how many. */
static int collect(const sk_plan *plan, int from, int to, int with_scratch, area *areas) {
    int n = 0;
    for (int i = from; i < to; i++) {
        const sk_step *step = &plan->steps[i];
        for (int j = 0; j < step->node->n_outputs; j++) {
            sk_slot *slot = step->out_slots[j];
            if (!slot || slot->root != slot || slot->place != SK_PLACED) continue;
            areas[n++] = (area){rounded(sk_nbytes(&slot->t)), slot->offset, slot->first, slot->last, slot};
            if (plan->model->options.check) areas[n - 1].last = INT32_MAX;
        }
        if (with_scratch && step->scratch) areas[n++] = (area){rounded(step->scratch), 0, i, i, NULL};
    }
    return n;
}

sk_status sk_place_segment(sk_plan *plan, sk_error *err) {
    sk_heap *heap = &plan->model->heap;
    const int first = sk_last_segment(plan)->first_step;
    size_t most = 1;
    for (int i = 0; i < plan->n_steps; i++) most += (size_t)plan->steps[i].node->n_outputs + 1;
    area *areas = sk_calloc(heap, 2 * most, sizeof *areas);
    if (!areas) return sk_oom(err, 2 * most * sizeof *areas);
    area *placed = areas + most;
    int n_placed = collect(plan, 0, first, 0, placed);
    sort(placed, n_placed, by_offset);
    const int n = collect(plan, first, plan->n_steps, 1, areas);
    sort(areas, n, by_size);
    sk_status status = SK_OK;
    for (int i = 0; i < n && status == SK_OK; i++) {
        area *a = &areas[i];
        a->offset = find_offset(placed, n_placed, a);
        insert(placed, n_placed++, a);
        if (a->slot) a->slot->offset = a->offset;
        else plan->steps[a->first].scratch_offset = a->offset;
        size_t end;
        if (!sk_add(a->offset, a->size, &end) || end > SK_MAX_TENSOR_BYTES * 2)
            status = sk_fail(err, SK_LIMIT, "these input shapes need more than 2 GiB of working memory");
        else if (end > plan->memory) plan->memory = end;
    }
    sk_free(heap, areas);
    return status;
}

void sk_point(sk_plan *plan, char *base) {
    const sk_model *model = plan->model;
    plan->base = base;
    for (int pass = 0; pass < 2; pass++) /* roots first, then what is named after them */
        for (int id = 0; id < model->ir.n_graphs; id++) {
            for (int i = 0; plan->scopes[id] && i < model->graphs[id]->n_values; i++) {
                sk_slot *slot = &plan->scopes[id][i];
                if (pass && slot->root != slot) slot->t.data = slot->root->t.data;
                else if (!pass && slot->root == slot && slot->place == SK_PLACED)
                    slot->t.data = base + slot->offset;
            }
        }
}
