#include "sha256.h"

#include <string.h>

static const uint32_t round_keys[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void add_block(uint32_t state[8], const uint8_t *p) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++, p += 4)
        w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    for (int i = 16; i < 64; i++) {
        const uint32_t x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
               (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i += 8)
        for (int j = 0; j < 8; j++) { /* unrolled; instead of the words their names rotate */
#define S(k) s[((k) - j) & 7]
            const uint32_t t = S(7) + (rotate(S(4), 6) ^ rotate(S(4), 11) ^ rotate(S(4), 25)) +
                               ((S(4) & S(5)) ^ (~S(4) & S(6))) + round_keys[i + j] + w[i + j];
            S(3) += t;
            S(7) = t + (rotate(S(0), 2) ^ rotate(S(0), 13) ^ rotate(S(0), 22)) +
                   ((S(0) & S(1)) ^ (S(0) & S(2)) ^ (S(1) & S(2)));
#undef S
        }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

void sk_sha256_add(sk_sha256 *hash, const uint8_t *data, size_t size) {
    if (hash->size == 0) memcpy(hash->state, start, sizeof start);
    const size_t filled = (size_t)(hash->size % 64);
    hash->size += size;
    if (filled) {
        const size_t room = 64 - filled, part = size < room ? size : room;
        memcpy(hash->block + filled, data, part);
        if (part < room) return;
        add_block(hash->state, hash->block);
        data += part;
        size -= part;
    }
    for (; size >= 64; data += 64, size -= 64) add_block(hash->state, data);
    memcpy(hash->block, data, size);
}

void sk_sha256_text(sk_sha256 *hash, char text[SK_SHA256_TEXT]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const uint8_t end[64] = {0x80};
    const uint64_t bits = hash->size * 8;
    uint8_t length[8], bytes[33] = {0}; /* one zero more: base64 takes threes */
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sk_sha256_add(hash, end, 1 + (size_t)((119 - hash->size % 64) % 64));
    sk_sha256_add(hash, length, sizeof length);
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
    memcpy(text, "sha256-", 7);
    text += 7;
    for (int i = 0; i < 33; i += 3) {
        const uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        for (int j = 18; j >= 0; j -= 6) *text++ = digits[three >> j & 63];
    }
    text[-1] = '=';
    *text = 0;
}
