/* The interface of tools.h. */
#include "tools.h"

#include "formats/onnx.h"
#include "formats/onnx_writer.h"
#include "passes/opset.h"

#define USUAL_PERCENTILE 99.99

static sk_status begin(sk_model *model) {
    SK_TRY(sk_begin(model));
    if (model->options.portable) return SK_OK;
    return sk_fail(&model->error, SK_STATE, "the model was not loaded for tools");
}

sk_status sk_write_model(sk_model *model, const sk_writer *writer) {
    SK_TRY(begin(model));
    const sk_sink sink = {writer->write, writer->user};
    SK_TRY(sk_raise_opset(&model->ir, 0, &model->error)); /* validation expands older forms into newer ones */
    return sk_onnx_write(&model->ir, sink, &model->heap, &model->error);
}

sk_status sk_observe(sk_model *model, sk_observation what) {
    SK_TRY(begin(model));
    return sk_observer_start(model, what);
}

/* ---- quantization ---- */

/* The model once more, in which operators that it spells out are one. */
static sk_status read_again(sk_model *model, sk_ir *seen, const char *exclude) {
    static sk_status (*const passes[])(sk_ir *, sk_error *) = {
        sk_validate,  sk_pass_tidy, sk_pass_infer,     sk_pass_fold, sk_pass_softmax,
        sk_pass_norm, sk_pass_gate, sk_pass_attention, sk_pass_fuse, sk_pass_sweep};
    SK_TRY(sk_onnx_read(seen, &model->heap, &model->error));
    SK_TRY(sk_quantize_check(seen, exclude, &model->error));
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) SK_TRY(passes[i](seen, &model->error));
    return SK_OK;
}

static sk_status find_ranges(sk_model *model, const sk_quantize_options *o, sk_range *ranges) {
    const sk_observer *observer = model->observer;
    if (!observer || !observer->runs)
        return sk_fail(&model->error, SK_VALUE, "no calibration data was given");
    const int levels = o->how.activations == SK_ACTIVATIONS_U7 ? 128 : 256;
    for (int32_t i = 0; i < observer->n; i++) {
        const sk_watch *w = &observer->watch[i];
        ranges[i] = (sk_range){.lo = w->lo, .hi = w->hi, .broken = w->broken};
        if (w->lo <= w->hi)
            sk_choose_range(w, o->method, levels, o->percentile > 0 ? o->percentile : USUAL_PERCENTILE,
                            &ranges[i].lo, &ranges[i].hi);
    }
    return SK_OK;
}

static sk_status quantize(sk_model *model, const sk_quantize_options *o, sk_ir *seen, sk_text *report) {
    const size_t n = (size_t)model->ir.main->n_values + 1;
    SK_TRY(read_again(model, seen, o->how.exclude));
    sk_range *ranges = sk_calloc(&model->heap, n, sizeof *ranges);
    if (!ranges) return sk_oom(&model->error, n * sizeof *ranges);
    sk_status status = o->how.form == SK_QUANTIZE_STATIC ? find_ranges(model, o, ranges) : SK_OK;
    model->rewritten = status == SK_OK;
    if (status == SK_OK) status = sk_quantize(&model->ir, seen, &o->how, ranges, report, &model->error);
    sk_free(&model->heap, ranges);
    return status;
}

sk_status sk_quantize_model(sk_model *model, const sk_quantize_options *options, const sk_writer *writer) {
    SK_TRY(begin(model));
    if (model->rewritten) return sk_fail(&model->error, SK_STATE, "the model was rewritten already");
    sk_ir seen = {
        .source = model->ir.source, .files = model->ir.files, .n_files = model->ir.n_files, .portable = 1};
    sk_text report;
    sk_text_init(&report, &model->heap);
    sk_arena_init(&seen.arena, &model->heap);
    sk_status status = quantize(model, options, &seen, &report);
    sk_arena_clear(&seen.arena);
    if (status == SK_OK && (report.failed || writer->write(writer->user, report.chars, report.length)))
        status = sk_oom(&model->error, report.length);
    sk_text_free(&report);
    return status;
}
