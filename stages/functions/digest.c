/*
 * digest.c - digests and checksums: OpenSSL, xxHash and zlib.
 */
#include <string.h>

#include <openssl/evp.h>
#include <xxhash.h>
#include <zlib.h>

#include "functions/functions.h"

#define SUBJECT "digests"

/* ---- digests: found once, since looking one up takes longer than using it ---- */

static int prepare(const char *name, void **ret_state, struct weir_err *err)
{
    EVP_MD *digest = EVP_MD_fetch(NULL, name, NULL);
    if (digest == NULL)
        return weir_err_set(err, WEIR_ECONFIG, "OpenSSL does not offer %s here", name);
    *ret_state = digest;
    return 0;
}

static int prepare_md5(const struct weir_value *constant, void **ret_state, struct weir_err *err)
{
    (void)constant;
    return prepare("MD5", ret_state, err);
}

static int prepare_sha1(const struct weir_value *constant, void **ret_state, struct weir_err *err)
{
    (void)constant;
    return prepare("SHA1", ret_state, err);
}

static int prepare_sha256(const struct weir_value *constant, void **ret_state, struct weir_err *err)
{
    (void)constant;
    return prepare("SHA256", ret_state, err);
}

static int prepare_sha512(const struct weir_value *constant, void **ret_state, struct weir_err *err)
{
    (void)constant;
    return prepare("SHA512", ret_state, err);
}

static void release(void *state)
{
    EVP_MD_free(state);
}

static void give_hex(struct weir_call *call, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char *to = weir_call_room(call, 2 * n);
    if (to == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 0xF];
    }
    weir_call_give_text(call, to, 2 * n);
}

static void digest(struct weir_call *call)
{
    struct weir_value x = weir_call_text(call, 0);
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned n;
    if (EVP_Digest(x.data, x.length, bytes, &n, weir_call_state(call), NULL) == 1)
        give_hex(call, bytes, n);
    else
        weir_call_fail(call, -1, "OpenSSL has refused to compute a digest");
}

/* ---- checksums ---- */

static void crc(struct weir_call *call)
{
    struct weir_value x = weir_call_text(call, 0);
    weir_call_give_integer(call, (int64_t)crc32(0, (const Bytef *)x.data, x.length));
}

/* In hexadecimal: an integer has no room for all of its values. */
static void xxh(struct weir_call *call)
{
    struct weir_value x = weir_call_text(call, 0);
    XXH64_canonical_t bytes;
    XXH64_canonicalFromHash(&bytes, XXH64(x.data, x.length, 0));
    give_hex(call, bytes.digest, sizeof(bytes.digest));
}

/* ---- the table ---- */

#define DIGEST(name, called, example)                                                              \
    {                                                                                              \
        {#name, SUBJECT, #name "(x)", called " of the bytes of x, in hexadecimal", example}, "t",  \
            1, WEIR_TEXT, prepare_##name, release, digest                                          \
    }

const struct weir_function weir__functions_digest[] = {
    {{"crc32", SUBJECT, "crc32(x)", "the CRC-32 of the bytes of x, as zlib and gzip have it",
      "crc32('abc') -> 891568578"},
     "t",
     1,
     WEIR_INTEGER,
     NULL,
     NULL,
     crc},
    DIGEST(md5, "the MD5", "md5('abc') -> 900150983cd24fb0d6963f7d28e17f72"),
    DIGEST(sha1, "the SHA-1", "sha1('abc') -> a9993e364706816aba3e25717850c26c9cd0d89d"),
    DIGEST(sha256, "the SHA-256",
           "sha256('abc') -> ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    DIGEST(sha512, "the SHA-512", "left(sha512('abc'), 16) -> ddaf35a193617aba"),
    {{"xxh64", SUBJECT, "xxh64(x)", "the XXH64 of the bytes of x with seed 0, in hexadecimal",
      "xxh64('abc') -> 44bc2cf5ad770999"},
     "t",
     1,
     WEIR_TEXT,
     NULL,
     NULL,
     xxh},
    {.help = {.name = NULL}},
};
