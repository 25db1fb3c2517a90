/* DFT and STFT. Both transform lines of numbers, in double whatever the type: a Stockham FFT of any mix of
 * small radices, and by Bluestein's way, as a convolution of a power of two's length, where a prime factor is
 * too large for that. Tables are made with the plan. */
#include "core/maths.h"
#include "ops/elementwise.h"
#include "ops/window.h"

#define MAX_RADIX 31 /* a radix costs its square; beyond, Bluestein's three transforms are cheaper */
#define PI 3.14159265358979323846

typedef struct cx {
    double re, im;
} cx;

typedef struct fft {
    size_t n, size;     /* numbers of a line; of the FFT behind it: n, or Bluestein's power of two */
    cx *turn;           /* exp(-2 pi i k / size) */
    cx *chirp, *filter; /* Bluestein: exp(-pi i k^2 / n), and the transform of its conjugate; or NULL */
    uint8_t stages, radix[32];
} fft;

/* ---- the FFT ---- */

/* a *= b */
static void multiply(cx *a, const cx *b) {
    *a = (cx){a->re * b->re - a->im * b->im, a->re * b->im + a->im * b->re};
}

static void unit(cx *to, double angle) {
    to->re = sk_cos(angle);
    to->im = sk_sin(angle);
}

/* The transform of a's `size` numbers, in a or b. */
static cx *mixed_radix(const fft *f, cx *a, cx *b) {
    size_t s = 1;
    for (int i = 0; i < f->stages; i++) {
        const size_t p = f->radix[i], m = f->size / s / p;
        for (size_t out = 0; out < f->size; out++) {
            const size_t k = out % s, j = out / s % p, q = out / s / p;
            const cx *from = a + k + s * q;
            cx sum = {0, 0};
            for (size_t t = 0, turned = 0; t < p; t++) {
                const cx x = from[t * s * m], w = f->turn[turned];
                sum.re += x.re * w.re - x.im * w.im;
                sum.im += x.re * w.im + x.im * w.re;
                turned += j * (f->size / p);
                if (turned >= f->size) turned -= f->size;
            }
            multiply(&sum, f->turn + q * j * s);
            b[out] = sum;
        }
        s *= p;
        cx *swap = a;
        a = b;
        b = swap;
    }
    return a;
}

/* The transform of a's n numbers, in a or b; both have room for `size`. */
static cx *transform(const fft *f, cx *a, cx *b) {
    if (!f->chirp) return mixed_radix(f, a, b);
    for (size_t k = 0; k < f->n; k++) multiply(a + k, f->chirp + k);
    for (size_t k = f->n; k < f->size; k++) a[k] = (cx){0, 0};
    cx *c = mixed_radix(f, a, b), *d = c == a ? b : a;
    const double scale = 1 / (double)f->size;
    for (size_t k = 0; k < f->size; k++) { /* the inverse, by conjugates */
        multiply(c + k, f->filter + k);
        c[k].im = -c[k].im;
    }
    c = mixed_radix(f, c, d);
    for (size_t k = 0; k < f->n; k++) {
        c[k] = (cx){c[k].re * scale, -c[k].im * scale};
        multiply(c + k, f->chirp + k);
    }
    return c;
}

/* Splits size into radices; 0 when a prime factor is too large. */
static int find_stages(fft *f, size_t size) {
    f->stages = 0;
    f->size = size;
    for (size_t p = 2; size > 1; p++) {
        if (p > MAX_RADIX) return 0;
        for (; size % p == 0; size /= p) f->radix[f->stages++] = (uint8_t)p;
    }
    return 1;
}

static sk_status table(sk_prepare *p, size_t count, cx **out) {
    size_t bytes;
    *out = NULL;
    if (!sk_mul(count, sizeof(cx), &bytes)) bytes = SIZE_MAX;
    if (bytes <= SK_MAX_TENSOR_BYTES) *out = sk_prepare_alloc(p, bytes);
    if (*out) return SK_OK;
    sk_oom(p->err, bytes);
    return SK_OUT_OF_MEMORY;
}

