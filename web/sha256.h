/* SHA-256 (FIPS 180-4) over pieces, for the loader's `integrity`: in the wasm because JavaScript's own cannot
 * take pieces and is absent on plain http, and because this is smaller and faster than the same in
 * JavaScript. */
#ifndef SK_WEB_SHA256_H
#define SK_WEB_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct sk_sha256 { /* all zero: nothing hashed yet */
    uint64_t size;         /* bytes so far */
    uint32_t state[8];
    uint8_t block[64];
} sk_sha256;

void sk_sha256_add(sk_sha256 *hash, const uint8_t *data, size_t size);
/* "sha256-" and the hash in base64, as in HTML's integrity attribute. Ends the hash. */
#define SK_SHA256_TEXT 52
void sk_sha256_text(sk_sha256 *hash, char text[SK_SHA256_TEXT]);

#endif
