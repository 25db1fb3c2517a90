/* 8-bit weights into panels (pack8.h): once per model for constants, at each run for a computed operand. */
#include "kernels/pack8.h"

#include <string.h>

#include "core/heap.h"

/* Sums of two groups are added before they are widened. */
static size_t padded_k(sk_i8_form form, size_t k) {
    const size_t unit = form == SK_I8_BOTH7 ? 8 : sk_i8_group(form);
    return (k + unit - 1) / unit * unit;
}

size_t sk_i8_panel_bytes(sk_i8_form form, size_t k) {
    size_t bytes;
    if (k > SIZE_MAX - 7 || !sk_mul(padded_k(form, k), SK_I8_PANEL, &bytes)) return 0;
    return sk_add(bytes, sizeof(sk_i8_panel), &bytes) ? bytes : 0;
}

int sk_i8_panels_bytes(const sk_i8_panels *p, size_t *bytes) {
    const size_t panel = sk_i8_panel_bytes(p->form, p->k);
    return panel && sk_mul(panel, p->n / SK_I8_PANEL + (p->n % SK_I8_PANEL != 0), bytes);
}

static void *panel_at(const sk_i8_panels *p, size_t col) {
    return (char *)p->data + col / SK_I8_PANEL * sk_i8_panel_bytes(p->form, p->k);
}

void sk_i8_pack_begin(const sk_i8_panels *p) {
    size_t bytes;
    if (sk_i8_panels_bytes(p, &bytes)) memset(p->data, 0, bytes);
}

/* What is added to a weight's byte before it is stored; modulo 256. */
static int32_t shift_of(sk_i8_form form, int is_signed) {
    return (is_signed ? 0 : -128) + (form == SK_I8_W7 ? 64 : 0);
}

void sk_i8_pack_piece(const sk_i8_panels *p, const sk_i8_piece *piece) {
    const size_t group = sk_i8_group(p->form);
    const uint8_t shift = (uint8_t)shift_of(p->form, p->is_signed);
    for (size_t j = 0; j < piece->cols; j++) {
        const size_t col = piece->col + j;
        uint8_t *to = (uint8_t *)panel_at(p, col) + sizeof(sk_i8_panel) + col % SK_I8_PANEL * group;
        const uint8_t *b = piece->b + j * piece->b_col;
        for (size_t k = piece->row; k < piece->row + piece->rows; k++, b += piece->b_row)
            to[k / group * group * SK_I8_PANEL + k % group] = (uint8_t)(*b + shift);
    }
}

static int32_t zero_of(const sk_i8_columns *c, size_t i, int is_signed) {
    if (!c->zeros) return 0;
    if (c->n_zeros == 1) i = 0;
    return is_signed ? ((const int8_t *)c->zeros)[i] : ((const uint8_t *)c->zeros)[i];
}

static void set_column(sk_i8_panel *panel, size_t at, const sk_i8_columns *c, size_t i) {
    panel->bias[at] = c->bias ? c->bias[i] : 0;
    panel->scale[at] = c->scales ? c->scales[c->n_scales == 1 ? 0 : i] : 1;
    panel->addend[at] = c->addend ? c->addend[i] : 0;
}

/* Of one column as stored. */
static uint32_t column_sum(const sk_i8_panels *p, const uint8_t *weights) {
    const size_t group = sk_i8_group(p->form);
    uint32_t sum = 0;
    for (size_t k = 0; k < p->k; k += group, weights += group * SK_I8_PANEL)
        for (size_t i = 0; i < group; i++) sum += (uint32_t)(int8_t)weights[i];
    return sum;
}

void sk_i8_pack_columns(const sk_i8_panels *p, const sk_i8_columns *c) {
    const uint32_t k = (uint32_t)p->k;
    for (size_t j = 0; j < p->n; j++) {
        sk_i8_panel *panel = panel_at(p, j);
        const size_t at = j % SK_I8_PANEL;
        const int32_t zero = zero_of(c, j, p->is_signed) + shift_of(p->form, p->is_signed);
        const uint8_t *weights = (const uint8_t *)(panel + 1) + at * sk_i8_group(p->form);
        set_column(panel, at, c, j);
        panel->zero[at] = zero;
        panel->sum[at] = (int32_t)(column_sum(p, weights) - k * (uint32_t)zero);
    }
}

/* ---- depthwise ---- */

size_t sk_i8_dw_panel_bytes(size_t kh, size_t kw) {
    size_t pairs, last, bytes;
    if (!sk_mul(kh / 2, kw, &pairs) || !sk_mul(kh % 2 * 2, kw / 2 + kw % 2, &last)) return 0;
    if (!sk_add(pairs, last, &pairs) || !sk_mul(pairs, 2 * SK_I8_PANEL * sizeof(int16_t), &bytes)) return 0;
    return sk_add(bytes, sizeof(sk_i8_panel), &bytes) ? bytes : 0;
}

/* to: the first of two weights of pair 0. */
static void set_weight(int16_t *to, size_t pair, size_t which, int32_t weight) {
    to[pair * 2 * SK_I8_PANEL + which] = (int16_t)weight;
}

void sk_i8_pack_dw(const sk_i8_dw_weights *w, void *packed) {
    const size_t size = sk_i8_dw_panel_bytes(w->kh, w->kw), upright = w->kh / 2 * w->kw;
    memset(packed, 0, (w->channels + SK_I8_PANEL - 1) / SK_I8_PANEL * size);
    for (size_t c = 0; c < w->channels; c++) {
        sk_i8_panel *panel = (sk_i8_panel *)((char *)packed + c / SK_I8_PANEL * size);
        const size_t at = c % SK_I8_PANEL;
        int16_t *to = (int16_t *)(panel + 1) + 2 * at;
        const uint8_t *from = w->weights + c * w->kh * w->kw;
        const int32_t zero = zero_of(&w->columns, c, w->is_signed);
        for (size_t i = 0; i < w->kh * w->kw; i++) {
            const int32_t weight = (w->is_signed ? (int8_t)from[i] : from[i]) - zero;
            const size_t y = i / w->kw, x = i % w->kw;
            panel->sum[at] += weight;
            if (y < w->kh / 2 * 2) {
                set_weight(to, y / 2 * w->kw + x, y % 2, weight);
                continue;
            }
            set_weight(to, upright + x / 2, x % 2, weight);
            set_weight(to, upright + (w->kw + 1) / 2 + (x + 1) / 2, 1 - x % 2, weight);
        }
        set_column(panel, at, &w->columns, c);
    }
}