static sk_status bluestein_ready(sk_prepare *p, fft *f) {
    cx *spare;
    SK_TRY(table(p, f->n, &f->chirp));
    SK_TRY(table(p, f->size, &f->filter));
    SK_TRY(table(p, f->size, &spare));
    for (uint64_t k = 0; k < f->n; k++) {
        cx *back = f->filter + k;
        unit(f->chirp + k, -PI * (double)(k * k % (2 * f->n)) / (double)f->n);
        *back = (cx){f->chirp[k].re, -f->chirp[k].im};
        if (k) f->filter[f->size - k] = *back;
    }
    f->filter = mixed_radix(f, f->filter, spare);
    return SK_OK;
}

/* The tables for n numbers, and scratch for each thread at *scratch. */
static sk_status fft_ready(sk_prepare *p, fft *f, size_t n, size_t *scratch) {
    size_t bytes, size = 1;
    f->n = n;
    const int bluestein = !find_stages(f, n);
    while (bluestein && size < 2 * n && size <= SK_MAX_TENSOR_BYTES) size *= 2;
    if (bluestein) find_stages(f, size);
    SK_TRY(table(p, f->size, &f->turn));
    if (!sk_mul(2 * f->size * sizeof(cx), (size_t)p->threads, &bytes) || !sk_scratch_take(p, bytes, scratch))
        return sk_oom(p->err, SIZE_MAX);
    for (size_t k = 0; k < f->size; k++) unit(f->turn + k, -2 * PI * (double)k / (double)f->size);
    return bluestein ? bluestein_ready(p, f) : SK_OK;
}

/* ---- lines ---- */

/* Line l starts at (l / per) * outer + (l % per) * inner, its numbers are `step` apart; counted in numbers of
 * `parts` elements. */
typedef struct walk {
    size_t per, outer, inner, step, parts;
} walk;

typedef struct lines {
    fft f;
    walk x, y;
    size_t read, write; /* numbers of a line that are there, and that are wanted */
    size_t scratch;
    uint8_t inverse, mirrored; /* mirrored: the upper half is the lower one's conjugate */
} lines;

typedef struct lines_work {
    const lines *s;
    const sk_tensor *x, *y, *window; /* window NULL: none */
    cx *scratch;
} lines_work;

static size_t line_start(const walk *w, size_t line) {
    return line / w->per * w->outer + line % w->per * w->inner;
}

/* For the inverse both parts change places, before and after. */
static void read_line(const lines_work *w, size_t line, cx *a) {
    const lines *s = w->s;
    const size_t n = s->f.n, first = line_start(&s->x, line);
    for (size_t k = 0; k < s->read; k++) {
        const size_t at = (first + k * s->x.step) * s->x.parts;
        const double factor = w->window ? sk_number_at(w->window, k) : 1;
        const double re = factor * sk_number_at(w->x, at);
        const double im = s->x.parts == 2 ? factor * sk_number_at(w->x, at + 1) : 0;
        a[k] = s->inverse ? (cx){im, re} : (cx){re, im};
    }
    for (size_t k = s->read; k < n; k++) a[k] = (cx){0, 0};
    for (size_t k = n / 2 + 1; s->mirrored && k < n; k++) a[k] = (cx){-a[n - k].re, a[n - k].im};
}

static void lines_part(const void *work, size_t begin, size_t end, int thread) {
    const lines_work *w = work;
    const lines *s = w->s;
    cx *a = w->scratch + 2 * s->f.size * (size_t)thread, *b = a + s->f.size;
    const double scale = s->inverse ? 1 / (double)s->f.n : 1;
    for (size_t line = begin; line < end; line++) {
        read_line(w, line, a);
        const cx *c = transform(&s->f, a, b);
        const size_t first = line_start(&s->y, line);
        for (size_t k = 0; k < s->write; k++) {
            const size_t at = (first + k * s->y.step) * s->y.parts;
            sk_put_number(w->y, at, scale * (s->inverse ? c[k].im : c[k].re));
            if (s->y.parts == 2) sk_put_number(w->y, at + 1, scale * (s->inverse ? c[k].re : c[k].im));
        }
    }
}

