/*
 * shared.h - memory that processes share: SharedMemory, Array and Value of Python's multiprocessing.
 *
 * It is zeroed, and reserved in full: what was created is there. It needs no room in /dev/shm. A
 * child that is forked has it at the same address; any process can attach it by its name, or by a
 * descriptor that it was given. What stands in it are offsets, not pointers.
 *
 * Always true: the memory is given back when the last process that has it is gone, however they
 * went. Only its creator takes its name away, by closing it, by unlinking it, or by dying: from then
 * on nobody finds it, and who has it keeps it.
 *
 * A name is a link below /dev/shm/weir-UID to the creator's descriptor in /proc. So it belongs to
 * one user, holds no memory by itself, and leads nowhere when the creator is gone. With `persist` it
 * is a file there, which stays until weir_shared_remove or the next boot.
 */
#ifndef WEIR_SHARED_H
#define WEIR_SHARED_H

#include <sys/types.h>

#include <weir/sync.h>

/* ---- SharedMemory ---- */

/* You may read everything. Zeroed, it may be closed. */
struct weir_shared {
    void *base;
    size_t bytes;
    int fd; /* to be given to other processes; -1: none */
    pid_t creator;
    bool persists;
    char name[64]; /* "": none */
};

/* name: letters, digits, '.', '-', '_', at most 63 of them; NULL: none, which is for children and
 * for who gets the descriptor. WEIR_ECANTCREATE: the name is taken; WEIR_EUSAGE: it cannot be one;
 * WEIR_EOS: memory. */
WEIR_PUBLIC int weir_shared_create(struct weir_shared *ret, const char *name, size_t bytes,
                                   bool persist, struct weir_err *err);

/* WEIR_ENOINPUT: there is none of that name, or its creator is gone. Nothing that fails here
 * changes what is there. */
WEIR_PUBLIC int weir_shared_attach(struct weir_shared *ret, const char *name, struct weir_err *err);

/* The descriptor stays the caller's. */
WEIR_PUBLIC int weir_shared_attach_fd(struct weir_shared *ret, int fd, struct weir_err *err);

/* In the creator, takes the name away, so that nobody attaches it any more. WEIR_EUSAGE: this
 * process did not create it. */
WEIR_PUBLIC int weir_shared_unlink(struct weir_shared *memory, struct weir_err *err);

/* Unmaps it in this process. In the creator, unlinks it too, unless it persists. */
WEIR_PUBLIC void weir_shared_close(struct weir_shared *memory);

/* Takes away a name that persists. WEIR_ENOINPUT: there is none. */
WEIR_PUBLIC int weir_shared_remove(const char *name, struct weir_err *err);

/* ---- Array and Value ---- */

#define WEIR_ARRAY_TYPES(X)                                                                        \
    X(INT8, int8_t)                                                                                \
    X(UINT8, uint8_t)                                                                              \
    X(INT16, int16_t)                                                                              \
    X(UINT16, uint16_t)                                                                            \
    X(INT32, int32_t)                                                                              \
    X(UINT32, uint32_t)                                                                            \
    X(INT64, int64_t)                                                                              \
    X(UINT64, uint64_t)                                                                            \
    X(FLOAT, float)                                                                                \
    X(DOUBLE, double)

enum weir_array_type {
#define WEIR_ARRAY_TYPE(name, type) WEIR_ARRAY_##name,
    WEIR_ARRAY_TYPES(WEIR_ARRAY_TYPE)
#undef WEIR_ARRAY_TYPE
};

/* Numbers in shared memory, with a lock beside them for who wants one. A Value is an Array of one.
 *
 *     double *numbers = array.data; */
struct weir_array {
    struct weir_shared memory;
    struct weir_lock *lock;
    void *data;
    size_t count;
};

/* All are zero at first. WEIR_EUSAGE: none, or more than there can be; WEIR_EOS: memory. */
WEIR_PUBLIC int weir_array_create(struct weir_array *ret, enum weir_array_type type, size_t count,
                                  struct weir_err *err);

/* WEIR_EUSAGE: it is no array, or one of another type. */
WEIR_PUBLIC int weir_array_attach_fd(struct weir_array *ret, enum weir_array_type type, int fd,
                                     struct weir_err *err);
/* As weir_shared_close. */
WEIR_PUBLIC void weir_array_close(struct weir_array *array);

/* ---- atomic operations, on numbers of any of these types ---- */

#define weir_atomic_load(at)                                                                       \
    __extension__({                                                                                \
        __typeof__(*(at)) weir_now;                                                                \
        __atomic_load((at), &weir_now, __ATOMIC_SEQ_CST);                                          \
        weir_now;                                                                                  \
    })

#define weir_atomic_store(at, number)                                                              \
    __extension__({                                                                                \
        __typeof__(*(at)) weir_new = (number);                                                     \
        __atomic_store((at), &weir_new, __ATOMIC_SEQ_CST);                                         \
    })

/* Returns what stood there before. */
#define weir_atomic_add(at, number)                                                                \
    __extension__({                                                                                \
        __typeof__(*(at)) weir_old, weir_new;                                                      \
        __atomic_load((at), &weir_old, __ATOMIC_RELAXED);                                          \
        do                                                                                         \
            weir_new = (__typeof__(*(at)))(weir_old + (number));                                   \
        while (!__atomic_compare_exchange((at), &weir_old, &weir_new, true, __ATOMIC_SEQ_CST,      \
                                          __ATOMIC_RELAXED));                                      \
        weir_old;                                                                                  \
    })

/* Stores the number if *expected stands there. If not, returns false, and *expected is what does. */
#define weir_atomic_compare_set(at, expected, number)                                              \
    __extension__({                                                                                \
        __typeof__(*(at)) weir_new = (number);                                                     \
        __atomic_compare_exchange((at), (expected), &weir_new, false, __ATOMIC_SEQ_CST,            \
                                  __ATOMIC_SEQ_CST);                                               \
    })

#endif
