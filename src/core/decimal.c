/* Numbers as decimal text; see decimal.h. Every double is a whole number times a power of two, so its decimal
 * digits end, after 767 at most: they are all written out, in a field so wide that numbers of one exponent
 * stand digit below digit. Comparing is then comparing text, and rounding is cutting. That is slow next to
 * the usual algorithms (about 2 us a number, 60 us for the very smallest), but small, and plainly right. */
#include "core/decimal.h"

#include <string.h>

#include "core/maths.h"

#define LIMBS 88 /* of nine digits each */
#define WIDTH (9 * LIMBS)

typedef struct digits {
    char at[WIDTH]; /* 0 .. 9, the last one counting 10^-fraction */
    int fraction;
} digits;

/* m * 2^e, m below 2^57, -1076 <= e <= 971. */
static void expand(uint64_t m, int e, digits *d) {
    uint32_t limb[LIMBS] = {(uint32_t)(m % 1000000000), (uint32_t)(m / 1000000000)};
    int used = 2;
    d->fraction = e < 0 ? -e : 0;
    /* 2^-1 is 5 / 10; as many factors at once as a limb holds */
    const uint32_t factor = e < 0 ? 5 : 2, most = e < 0 ? 13 : 29;
    for (uint32_t left = (uint32_t)(e < 0 ? -e : e); left;) {
        uint32_t by = 1;
        for (uint32_t i = 0; i < most && left; i++, left--) by *= factor;
        uint64_t carry = 0;
        for (int i = 0; i < used || carry; i++) {
            carry += (uint64_t)limb[i] * by;
            limb[i] = (uint32_t)(carry % 1000000000);
            carry /= 1000000000;
            if (i >= used) used = i + 1;
        }
    }
    for (int i = 0, at = WIDTH; i < LIMBS; i++)
        for (int k = 0; k < 9; k++, limb[i] /= 10) d->at[--at] = (char)(limb[i] % 10);
}

static int first_digit(const digits *d) {
    int i = 0;
    while (i < WIDTH && !d->at[i]) i++;
    return i;
}

/* ---- printing ---- */

/* value to `count` digits from `first` on, into rounded. */
static void round_at(const digits *value, int first, int count, digits *rounded) {
    const int end = first + count;
    memcpy(rounded, value, sizeof *rounded);
    if (end >= WIDTH) return;
    memset(rounded->at + end, 0, (size_t)(WIDTH - end));
    int up = value->at[end] >= 5; /* a tie is never what is shortest, or either side is as good */
    for (int i = end - 1; up; i--) {
        up = ++rounded->at[i] > 9;
        if (up) rounded->at[i] = 0;
    }
}

/* The shortest digits that lie between the neighbours' middles, both multiples of 2^(e - 2). */
static void shortest(uint64_t m, int e, int uneven, digits *found) {
    digits low, value, high;
    const int open = (int)(m & 1); /* a middle itself is read as the even neighbour */
    expand(4 * m - (uneven ? 1 : 2), e - 2, &low);
    expand(4 * m, e - 2, &value);
    expand(4 * m + 2, e - 2, &high);
    const int first = first_digit(&value);
    for (int count = 1; count <= 17; count++) {
        round_at(&value, first, count, found);
        if (memcmp(low.at, found->at, WIDTH) < 1 - open && memcmp(found->at, high.at, WIDTH) < 1 - open)
            return;
    }
}

static size_t put_exponent(char *dst, int exponent) {
    size_t n = 0;
    const int size = exponent < 0 ? -exponent : exponent;
    dst[n++] = 'e';
    dst[n++] = exponent < 0 ? '-' : '+';
    if (size >= 100) dst[n++] = (char)('0' + size / 100);
    dst[n++] = (char)('0' + size / 10 % 10);
    dst[n++] = (char)('0' + size % 10);
    return n;
}

size_t sk_print_real(char dst[SK_REAL_TEXT], double x, const sk_real_format *format) {
    size_t n = 0;
    digits d;
    if (signbit(x) && x == x) dst[n++] = '-';
    x = fabs(x);
    if (!isfinite(x)) {
        for (const char *name = x != x ? "NaN" : "INF"; *name; name++) dst[n++] = *name;
        return n;
    }
    if (x == 0) {
        dst[n++] = '0';
        return n;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> 52) - 1023 - (format->bits - 1);
    if (e < format->least) e = format->least;
    const uint64_t m = (uint64_t)sk_scale2(x, -e);
    shortest(m, e, m == (uint64_t)1 << (format->bits - 1) && e > format->least, &d);
    const int first = first_digit(&d), exponent = WIDTH - d.fraction - first - 1;
    int last = WIDTH - 1;
    while (!d.at[last]) last--;
    const int plain = exponent >= -4 && exponent < 16;
    int i = plain && exponent < 0 ? first + exponent : first; /* zeros before the first digit */
    const int point = plain ? WIDTH - d.fraction : first + 1; /* stands before this digit */
    for (; i <= last || i < point; i++) {
        if (i == point) dst[n++] = '.';
        dst[n++] = (char)('0' + d.at[i]);
    }
    return plain ? n : n + put_exponent(dst + n, exponent);
}

