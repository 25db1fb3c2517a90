/* ValueInfoProto: name and type of a graph's input or output; TypeProto. */
#include "formats/onnx_reader.h"

static sk_status read_dim(sk_onnx *r, const sk_field *field, sk_onnx_value_info *info) {
    if (info->type.rank == SK_MAX_RANK)
        return sk_fail(r->err, SK_UNSUPPORTED, "an input or output has more than %d dimensions", SK_MAX_RANK);
    const int axis = info->type.rank++;
    info->type.dims[axis] = -1;
    info->symbols[axis] = NULL;
    sk_message m;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "TensorShapeProto", &m));
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        if (inner.number == 1) { /* dim_value; some exporters write -1 for an unknown one */
            SK_TRY(sk_wire_want(&r->wire, &inner, SK_VARINT, "Dimension"));
            if ((int64_t)inner.value > INT32_MAX)
                return sk_fail(r->err, SK_LIMIT, "an input or output has a dimension of %llu",
                               (unsigned long long)inner.value);
            info->type.dims[axis] = (int64_t)inner.value < 0 ? -1 : (int32_t)inner.value;
        } else if (inner.number == 2) { /* dim_param */
            SK_TRY(sk_onnx_intern(r, &inner, "Dimension", &info->symbols[axis]));
            if (!inner.size) info->symbols[axis] = NULL;
        }
    }
    return SK_OK;
}

static sk_status read_tensor_type(sk_onnx *r, const sk_field *field, sk_onnx_value_info *info) {
    sk_message m, dims;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "TypeProto", &m));
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        if (inner.number == 1) { /* elem_type */
            SK_TRY(sk_wire_want(&r->wire, &inner, SK_VARINT, "TypeProto.Tensor"));
            if (inner.value >= SK_TYPE_COUNT)
                return sk_fail(r->err, SK_UNSUPPORTED,
                               "an input or output has element type %llu, which is not known",
                               (unsigned long long)inner.value);
            info->type.type = (uint8_t)inner.value;
        } else if (inner.number == 2) { /* shape; one without dimensions is a scalar's */
            info->type.rank = 0;
            SK_TRY(sk_wire_open(&r->wire, &inner, SK_BYTES, "TypeProto.Tensor", &dims));
            while (dims.at < dims.end) {
                SK_TRY(sk_wire_next(&r->wire, &dims, &inner));
                if (inner.number == 1) SK_TRY(read_dim(r, &inner, info));
            }
        }
    }
    return SK_OK;
}

/* The fields of TypeProto: what sort of value it is. */
enum { TENSOR = 1, SEQUENCE = 4, MAP = 5, DENOTATION = 6, SPARSE = 8, OPTIONAL = 9 };

static sk_status read_map_type(sk_onnx *r, const sk_field *field, sk_onnx_value_info *info, int depth) {
    sk_message m;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "TypeProto", &m));
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        if (inner.number == 1) {
            SK_TRY(sk_wire_want(&r->wire, &inner, SK_VARINT, "TypeProto.Map"));
            if (inner.value != SK_STRING && inner.value != SK_INT64)
                return sk_fail(r->err, SK_UNSUPPORTED, "a map whose keys are of type %llu",
                               (unsigned long long)inner.value);
            info->keys = (uint8_t)inner.value;
        } else if (inner.number == 2) {
            SK_TRY(sk_onnx_type_read(r, &inner, info, depth + 1));
        }
    }
    return SK_OK;
}

/* Sequences and optionals: what they hold stands in field 1. */
static sk_status read_element_type(sk_onnx *r, const sk_field *field, sk_onnx_value_info *info, int depth) {
    sk_message m;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "TypeProto", &m));
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        if (inner.number == 1) SK_TRY(sk_onnx_type_read(r, &inner, info, depth + 1));
    }
    return SK_OK;
}

static void become_list(sk_onnx_value_info *info, int kind) {
    info->type.kind = (uint8_t)kind;
    info->type.rank = 1;
    info->type.dims[0] = -1;
    info->symbols[0] = NULL;
}

sk_status sk_onnx_type_read(sk_onnx *r, const sk_field *field, sk_onnx_value_info *info, int depth) {
    sk_message m;
    if (depth > 3) return sk_fail(r->err, SK_UNSUPPORTED, "a type within types within types");
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "ValueInfoProto", &m));
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        switch (inner.number) {
        case TENSOR: SK_TRY(read_tensor_type(r, &inner, info)); break;
        case SEQUENCE:
            SK_TRY(read_element_type(r, &inner, info, depth));
            if (info->type.kind == SK_SEQUENCE)
                return sk_fail(r->err, SK_UNSUPPORTED, "a sequence of sequences");
            become_list(info, SK_SEQUENCE);
            break;
        case MAP:
            SK_TRY(read_map_type(r, &inner, info, depth));
            become_list(info, SK_MAP);
            break;
        case OPTIONAL:
            SK_TRY(read_element_type(r, &inner, info, depth));
            info->optional = 1;
            break;
        case SPARSE: return sk_fail(r->err, SK_UNSUPPORTED, "an input or output is a sparse tensor");
        default: break;
        }
    }
    return SK_OK;
}

sk_status sk_onnx_value_info_read(sk_onnx *r, const sk_field *field, sk_onnx_value_info *info) {
    *info = (sk_onnx_value_info){.type = sk_unknown_tensor()};
    sk_message m;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "GraphProto", &m));
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        if (inner.number == 1) info->name = inner;
        if (inner.number == 2) SK_TRY(sk_onnx_type_read(r, &inner, info, 0));
    }
    if (info->name.size) return SK_OK;
    return sk_fail(r->err, SK_MALFORMED, "an input or output has no name");
}
