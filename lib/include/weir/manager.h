/*
 * manager.h - dictionaries, lists, namespaces, counters and queues that a process of their own holds
 * and others reach over a Unix socket: Manager of Python's multiprocessing.
 *
 *     struct weir_manager *manager;
 *     weir_manager_start(&manager, NULL, &err);
 *     struct weir_proxy totals = weir_proxy(manager, WEIR_DICTIONARY, "totals");
 *     weir_proxy_open(&totals, 0, &err);
 *     weir_proxy_set(&totals, weir_text("north"), weir_integer(7), &err);
 *     weir_proxy_get(&totals, weir_text("north"), &found, &err);
 *
 * A child, or any process of the same user, connects by the manager's name, and finds an object by
 * the object's. Each call is one request and one answer, and as a whole comes before or after each
 * other call.
 *
 * Always true: whatever client dies, in the middle of whatever, the others go on, and what it asked
 * for was done, whole, or was not. When the server is gone, however it went, every call, those that
 * wait too, returns WEIR_EUNAVAILABLE. It goes with the process that started it.
 *
 * Memory is bounded: what the objects hold by `memory_bytes`, and for each client, of which there are
 * 1024 at most, one message each way.
 *
 * A connection belongs to the process that made it, and to one thread at a time: a forked child makes
 * one of its own. Times are as in sync.h. Errors are negative, err may be NULL.
 */
#ifndef WEIR_MANAGER_H
#define WEIR_MANAGER_H

#include <string.h>

#include <weir/process.h>

/* ---- what objects hold ---- */

enum weir_datum_kind {
    WEIR_IS_NOTHING,
    WEIR_IS_BYTES,
    WEIR_IS_TEXT, /* without NUL */
    WEIR_IS_INTEGER,
    WEIR_IS_DOUBLE,
    WEIR_IS_LIST,
    WEIR_IS_MAP,
};

/* Bytes and text that come from a manager have a NUL behind them, which is not counted. Nothing
 * stands for what is not there, and is not within lists and maps. At most 32 levels. */
struct weir_datum {
    enum weir_datum_kind kind;
    union {
        int64_t integer;
        double number;
        __extension__ struct { /* bytes, text */
            const char *bytes;
            size_t size;
        };
        __extension__ struct {              /* list, map */
            const struct weir_datum *items; /* of a map keys and values in turn, ordered by keys */
            size_t count;                   /* items, or pairs */
        };
    };
};

static inline struct weir_datum weir_nothing(void)
{
    struct weir_datum datum = {WEIR_IS_NOTHING, {0}};
    return datum;
}

static inline struct weir_datum weir_integer(int64_t integer)
{
    struct weir_datum datum = {WEIR_IS_INTEGER, {integer}};
    return datum;
}

static inline struct weir_datum weir_double(double number)
{
    struct weir_datum datum = {WEIR_IS_DOUBLE, {0}};
    datum.number = number;
    return datum;
}

static inline struct weir_datum weir_bytes(const void *bytes, size_t size)
{
    struct weir_datum datum = {WEIR_IS_BYTES, {0}};
    datum.bytes = (const char *)bytes;
    datum.size = size;
    return datum;
}

static inline struct weir_datum weir_text(const char *text)
{
    struct weir_datum datum = {WEIR_IS_TEXT, {0}};
    datum.bytes = text;
    datum.size = strlen(text);
    return datum;
}

static inline struct weir_datum weir_list(const struct weir_datum *items, size_t count)
{
    struct weir_datum datum = {WEIR_IS_LIST, {0}};
    datum.items = items;
    datum.count = count;
    return datum;
}

/* Keys are bytes, text or integers, each once, in any order. */
static inline struct weir_datum weir_map(const struct weir_datum *pairs, size_t count)
{
    struct weir_datum datum = {WEIR_IS_MAP, {0}};
    datum.items = pairs;
    datum.count = count;
    return datum;
}

/* The value of a key of a map, NULL: it has no such key. */
WEIR_PUBLIC const struct weir_datum *weir_map_find(const struct weir_datum *map,
                                                   struct weir_datum key);

/* ---- the manager ---- */

struct weir_manager;

/* Zeroed: the default method, a name of its own, 256 MiB, 1 MiB. */
struct weir_manager_options {
    enum weir_start_method method;
    const char *name;     /* less than 64 bytes; of this user's, one at a time has it */
    size_t memory_bytes;  /* what all objects may hold */
    size_t message_bytes; /* a request or an answer, at most; 2^10 to 2^30 */
};

/* WEIR_ECANTCREATE: the name is taken; WEIR_EUSAGE, WEIR_EOS: as weir_process_start. */
WEIR_PUBLIC int weir_manager_start(struct weir_manager **ret,
                                   const struct weir_manager_options *options,
                                   struct weir_err *err);

/* WEIR_EUNAVAILABLE: there is no manager of that name, or it is not this user's. */
WEIR_PUBLIC int weir_manager_connect(struct weir_manager **ret, const char *name,
                                     struct weir_err *err);