/* ---- reading ---- */

/* A decimal as it was read: 0.digits * 10^point, and perhaps something more behind the last digit. */
typedef struct decimal {
    char digit[WIDTH];
    int n, point, more;
} decimal;

/* The sign of value - (the middle of the doubles with these bits and the next). */
static int against_middle(const decimal *value, uint64_t bits) {
    digits d;
    const uint64_t exponent = bits >> 52, part = bits & (((uint64_t)1 << 52) - 1);
    const uint64_t m = exponent ? part | (uint64_t)1 << 52 : part;
    expand(2 * m + 1, (int)(exponent ? exponent : 1) - 1076, &d);
    const int first = first_digit(&d), point = WIDTH - first - d.fraction;
    if (value->point != point) return value->point < point ? -1 : 1;
    for (int i = 0; i < value->n || first + i < WIDTH; i++) {
        const int a = i < value->n ? value->digit[i] : 0, b = first + i < WIDTH ? d.at[first + i] : 0;
        if (a != b) return a < b ? -1 : 1;
    }
    return value->more;
}

/* The nearest double: from one that is near in steps to the next. */
static double nearest(const decimal *value) {
    if (value->n == 0 || value->point < -330) return 0;
    if (value->point > 310) return INFINITY;
    double x = 0;
    int count = value->n < 15 ? value->n : 15, power = value->point - count;
    for (int i = 0; i < count; i++) x = x * 10 + value->digit[i];
    const int exact = value->n <= 15 && power >= -22 && power <= 22;
    while (power) { /* powers up to 10^22 are doubles */
        const int size = power < 0 ? -power : power, step = size < 22 ? size : 22;
        double by = 1;
        for (int i = 0; i < step; i++) by *= 10;
        x = power < 0 ? x / by : x * by;
        power += power < 0 ? step : -step;
    }
    if (exact) return x;
    if (!isfinite(x)) x = 0x1.fffffffffffffp1023;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    for (int side; bits < (uint64_t)0x7ff << 52; bits++) {
        side = against_middle(value, bits);
        if (side < 0 || (!side && !(bits & 1))) break;
    }
    for (int side; bits; bits--) {
        side = against_middle(value, bits - 1);
        if (side > 0 || (!side && (bits - 1) & 1)) break;
    }
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* word is in small letters. */
static int is_word(const char *text, const char *end, const char *word) {
    for (; text < end && *word; text++, word++)
        if ((*text | 32) != *word) return 0;
    return text == end && !*word;
}

static int is_digit(const char *at, const char *end) { return at < end && *at >= '0' && *at <= '9'; }

/* Digits and a point; returns what follows, NULL without a digit. */
static const char *read_digits(const char *at, const char *end, decimal *value) {
    const char *start = at;
    int seen = 0, in_fraction = 0;
    for (; at < end && (is_digit(at, end) || (*at == '.' && !in_fraction)); at++) {
        if (*at == '.') {
            in_fraction = 1;
            continue;
        }
        seen = 1;
        if (value->n || *at != '0') {
            if (value->n < WIDTH) value->digit[value->n++] = (char)(*at - '0');
            else value->more |= *at != '0';
            if (!in_fraction && value->point < 100000) value->point++;
        } else if (in_fraction && value->point > -100000) value->point--;
    }
    return seen && at > start ? at : NULL;
}

int sk_parse_real(const char *text, size_t length, double *x) {
    const char *at = text, *end = text + length;
    decimal value = {.n = 0};
    const int negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    if (is_word(at, end, "inf") || is_word(at, end, "infinity")) *x = INFINITY;
    else if (is_word(at, end, "nan")) *x = NAN;
    else {
        at = read_digits(at, end, &value);
        if (!at) return 0;
        if (at < end && (*at | 32) == 'e') {
            int exponent = 0;
            at++;
            const int minus = at < end && *at == '-';
            if (at < end && (*at == '-' || *at == '+')) at++;
            if (!is_digit(at, end)) return 0;
            for (; is_digit(at, end); at++)
                if (exponent < 200000) exponent = exponent * 10 + (*at - '0');
            value.point += minus ? -exponent : exponent;
        }
        if (at != end) return 0;
        *x = nearest(&value);
    }
    if (negative) *x = -*x;
    return 1;
}