static sk_status run_lines(sk_run *r, const sk_tensor *window) {
    const lines *s = r->state;
    const sk_tensor *y = r->out[0];
    if (!sk_numel(y)) return SK_OK;
    const lines_work w = {s, r->in[0], y, window, (cx *)((char *)r->scratch + s->scratch)};
    sk_split(r->pool, sk_numel(y) / (s->write * s->y.parts), 20.0 * (double)s->f.size, lines_part, &w);
    return SK_OK;
}

/* ---- DFT ---- */

typedef struct dft_params {
    int64_t axis;
    uint8_t inverse, onesided;
} dft_params;

static sk_status dft_import(sk_import *c) {
    dft_params *params = sk_params(c, sizeof *params);
    int64_t inverse, onesided;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", 1, &params->axis));
    SK_TRY(sk_want_int(c, "inverse", 0, &inverse));
    SK_TRY(sk_want_int(c, "onesided", 0, &onesided));
    params->inverse = inverse != 0;
    params->onesided = onesided != 0;
    return SK_OK;
}

/* The axis (-1: not known now) and the transform's length (-1 too). The input's rank must be known. */
static sk_status dft_sizes(const sk_infer *c, int *axis, int64_t *n) {
    const dft_params *params = c->node->params;
    const sk_tensor *x = c->in[0], *given = c->n_in > 2 ? c->in[2] : NULL;
    int64_t at = c->node->op->param ? -2 : params->axis;
    *axis = -1;
    SK_TRY(sk_size_input(c, 1, 1, n));
    SK_TRY(sk_want_ints(c, 2, "axis"));
    if (given && sk_known_ints(given, &at, 1) != 1) return SK_OK;
    SK_TRY(sk_axis_in(c, at, x->rank, axis));
    if (*axis == x->rank - 1) return sk_bad_shape(c, "axis %lld is that of the parts", (long long)at);
    if ((c->n_in > 1 && c->in[1]) || x->dims[*axis] < 0) return SK_OK;
    *n = params->inverse && params->onesided ? 2 * ((int64_t)x->dims[*axis] - 1) : x->dims[*axis];
    return *n > 0 ? SK_OK : sk_bad_shape(c, "axis %d is too short", *axis);
}

static sk_status dft_infer(sk_infer *c) {
    const dft_params *params = c->node->params;
    const sk_tensor *x = c->in[0];
    int64_t n, dims[SK_MAX_RANK];
    int axis;
    sk_set_out_type(c, 0, x->type);
    if (x->rank < 0) return SK_OK;
    if (x->rank < 2) return sk_bad_shape(c, "input %pT has no axis to transform", x);
    const int32_t parts = x->dims[x->rank - 1];
    if (parts == 0 || parts > 2) return sk_bad_shape(c, "input %pT", x);
    if (params->onesided && parts > 0 && parts != 1 + params->inverse)
        return sk_bad_shape(c, "onesided of %s", parts == 1 ? "real frequencies" : "complex numbers");
    SK_TRY(dft_sizes(c, &axis, &n));
    for (int i = 0; i < x->rank; i++) dims[i] = axis < 0 ? -1 : x->dims[i];
    if (axis >= 0) dims[axis] = n >= 0 && params->onesided && !params->inverse ? n / 2 + 1 : n;
    dims[x->rank - 1] = params->onesided && params->inverse ? 1 : 2;
    return sk_set_out(c, 0, x->type, x->rank, dims);
}

static sk_status dft_prepare(sk_prepare *p) {
    const dft_params *params = p->node->params;
    const sk_tensor *x = p->in[0], *y = p->out[0];
    lines *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    int64_t n;
    int axis;
    SK_TRY(dft_sizes(&p->shapes, &axis, &n));
    if (axis < 0 || n < 1) return sk_bad_shape(&p->shapes, "axis or dft_length is not known");
    if (!sk_numel(y)) return SK_OK;
    const size_t inner = sk_span(x, axis + 1, x->rank - 1), in = (size_t)x->dims[axis];
    s->inverse = params->inverse;
    s->mirrored = params->inverse && params->onesided;
    s->write = (size_t)y->dims[axis];
    s->read = s->mirrored ? (size_t)n / 2 + 1 : (size_t)n;
    s->read = in < s->read ? in : s->read;
    s->x = (walk){inner, in * inner, 1, inner, (size_t)x->dims[x->rank - 1]};
    s->y = (walk){inner, s->write * inner, 1, inner, (size_t)y->dims[y->rank - 1]};
    return fft_ready(p, &s->f, (size_t)n, &s->scratch);
}