/* Closes the connection. In the process that started the server, ends that too. */
WEIR_PUBLIC void weir_manager_release(struct weir_manager *manager);

/* What others connect by. Borrowed. */
WEIR_PUBLIC const char *weir_manager_name(const struct weir_manager *manager);

/* The server, NULL in who did not start it: for weir_process_fd. */
WEIR_PUBLIC struct weir_process *weir_manager_process(const struct weir_manager *manager);

/* ---- objects ---- */

enum weir_object_kind {
    WEIR_DICTIONARY, /* places are keys: bytes, text or integers */
    WEIR_NAMESPACE,  /* places are text */
    WEIR_LIST,       /* places are integers: from 0, or from the end with -1 */
    WEIR_COUNTER,    /* an integer or a double, 0 at first; has no places */
    WEIR_QUEUE,
};

/* What stands for an object in this process; needs no release. */
struct weir_proxy {
    struct weir_manager *manager;
    enum weir_object_kind kind;
    const char *name; /* less than 64 bytes; stays the caller's */
};

static inline struct weir_proxy weir_proxy(struct weir_manager *manager, enum weir_object_kind kind,
                                           const char *name)
{
    struct weir_proxy proxy = {manager, kind, name};
    return proxy;
}

/*
 * Makes the object unless it is there. limit: (queue) messages in it, 0: no limit; 0 for others.
 *
 * All of these functions return WEIR_ENOINPUT: there is no such object; WEIR_EUSAGE: it is of another
 * kind, or that cannot be done with it, or a message would be too large; WEIR_EOS: the objects hold
 * as much as they may; WEIR_EUNAVAILABLE: the server is gone.
 */
WEIR_PUBLIC int weir_proxy_open(const struct weir_proxy *proxy, size_t limit, struct weir_err *err);

/* Who waits at it is told WEIR_ENOINPUT. */
WEIR_PUBLIC int weir_proxy_delete(const struct weir_proxy *proxy, struct weir_err *err);

/* Pairs, items, or messages. */
WEIR_PUBLIC int weir_proxy_size(const struct weir_proxy *proxy, size_t *ret, struct weir_err *err);

/*
 * Dictionary, namespace, list, counter. `at` is a place; nothing is the whole object: a map, a list,
 * a number. What comes back stays until the next call on the same connection, unless it is a number.
 */

/* Nothing, if nothing is there. */
WEIR_PUBLIC int weir_proxy_get(const struct weir_proxy *proxy, struct weir_datum at,
                               struct weir_datum *ret, struct weir_err *err);

/* Of a list, a place that is there. */
WEIR_PUBLIC int weir_proxy_set(const struct weir_proxy *proxy, struct weir_datum at,
                               struct weir_datum value, struct weir_err *err);

/* Takes it away, and gives what was there, or nothing; ret may be NULL. */
WEIR_PUBLIC int weir_proxy_remove(const struct weir_proxy *proxy, struct weir_datum at,
                                  struct weir_datum *ret, struct weir_err *err);

/* Sets the value if `expected` is there: of the same kind, the same bytes. Expecting nothing, sets
 * what is not there; a value of nothing removes. If something else is there returns WEIR_DIFFERENT,
 * and *ret (may be NULL) is that. */
WEIR_PUBLIC int weir_proxy_compare_set(const struct weir_proxy *proxy, struct weir_datum at,
                                       struct weir_datum expected, struct weir_datum value,
                                       struct weir_datum *ret, struct weir_err *err);

/* Adds a number to the number there, from 0 if there is nothing, and gives the sum; ret may be NULL.
 * Integers add to an integer, which may not overflow. */
WEIR_PUBLIC int weir_proxy_add(const struct weir_proxy *proxy, struct weir_datum at,
                               struct weir_datum number, struct weir_datum *ret,
                               struct weir_err *err);

/* List: before the place, which moves up with all behind it; at nothing: at the end. */
WEIR_PUBLIC int weir_proxy_insert(const struct weir_proxy *proxy, struct weir_datum at,
                                  struct weir_datum value, struct weir_err *err);

/* ---- queues ---- */

/* WEIR_TIMED_OUT: there was no room in time; WEIR_CLOSED. */
WEIR_PUBLIC int weir_proxy_put(const struct weir_proxy *proxy, struct weir_datum value,
                               int64_t timeout_ms, struct weir_err *err);

/* The first message, for who has waited longest. WEIR_TIMED_OUT: none came in time; WEIR_CLOSED:
 * the queue is closed and empty, which everybody is told. Who dies while it waits takes nothing. */
WEIR_PUBLIC int weir_proxy_take(const struct weir_proxy *proxy, struct weir_datum *ret,
                                int64_t timeout_ms, struct weir_err *err);

/* Nothing can be put in from now on. */
WEIR_PUBLIC int weir_proxy_close(const struct weir_proxy *proxy, struct weir_err *err);

#endif
