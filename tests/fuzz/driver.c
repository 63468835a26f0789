/*
 * driver.c - runs a fuzz target where there is no libFuzzer: on the files that are given, or on
 * texts made from a seed, the same for the same arguments.
 *
 *     NAME [--rounds N] [--seed N] [FILE...]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static uint64_t seed = 1;

static size_t below(size_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % n);
}

/* Most of it is text, and most quotes are where they may be. */
static size_t random_text(uint8_t *text)
{
    static const char *const pieces[] = {"a",    "bcd",     ",",    "\n",     "\r\n", "\"",
                                         "\"\"", "\",\"",   "\"\n", "\",",    ",\"",  " ",
                                         "\r",   "\"a\"\"", ",\"x", "\n\"\n", "\t,"};
    size_t n = 2 + below(below(4) ? 300 : TEXT_MAX), at = 0;
    size_t kinds = 1 + below(sizeof(pieces) / sizeof(pieces[0]));
    text[at++] = (uint8_t)below(256);
    text[at++] = (uint8_t)below(256);
    while (at < n) {
        const char *piece = pieces[below(kinds)];
        size_t length = strlen(piece);
        if (below(10) == 0)
            text[at++] = below(20) ? 'x' : 0;
        memcpy(text + at, piece, length);
        at += length;
    }
    return at;
}

static int run_file(const char *path)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t n = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return LLVMFuzzerTestOneInput(bytes, n);
}

int main(int argc, char **argv)
{
    uint64_t rounds = 20000;
    int files = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10) | 1;
        } else if (run_file(argv[i]) == 0) {
            files++;
        } else {
            return 1;
        }
    }
    for (uint64_t i = 0; i < rounds && files == 0; i++) {
        static uint8_t text[TEXT_MAX + 16];
        LLVMFuzzerTestOneInput(text, random_text(text));
    }
    return 0;
}