static sk_status dft_run(sk_run *r) { return run_lines(r, NULL); }

/* param 0: opset 17, the axis an attribute; 1: 20, an input */
const sk_impl sk_impl_dft = {
    .import = dft_import, .infer = dft_infer, .prepare = dft_prepare, .run = dft_run};

/* ---- STFT ---- */

static sk_status stft_import(sk_import *c) {
    int64_t *onesided = sk_params(c, sizeof *onesided);
    return onesided ? sk_want_int(c, "onesided", 1, onesided) : SK_OUT_OF_MEMORY;
}

/* Numbers of a frame and between frames, -1 where not known now. */
static sk_status stft_sizes(const sk_infer *c, int64_t *length, int64_t *step) {
    const sk_tensor *x = c->in[0], *window = c->n_in > 2 ? c->in[2] : NULL;
    SK_TRY(sk_size_input(c, 1, 1, step));
    SK_TRY(sk_size_input(c, 3, 1, length));
    if (c->n_in > 3 && c->in[3]) return SK_OK;
    *length = window ? (window->rank == 1 ? window->dims[0] : -1) : x->dims[1];
    return *length ? SK_OK : sk_bad_shape(c, "frames without length");
}

static sk_status stft_infer(sk_infer *c) {
    const int64_t onesided = *(const int64_t *)c->node->params;
    const sk_tensor *x = c->in[0], *window = c->n_in > 2 ? c->in[2] : NULL;
    int64_t length, step;
    sk_set_out_type(c, 0, x->type);
    if (x->rank < 0) return SK_OK;
    /* the parts' axis may be missing from real signals, as onnxruntime has it */
    if (x->rank < 2 || x->rank > 3 || (x->rank == 3 && (x->dims[2] == 0 || x->dims[2] > 2)))
        return sk_bad_shape(c, "signal %pT", x);
    if (onesided && x->rank == 3 && x->dims[2] == 2) return sk_bad_shape(c, "onesided of complex numbers");
    if (window && window->rank >= 0 && window->rank != 1) return sk_bad_shape(c, "window %pT", window);
    SK_TRY(sk_want_types(c, 2, SK_T_FLOATS));
    SK_TRY(stft_sizes(c, &length, &step));
    int64_t dims[4] = {x->dims[0], -1, length < 0 || !onesided ? length : length / 2 + 1, 2};
    if (length > 0 && x->dims[1] >= 0) {
        if (x->dims[1] < length)
            return sk_bad_shape(c, "signal %pT is shorter than a frame of %lld", x, (long long)length);
        if (step > 0) dims[1] = (x->dims[1] - length) / step + 1;
    }
    return sk_set_out(c, 0, x->type, 4, dims);
}

static sk_status stft_prepare(sk_prepare *p) {
    const sk_tensor *x = p->in[0], *y = p->out[0], *window = p->n_in > 2 ? p->in[2] : NULL;
    lines *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    int64_t length, step;
    SK_TRY(stft_sizes(&p->shapes, &length, &step));
    if (length < 1 || step < 1) return sk_bad_shape(&p->shapes, "frame_step or frame_length is not known");
    if (!sk_numel(y)) return SK_OK;
    const size_t frames = (size_t)y->dims[1];
    s->write = (size_t)y->dims[2];
    s->read = (size_t)length; /* a shorter window leaves zeros behind it */
    if (window && (size_t)window->dims[0] < s->read) s->read = (size_t)window->dims[0];
    s->x = (walk){frames, (size_t)x->dims[1], (size_t)step, 1, x->rank == 3 ? (size_t)x->dims[2] : 1};
    s->y = (walk){frames, frames * s->write, s->write, 1, 2};
    return fft_ready(p, &s->f, (size_t)length, &s->scratch);
}

static sk_status stft_run(sk_run *r) { return run_lines(r, r->n_in > 2 ? r->in[2] : NULL); }

const sk_impl sk_impl_stft = {
    .import = stft_import, .infer = stft_infer, .prepare = stft_prepare, .run = stft_run};
