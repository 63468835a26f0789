/*
 * Preloaded into the program: csv_parse dies of text that says so, as a parser with a defect would.
 *
 *     POISON-SEGV  POISON-ABRT  POISON-EXIT  POISON-HANG  POISON-EAT
 */
#define _GNU_SOURCE
#include <csv.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die_of(int signal_number)
{
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Until there is no more. */
static void eat(void)
{
    volatile char *bytes;
    while ((bytes = malloc(1 << 20)) != NULL)
        for (size_t at = 0; at < 1 << 20; at += 4096)
            bytes[at] = 1;
}

size_t csv_parse(struct csv_parser *p, const void *s, size_t len,
                 void (*cb1)(void *, size_t, void *), void (*cb2)(int, void *), void *data)
{
    static size_t (*real)(struct csv_parser *, const void *, size_t,
                          void (*)(void *, size_t, void *), void (*)(int, void *), void *);
    const char *found = memmem(s, len, "POISON-", 7);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "csv_parse");
    if (found == NULL || len - (size_t)(found - (const char *)s) < 11)
        return real(p, s, len, cb1, cb2, data);
    switch (found[7]) {
    case 'S': die_of(SIGSEGV); break;
    case 'A': die_of(SIGABRT); break;
    case 'H':
        for (;;)
            pause();
    case 'E':
        if (found[8] == 'X')
            _exit(3);
        eat();
        p->status = CSV_ENOMEM;
        return 0;
    }
    return real(p, s, len, cb1, cb2, data);
}
