/* TreeEnsembleRegressor, TreeEnsembleClassifier and TreeEnsemble: blocks of rows go down tree after tree, so
 * that a tree is read from memory once a block. Sums are doubles, in the order of the trees. */
#include <string.h>

#include "ops/tree.h"

/* Rows of a block: as many as keep their features in the first cache, or nearly. */
#define MOST_ROWS 64
static size_t block_rows(size_t features) {
    return features <= 128 ? MOST_ROWS : features <= 1024 ? 16 : SK_TREE_LANES;
}

static sk_status tree_infer(sk_infer *c) {
    const sk_forest *f = c->node->params;
    int32_t rows, features;
    SK_TRY(sk_ml_rows_in(c, &rows, &features));
    if (features >= 0 && (uint32_t)features < f->features)
        return sk_bad_shape(c, "a tree compares feature %u of %d", (unsigned)f->features - 1, (int)features);
    if (c->node->op->param == SK_TREE_CLASSIFIER) return sk_ml_class_out(c, &f->labels, rows, f->targets);
    const int64_t dims[2] = {rows, f->targets};
    return sk_set_out(c, 0, c->node->op->param == SK_TREE_ENSEMBLE ? c->in[0]->type : SK_FLOAT32, 2, dims);
}

/* Of one thread: features and scores of a block, and which scores somebody voted for. */
typedef struct block {
    size_t rows;
    double *x, *score;
    uint8_t *voted;
} block;

static sk_status tree_prepare(sk_prepare *p) {
    const sk_forest *f = p->node->params;
    size_t rows, features, per_row, bytes;
    sk_ml_size(p->in[0], &rows, &features);
    /* features, and scores with what marks them, rounded up to whole doubles */
    if (!sk_add(features, (size_t)f->targets, &per_row) ||
        !sk_add(per_row, (size_t)f->targets / 8 + 1, &per_row) ||
        !sk_mul(per_row, block_rows(features) * sizeof(double), &bytes) ||
        !sk_mul(bytes, (size_t)p->threads, &p->scratch)) {
        return sk_node_fail(p->node, p->err, SK_LIMIT, "too many features or targets");
    }
    if (!rows) p->scratch = 0;
    return SK_OK;
}

/* What the leaf's votes do to a row's scores. */
static void vote(const sk_forest *f, const sk_vote *v, double *score, uint8_t *voted) {
    if (v->target < 0) return;
    for (;; v++) {
        double *s = &score[v->target];
        if (f->aggregate <= SK_TREE_SUM) *s += v->weight;
        else if (!voted[v->target] || (f->aggregate == SK_TREE_MIN ? v->weight < *s : v->weight > *s))
            *s = v->weight;
        voted[v->target] = 1;
        if (v->last) return;
    }
}

static void add_trees(const sk_forest *f, const block *b, size_t features) {
    const size_t targets = (size_t)f->targets;
    const int sums = f->single && f->aggregate <= SK_TREE_SUM;
    uint32_t leaf[MOST_ROWS];
    for (size_t tree = 0; tree < f->n_trees; tree++) {
        if (f->flags) sk_tree_walk_flags(f->nodes, f->roots[tree], f->members, b->x, features, b->rows, leaf);
        else sk_tree_walk(f->nodes, f->roots[tree], b->x, features, b->rows, leaf);
        if (sums)
            for (size_t i = 0; i < b->rows; i++) b->score[i] += f->votes[leaf[i]].weight;
        else
            for (size_t i = 0; i < b->rows; i++)
                vote(f, &f->votes[leaf[i]], b->score + i * targets, b->voted + i * targets);
    }
}

static double base_at(const sk_forest *f, size_t i) { return i < f->base.n ? sk_list_real(&f->base, i) : 0; }

static void finish_regression(const sk_run *r, const sk_forest *f, size_t row, double *score) {
    for (size_t i = 0; i < (size_t)f->targets; i++) {
        if (f->aggregate == SK_TREE_AVERAGE) score[i] /= (double)f->n_trees;
        score[i] += base_at(f, i);
    }
    sk_ml_transform(f->post, score, (size_t)f->targets);
    sk_ml_put_scores(r, 0, row, score, (size_t)f->targets);
}

/* Two classes and votes for one of them only: its score decides, above 0 or, where no weight is negative,
 * above one half. Votes for class 0 then mean class 1, as exporters of boosted trees write them. */
static size_t finish_binary(const sk_forest *f, double *score) {
    const double s = score[f->voted];
    if (f->voted == 0 && f->base.n < 2) sk_ml_both(f->post, score, f->has_sign);
    else sk_ml_transform(f->post, score, 2);
    return s > (f->has_sign ? 0 : 0.5);
}

/* The largest score, among the classes that a leaf of this row voted for. */
static void finish_classes(const sk_run *r, const sk_forest *f, size_t row, double *score,
                           const uint8_t *voted) {
    const size_t n = (size_t)f->targets;
    size_t best = n;
    for (size_t i = 0; i < n; i++) {
        score[i] += base_at(f, i);
        if ((voted[i] || i < f->base.n) && (best == n || score[i] > score[best])) best = i;
    }
    if (n == 2 && f->one_voted) best = finish_binary(f, score);
    else sk_ml_transform(f->post, score, n);
    sk_ml_put_label(r, &f->labels, row, best < n ? best : 0);
    sk_ml_put_scores(r, 1, row, score, n);
}

typedef struct tree_work {
    const sk_run *r;
    size_t rows, features, block;
} tree_work;

static void tree_part(const void *work, size_t begin, size_t end, int thread) {
    const tree_work *w = work;
    const sk_forest *f = w->r->node->params;
    const size_t targets = (size_t)f->targets, doubles = w->block * (w->features + targets + targets / 8 + 1);
    block b = {.x = (double *)w->r->scratch + (size_t)thread * doubles};
    b.score = b.x + w->block * w->features;
    b.voted = (uint8_t *)(b.score + w->block * targets);
    for (size_t at = begin * w->block; at < w->rows && at < end * w->block; at += w->block) {
        const size_t left = w->rows - at, rows = left < w->block ? left : w->block;
        b.rows = (rows + SK_TREE_LANES - 1) / SK_TREE_LANES * SK_TREE_LANES; /* the last ones mean nothing */
        sk_ml_doubles(w->r->in[0], at * w->features, b.x, rows * w->features);
        memset(b.x + rows * w->features, 0, (b.rows - rows) * w->features * sizeof *b.x);
        memset(b.score, 0, b.rows * targets * sizeof *b.score);
        memset(b.voted, 0, b.rows * targets);
        add_trees(f, &b, w->features);
        for (size_t i = 0; i < rows; i++) {
            double *score = b.score + i * targets;
            if (w->r->node->op->param == SK_TREE_CLASSIFIER)
                finish_classes(w->r, f, at + i, score, b.voted + i * targets);
            else finish_regression(w->r, f, at + i, score);
        }
    }
}

static sk_status tree_run(sk_run *r) {
    const sk_forest *f = r->node->params;
    tree_work w = {.r = r};
    sk_ml_size(r->in[0], &w.rows, &w.features);
    w.block = block_rows(w.features);
    /* about 2 ns a step down, all in all */
    const double row_ns = (double)f->n_trees * (4 + 2 * f->depth);
    sk_split(r->pool, (w.rows + w.block - 1) / w.block, row_ns * (double)w.block, tree_part, &w);
    return SK_OK;
}

const sk_impl sk_impl_tree = {
    .import = sk_forest_import, .infer = tree_infer, .prepare = tree_prepare, .run = tree_run};
