/* Strings as elements; see characters.h. Unicode's table of letters with two cases has 1,400 rows; those of
 * the scripts that are much written are a few regular ranges. */
#include "ops/characters.h"

#include <string.h>

int sk_string_order(const sk_string *a, const sk_string *b) {
    const uint32_t common = a->length < b->length ? a->length : b->length;
    const int order = common ? memcmp(a->text, b->text, common) : 0;
    return order ? order : a->length < b->length ? -1 : a->length > b->length;
}

uint32_t sk_utf8_next(const char **at, const char *end) {
    const uint8_t first = (uint8_t)*(*at)++;
    const int more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (more == 0) return first;
    if (more < 0) return SK_NO_CODE + first;
    static const uint32_t least[] = {0x80, 0x800, 0x10000};
    uint32_t code = first & (0x3fu >> more);
    int i = 0;
    for (; i < more && *at + i < end && ((uint8_t)(*at)[i] & 0xc0) == 0x80; i++)
        code = code << 6 | ((uint8_t)(*at)[i] & 0x3f);
    if (i != more || first > 0xf4 || code < least[more - 1] || code >= SK_NO_CODE) return SK_NO_CODE + first;
    *at += more;
    return code;
}

size_t sk_utf8_put(char *dst, uint32_t code) {
    if (code < 0x80 || code >= SK_NO_CODE) {
        dst[0] = (char)code; /* SK_NO_CODE's last byte is 0 */
        return 1;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    dst[0] = (char)((0xff00u >> (more + 1)) | code >> (6 * more));
    for (int i = 1; i <= more; i++) dst[i] = (char)(0x80 | (code >> (6 * (more - i)) & 0x3f));
    return (size_t)more + 1;
}

/* Capitals first .. last, each one or (step 2) every other; their small letters are delta further. */
typedef struct case_range {
    uint16_t first, last;
    int16_t delta;
    uint8_t step;
} case_range;

static const case_range ranges[] = {
    {'A', 'Z', 32, 1},       {0xc0, 0xd6, 32, 1},     {0xd8, 0xde, 32, 1},     {0x100, 0x12e, 1, 2},
    {0x132, 0x136, 1, 2},    {0x139, 0x147, 1, 2},    {0x14a, 0x176, 1, 2},    {0x178, 0x178, -121, 1},
    {0x179, 0x17d, 1, 2},    {0x1cd, 0x1db, 1, 2},    {0x1de, 0x1ee, 1, 2},    {0x1f8, 0x21e, 1, 2},
    {0x222, 0x232, 1, 2},    {0x386, 0x386, 38, 1},   {0x388, 0x38a, 37, 1},   {0x38c, 0x38c, 64, 1},
    {0x38e, 0x38f, 63, 1},   {0x391, 0x3a1, 32, 1},   {0x3a3, 0x3ab, 32, 1},   {0x3d8, 0x3ee, 1, 2},
    {0x400, 0x40f, 80, 1},   {0x410, 0x42f, 32, 1},   {0x460, 0x480, 1, 2},    {0x48a, 0x4be, 1, 2},
    {0x4c0, 0x4c0, 15, 1},   {0x4c1, 0x4cd, 1, 2},    {0x4d0, 0x52e, 1, 2},    {0x531, 0x556, 48, 1},
    {0x1e00, 0x1e94, 1, 2},  {0x1ea0, 0x1efe, 1, 2},  {0x2160, 0x216f, 16, 1}, {0x24b6, 0x24cf, 26, 1},
    {0xff21, 0xff3a, 32, 1}, {0x130, 0x130, -199, 1},
};

/* Small letters whose capital is another's, too. */
static const uint16_t only_up[][2] = {{0xb5, 0x39c}, {0x131, 'I'}, {0x17f, 'S'}, {0x3c2, 0x3a3}};

uint32_t sk_lower(uint32_t code) {
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const case_range *r = &ranges[i];
        if (code >= r->first && code <= r->last && (code - r->first) % r->step == 0)
            return code + (uint32_t)r->delta;
    }
    return code;
}

uint32_t sk_upper(uint32_t code) {
    for (size_t i = 0; i < sizeof only_up / sizeof *only_up; i++)
        if (code == only_up[i][0]) return only_up[i][1];
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const case_range *r = &ranges[i];
        const uint32_t capital = code - (uint32_t)r->delta;
        if (capital >= r->first && capital <= r->last && (capital - r->first) % r->step == 0) return capital;
    }
    return code;
}
