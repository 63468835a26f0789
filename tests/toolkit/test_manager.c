#include <weir/manager.h>

#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/* toolkit */
#include "toolkit/manager_wire.h"

#include "toolkit/victim.h"

static struct weir_err err;
static struct weir_manager *manager;
static const enum weir_start_method methods[] = {WEIR_FORK, WEIR_SPAWN, WEIR_FORKSERVER};

#define DO(call) ck_assert_msg((call) == 0, "%s", err.text)

static void start_manager(const struct weir_manager_options *options)
{
    DO(weir_manager_start(&manager, options, &err));
}

static struct weir_proxy make(enum weir_object_kind kind, const char *name)
{
    struct weir_proxy proxy = weir_proxy(manager, kind, name);
    DO(weir_proxy_open(&proxy, 0, &err));
    return proxy;
}

static struct weir_manager *connect_anew(const char *name)
{
    struct weir_manager *connection;
    DO(weir_manager_connect(&connection, name, &err));
    return connection;
}

static void ck_integer(struct weir_datum datum, int64_t expected)
{
    ck_assert_int_eq(datum.kind, WEIR_IS_INTEGER);
    ck_assert_int_eq(datum.integer, expected);
}

static void ck_text(struct weir_datum datum, const char *expected)
{
    ck_assert_int_eq(datum.kind, WEIR_IS_TEXT);
    ck_assert_str_eq(datum.bytes, expected);
}

static size_t size_of(const struct weir_proxy *proxy)
{
    size_t size;
    DO(weir_proxy_size(proxy, &size, &err));
    return size;
}

static struct weir_datum read_at(const struct weir_proxy *proxy, struct weir_datum at)
{
    struct weir_datum datum;
    DO(weir_proxy_get(proxy, at, &datum, &err));
    return datum;
}

static void write_at(const struct weir_proxy *proxy, struct weir_datum at, struct weir_datum value)
{
    DO(weir_proxy_set(proxy, at, value, &err));
}

#define LIST(...)                                                                                  \
    weir_list((const struct weir_datum[]){__VA_ARGS__},                                            \
              sizeof((const struct weir_datum[]){__VA_ARGS__}) / sizeof(struct weir_datum))
#define MAP(...)                                                                                   \
    weir_map((const struct weir_datum[]){__VA_ARGS__},                                             \
             sizeof((const struct weir_datum[]){__VA_ARGS__}) / sizeof(struct weir_datum) / 2)

/* ---- values ---- */

START_TEST(test_a_value_of_each_kind_comes_back)
{
    start_manager(NULL);
    struct weir_proxy all = make(WEIR_DICTIONARY, "all");
    struct weir_datum inner = MAP(weir_text("z"), weir_bytes("a\0b", 3), weir_integer(-5),
                                  weir_double(0.5), weir_bytes("", 0), LIST(weir_text("")));
    write_at(&all, weir_text("k"), LIST(weir_integer(INT64_MIN), inner, weir_list(NULL, 0)));
    struct weir_datum list = read_at(&all, weir_text("k"));
    ck_assert_int_eq(list.kind, WEIR_IS_LIST);
    ck_assert_uint_eq(list.count, 3);
    ck_integer(list.items[0], INT64_MIN);
    ck_assert_uint_eq(list.items[2].count, 0);
    const struct weir_datum *map = &list.items[1];
    ck_assert_int_eq(map->kind, WEIR_IS_MAP);
    ck_assert_uint_eq(map->count, 3);
    const struct weir_datum *bytes = weir_map_find(map, weir_text("z"));
    ck_assert_int_eq(bytes->kind, WEIR_IS_BYTES);
    ck_assert_uint_eq(bytes->size, 3);
    ck_assert_mem_eq(bytes->bytes, "a\0b", 4);
    ck_assert_double_eq(weir_map_find(map, weir_integer(-5))->number, 0.5);
    ck_text(weir_map_find(map, weir_bytes(NULL, 0))->items[0], "");
    ck_assert_ptr_null(weir_map_find(map, weir_text("")));
}
END_TEST

START_TEST(test_what_is_no_value_is_refused)
{
    static struct weir_datum deep[40];
    start_manager(NULL);
    struct weir_proxy all = make(WEIR_DICTIONARY, "all");
    deep[39] = weir_integer(1);
    for (int i = 38; i >= 0; i--)
        deep[i] = weir_list(&deep[i + 1], 1);
    const struct weir_datum bad[] = {
        deep[0],
        deep[39 - 33],
        LIST(weir_nothing()),
        MAP(weir_text("a"), weir_integer(1), weir_text("a"), weir_integer(2)),
        MAP(weir_double(1), weir_integer(1)),
        {.kind = WEIR_IS_TEXT, .bytes = "a\0b", .size = 3},
        {.kind = (enum weir_datum_kind)99},
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_int_eq(weir_proxy_set(&all, weir_text("k"), bad[i], &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_set(&all, weir_text("k"), weir_nothing(), &err), WEIR_EUSAGE);
    write_at(&all, weir_text("k"), deep[39 - 32]);
    ck_assert_uint_eq(size_of(&all), 1);
}
END_TEST

/* ---- objects ---- */

START_TEST(test_a_dictionary)
{
    start_manager(NULL);
    struct weir_proxy all = make(WEIR_DICTIONARY, "all");
    struct weir_datum found;
    for (int i = 99; i >= 0; i--)
        write_at(&all, weir_integer(i), weir_integer(i * i));
    write_at(&all, weir_text("b"), weir_text("text"));
    write_at(&all, weir_text("ab"), weir_integer(1));
    write_at(&all, weir_text("a"), weir_text("old"));
    write_at(&all, weir_text("a"), weir_text("new"));
    ck_assert_uint_eq(size_of(&all), 103);
    ck_text(read_at(&all, weir_text("a")), "new");
    ck_assert_int_eq(read_at(&all, weir_text("c")).kind, WEIR_IS_NOTHING);
    ck_assert_int_eq(read_at(&all, weir_bytes("a", 1)).kind, WEIR_IS_NOTHING);

    struct weir_datum whole = read_at(&all, weir_nothing());
    ck_assert_int_eq(whole.kind, WEIR_IS_MAP);
    ck_assert_uint_eq(whole.count, 103);
    ck_text(whole.items[0], "a");
    ck_text(whole.items[2], "ab");
    ck_text(whole.items[4], "b");
    for (int i = 0; i < 100; i++) {
        ck_integer(whole.items[6 + 2 * i], i);
        ck_integer(whole.items[7 + 2 * i], i * i);
    }

    DO(weir_proxy_remove(&all, weir_text("b"), &found, &err));
    ck_text(found, "text");
    DO(weir_proxy_remove(&all, weir_text("b"), &found, &err));
    ck_assert_int_eq(found.kind, WEIR_IS_NOTHING);
    ck_assert_uint_eq(size_of(&all), 102);
    write_at(&all, weir_nothing(),
             MAP(weir_text("y"), weir_integer(2), weir_text("x"), LIST(found = weir_integer(3))));
    ck_assert_uint_eq(size_of(&all), 2);
    ck_integer(read_at(&all, weir_text("y")), 2);
    ck_assert_int_eq(weir_proxy_set(&all, weir_double(1), weir_integer(1), &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_set(&all, weir_nothing(), weir_integer(1), &err), WEIR_EUSAGE);
    ck_assert_uint_eq(size_of(&all), 2);
}
END_TEST

START_TEST(test_a_namespace_has_names_only)
{
    start_manager(NULL);
    struct weir_proxy names = make(WEIR_NAMESPACE, "names");
    write_at(&names, weir_text("x"), weir_double(1.5));
    ck_assert_double_eq(read_at(&names, weir_text("x")).number, 1.5);
    ck_assert_int_eq(weir_proxy_set(&names, weir_integer(1), weir_integer(1), &err), WEIR_EUSAGE);
    ck_assert_int_eq(
        weir_proxy_set(&names, weir_nothing(), MAP(weir_integer(1), weir_integer(1)), &err),
        WEIR_EUSAGE);
    ck_assert_uint_eq(size_of(&names), 1);
}
END_TEST

/* The list has these integers. */
static void ck_list(const struct weir_proxy *list, size_t count, const int64_t *expected)
{
    struct weir_datum whole = read_at(list, weir_nothing());
    ck_assert_int_eq(whole.kind, WEIR_IS_LIST);
    ck_assert_uint_eq(whole.count, count);
    for (size_t i = 0; i < count; i++)
        ck_integer(whole.items[i], expected[i]);
}

START_TEST(test_a_list)
{
    start_manager(NULL);
    struct weir_proxy list = make(WEIR_LIST, "list");
    struct weir_datum found;
    for (int i = 0; i < 5; i++)
        DO(weir_proxy_insert(&list, weir_nothing(), weir_integer(i), &err));
    DO(weir_proxy_insert(&list, weir_integer(0), weir_integer(10), &err));
    DO(weir_proxy_insert(&list, weir_integer(-1), weir_integer(11), &err));
    DO(weir_proxy_insert(&list, weir_integer(7), weir_integer(12), &err));
    ck_list(&list, 8, (int64_t[]){10, 0, 1, 2, 3, 11, 4, 12});
    DO(weir_proxy_remove(&list, weir_integer(0), &found, &err));
    ck_integer(found, 10);
    DO(weir_proxy_remove(&list, weir_integer(-2), NULL, &err));
    DO(weir_proxy_remove(&list, weir_integer(7), &found, &err));
    ck_assert_int_eq(found.kind, WEIR_IS_NOTHING);
    write_at(&list, weir_integer(-1), weir_integer(13));
    DO(weir_proxy_add(&list, weir_integer(0), weir_integer(20), &found, &err));
    ck_integer(found, 20);
    ck_list(&list, 6, (int64_t[]){20, 1, 2, 3, 11, 13});
    ck_integer(read_at(&list, weir_integer(-6)), 20);
    static const int64_t beyond[] = {6, -7, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < COUNT(beyond); i++) {
        struct weir_datum at = weir_integer(beyond[i]);
        ck_assert_int_eq(read_at(&list, at).kind, WEIR_IS_NOTHING);
        ck_assert_int_eq(weir_proxy_set(&list, at, weir_integer(0), &err), WEIR_EUSAGE);
        ck_assert_int_eq(weir_proxy_add(&list, at, weir_integer(0), NULL, &err), WEIR_EUSAGE);
        ck_assert_int_eq(i > 0 ? weir_proxy_insert(&list, at, weir_integer(0), &err) : WEIR_EUSAGE,
                         WEIR_EUSAGE);
    }
    ck_assert_int_eq(weir_proxy_set(&list, weir_text("x"), weir_integer(0), &err), WEIR_EUSAGE);
    write_at(&list, weir_nothing(), LIST(weir_integer(7)));
    ck_list(&list, 1, (int64_t[]){7});
    write_at(&list, weir_nothing(), weir_list(NULL, 0));
    ck_list(&list, 0, NULL);
}
END_TEST

START_TEST(test_a_counter)
{
    start_manager(NULL);
    struct weir_proxy counter = make(WEIR_COUNTER, "counter");
    struct weir_datum now;
    ck_integer(read_at(&counter, weir_nothing()), 0);
    DO(weir_proxy_add(&counter, weir_nothing(), weir_integer(5), &now, &err));
    ck_integer(now, 5);
    DO(weir_proxy_remove(&counter, weir_nothing(), &now, &err));
    ck_integer(now, 5);
    ck_integer(read_at(&counter, weir_nothing()), 0);
    write_at(&counter, weir_nothing(), weir_integer(INT64_MAX));
    ck_assert_int_eq(weir_proxy_add(&counter, weir_nothing(), weir_integer(1), &now, &err),
                     WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_add(&counter, weir_nothing(), weir_text("1"), &now, &err),
                     WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_set(&counter, weir_nothing(), weir_text("1"), &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_set(&counter, weir_text("x"), weir_integer(1), &err), WEIR_EUSAGE);
    ck_integer(read_at(&counter, weir_nothing()), INT64_MAX);
    write_at(&counter, weir_nothing(), weir_integer(1));
    DO(weir_proxy_add(&counter, weir_nothing(), weir_double(0.5), &now, &err));
    ck_assert_int_eq(now.kind, WEIR_IS_DOUBLE);
    ck_assert_double_eq(now.number, 1.5);
}
END_TEST

START_TEST(test_compare_and_set)
{
    start_manager(NULL);
    struct weir_proxy all = make(WEIR_DICTIONARY, "all");
    struct weir_datum there, key = weir_text("k");
    DO(weir_proxy_compare_set(&all, key, weir_nothing(), weir_integer(1), NULL, &err));
    ck_assert_int_eq(
        weir_proxy_compare_set(&all, key, weir_nothing(), weir_integer(2), &there, &err),
        WEIR_DIFFERENT);
    ck_integer(there, 1);
    ck_assert_int_eq(weir_proxy_compare_set(&all, key, weir_double(1), weir_integer(2), NULL, &err),
                     WEIR_DIFFERENT);
    DO(weir_proxy_compare_set(&all, key, weir_integer(1),
                              MAP(weir_text("a"), weir_integer(1), weir_text("b"), weir_integer(2)),
                              NULL, &err));
    DO(weir_proxy_compare_set(&all, key,
                              MAP(weir_text("b"), weir_integer(2), weir_text("a"), weir_integer(1)),
                              weir_nothing(), NULL, &err));
    ck_assert_uint_eq(size_of(&all), 0);
    DO(weir_proxy_compare_set(&all, weir_nothing(), weir_map(NULL, 0),
                              MAP(weir_text("x"), weir_integer(1)), NULL, &err));
    ck_assert_uint_eq(size_of(&all), 1);
}
END_TEST

START_TEST(test_add_begins_at_nothing)
{
    start_manager(NULL);
    struct weir_proxy all = make(WEIR_DICTIONARY, "all");
    struct weir_datum now;
    DO(weir_proxy_add(&all, weir_text("n"), weir_integer(2), NULL, &err));
    DO(weir_proxy_add(&all, weir_text("n"), weir_integer(-5), &now, &err));
    ck_integer(now, -3);
    write_at(&all, weir_text("t"), weir_text("x"));
    ck_assert_int_eq(weir_proxy_add(&all, weir_text("t"), weir_integer(1), NULL, &err),
                     WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_add(&all, weir_nothing(), weir_integer(1), NULL, &err),
                     WEIR_EUSAGE);
    ck_text(read_at(&all, weir_text("t")), "x");
}
END_TEST

START_TEST(test_objects_are_found_by_their_names)
{
    start_manager(NULL);
    char long_name[65];
    struct weir_proxy one = make(WEIR_DICTIONARY, "one"), again = make(WEIR_DICTIONARY, "one");
    struct weir_proxy other = weir_proxy(manager, WEIR_LIST, "one"),
                      none = weir_proxy(manager, WEIR_LIST, "none");
    memset(long_name, 'x', sizeof(long_name));
    long_name[63] = '\0';
    make(WEIR_COUNTER, long_name);
    long_name[63] = 'x';
    long_name[64] = '\0';
    struct weir_proxy too_long = weir_proxy(manager, WEIR_LIST, long_name);
    struct weir_proxy empty = weir_proxy(manager, WEIR_LIST, "");
    write_at(&one, weir_text("k"), weir_integer(1));
    ck_integer(read_at(&again, weir_text("k")), 1);
    ck_assert_int_eq(weir_proxy_open(&other, 0, &err), WEIR_EUSAGE);
    ck_assert_str_eq(err.text, "cannot open 'one': it is an object of another kind");
    ck_assert_int_eq(weir_proxy_insert(&none, weir_nothing(), weir_integer(1), &err),
                     WEIR_ENOINPUT);
    ck_assert_int_eq(weir_proxy_open(&too_long, 0, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_open(&empty, 0, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_open(&none, 1, &err), WEIR_EUSAGE); /* only queues have a limit */
    ck_assert_int_eq(weir_proxy_put(&one, weir_integer(1), 0, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_insert(&one, weir_nothing(), weir_integer(1), &err), WEIR_EUSAGE);
    DO(weir_proxy_delete(&one, &err));
    ck_assert_int_eq(weir_proxy_delete(&again, &err), WEIR_ENOINPUT);
    DO(weir_proxy_open(&other, 0, &err));
}
END_TEST

/* ---- queues ---- */

static struct weir_proxy make_queue(size_t limit)
{
    struct weir_proxy queue = weir_proxy(manager, WEIR_QUEUE, "queue");
    DO(weir_proxy_open(&queue, limit, &err));
    return queue;
}

START_TEST(test_a_queue)
{
    start_manager(NULL);
    struct weir_proxy queue = make_queue(3);
    struct weir_datum first = weir_integer(99);
    ck_assert_int_eq(weir_proxy_take(&queue, &first, 0, &err), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_proxy_take(&queue, &first, 5, &err), WEIR_TIMED_OUT);
    ck_integer(first, 99);
    for (int round = 0, in = 0, out = 0; round < 50; round++) {
        while (in < out + 3)
            DO(weir_proxy_put(&queue, weir_integer(in++), 0, &err));
        ck_assert_int_eq(weir_proxy_put(&queue, weir_integer(-1), round == 0 ? 5 : 0, &err),
                         WEIR_TIMED_OUT);
        ck_assert_uint_eq(size_of(&queue), 3);
        for (int i = 0; i <= round % 3; i++) {
            DO(weir_proxy_take(&queue, &first, SOON_MS, &err));
            ck_integer(first, out++);
        }
    }
    ck_assert_int_eq(weir_proxy_put(&queue, weir_nothing(), 0, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_proxy_get(&queue, weir_nothing(), &first, &err), WEIR_EUSAGE);
    size_t left = size_of(&queue);
    DO(weir_proxy_close(&queue, &err));
    ck_assert_int_eq(weir_proxy_put(&queue, weir_integer(1), SOON_MS, &err), WEIR_CLOSED);
    for (; left > 0; left--)
        DO(weir_proxy_take(&queue, &first, 0, &err));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(weir_proxy_take(&queue, &first, WEIR_FOREVER, &err), WEIR_CLOSED);
}
END_TEST

/* What a child takes until the queue is closed: how many, up to 100. */
static int take_all(void *context)
{
    struct weir_proxy queue = weir_proxy(connect_anew(context), WEIR_QUEUE, "queue");
    struct weir_datum message;
    int taken = 0, code;
    while ((code = weir_proxy_take(&queue, &message, WEIR_FOREVER, &err)) == 0)
        taken++;
    return code == WEIR_CLOSED ? taken : 200;
}

static int put_ten(void *context)
{
    struct weir_proxy queue = weir_proxy(connect_anew(context), WEIR_QUEUE, "queue");
    for (int i = 0; i < 10; i++)
        if (weir_proxy_put(&queue, weir_integer(i), WEIR_FOREVER, &err) != 0)
            return 1;
    return 0;
}

START_TEST(test_many_wait_at_both_ends_of_a_queue)
{
    pid_t takers[4], putters[4];
    int taken = 0;
    start_manager(NULL);
    struct weir_proxy queue = make_queue(2);
    char *name = (char *)(uintptr_t)weir_manager_name(manager);
    for (size_t i = 0; i < COUNT(takers); i++) {
        takers[i] = start(take_all, name);
        await_sleep(takers[i]);
    }
    for (size_t i = 0; i < COUNT(putters); i++)
        putters[i] = start(put_ten, name);
    for (size_t i = 0; i < COUNT(putters); i++)
        ck_assert_int_eq(finish(putters[i]), 0);
    DO(weir_proxy_close(&queue, &err));
    for (size_t i = 0; i < COUNT(takers); i++)
        taken += finish(takers[i]);
    ck_assert_int_eq(taken, 40);
}
END_TEST

/* Until so many clients wait there. */
static void await_waiting(pid_t pid)
{
    for (int i = 0; i < 3; i++) { /* asleep, and not on the way to it */
        await_sleep(pid);
        nap_us(2000);
    }
}

START_TEST(test_who_dies_while_it_waits_takes_nothing)
{
    start_manager(NULL);
    struct weir_proxy queue = make_queue(1);
    struct weir_datum first;
    for (int i = 0; i < 20; i++) {
        pid_t taker = start(take_all, (char *)(uintptr_t)weir_manager_name(manager));
        await_waiting(taker);
        kill_and_reap(taker);
        DO(weir_proxy_put(&queue, weir_integer(i), 0, &err));
        DO(weir_proxy_take(&queue, &first, 0, &err));
        ck_integer(first, i);
    }
    DO(weir_proxy_put(&queue, weir_integer(1), 0, &err));
    pid_t putter = start(put_ten, (char *)(uintptr_t)weir_manager_name(manager));
    await_waiting(putter);
    kill_and_reap(putter);
    DO(weir_proxy_take(&queue, &first, 0, &err));
    ck_assert_uint_eq(size_of(&queue), 0);
}
END_TEST

static int take_one_that_is_deleted(void *context)
{
    struct weir_proxy queue = weir_proxy(connect_anew(context), WEIR_QUEUE, "queue");
    struct weir_datum message;
    return weir_proxy_take(&queue, &message, WEIR_FOREVER, &err) == WEIR_ENOINPUT ? 0 : 1;
}

START_TEST(test_who_waits_at_what_is_deleted_is_told)
{
    start_manager(NULL);
    struct weir_proxy queue = make_queue(0);
    pid_t takers[3];
    for (size_t i = 0; i < COUNT(takers); i++) {
        takers[i] = start(take_one_that_is_deleted, (char *)(uintptr_t)weir_manager_name(manager));
        await_waiting(takers[i]);
    }
    DO(weir_proxy_delete(&queue, &err));
    for (size_t i = 0; i < COUNT(takers); i++)
        ck_assert_int_eq(finish(takers[i]), 0);
}
END_TEST

/* ---- clients that die, are slow, or talk nonsense ---- */

/* A client without the library. */
static int connect_raw(void)
{
    struct sockaddr_un address;
    socklen_t bytes = wire_address(&address, weir_manager_name(manager));
    char greeting[sizeof(struct wire_head) + 9];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, bytes), 0);
    ck_assert_int_eq(recv(fd, greeting, sizeof(greeting), MSG_WAITALL), sizeof(greeting));
    return fd;
}

static struct {
    struct weir_proxy counter, list, queue;
} mine;

static int do_something(void *context)
{
    struct weir_datum datum;
    (void)context;
    mine.counter.manager = mine.list.manager = mine.queue.manager =
        connect_anew(weir_manager_name(manager));
    raise(SIGSTOP);
    if (weir_proxy_add(&mine.counter, weir_nothing(), weir_integer(1), &datum, NULL) != 0 ||
        weir_proxy_insert(&mine.list, weir_nothing(), weir_text("some text"), NULL) != 0 ||
        weir_proxy_put(&mine.queue, weir_integer(1), WEIR_FOREVER, NULL) != 0 ||
        weir_proxy_take(&mine.queue, &datum, WEIR_FOREVER, NULL) != 0)
        return 1;
    return 0;
}

START_TEST(test_a_client_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    int64_t added = 0, victims = 0;
    start_manager(NULL);
    mine.counter = make(WEIR_COUNTER, "counter");
    mine.list = make(WEIR_LIST, "list");
    mine.queue = make_queue(0);
    /* They share no memory with anybody, so that not every instruction matters. */
    for (long n = 0; stepped != GONE; n += (ADDRESS_SANITIZER ? 15 : 173) * DEATH_STRIDE) {
        pid_t victim = start_victim(do_something, NULL);
        int status;
        ck_assert_int_eq(ptrace(PTRACE_CONT, victim, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(victim, &status, 0), victim); /* it is connected */
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        victims++;
        struct weir_datum message, list = read_at(&mine.list, weir_nothing());
        for (size_t i = 0; i < list.count; i++)
            ck_text(list.items[i], "some text");
        added = read_at(&mine.counter, weir_nothing()).integer;
        ck_assert_int_le((int64_t)list.count, added);
        ck_assert_int_le(added, victims);
        while (weir_proxy_take(&mine.queue, &message, 0, &err) == 0)
            ck_integer(message, 1);
    }
    ck_assert_int_gt(added, 0);
    ck_assert_int_gt(victims, 10);
}
END_TEST

START_TEST(test_half_a_message_costs_nobody_anything)
{
    struct wire_head head = {.bytes = 100000, .version = WIRE_VERSION, .what = REQUEST_SET};
    int halves[50];
    start_manager(NULL);
    struct weir_proxy counter = make(WEIR_COUNTER, "counter");
    for (size_t i = 0; i < COUNT(halves); i++) {
        char some[1000] = {0};
        halves[i] = connect_raw();
        ck_assert_int_gt(send(halves[i], &head, 1 + i % sizeof(head), 0), 0);
        if (i % sizeof(head) == sizeof(head) - 1)
            ck_assert_int_gt(send(halves[i], some, sizeof(some), 0), 0);
        DO(weir_proxy_add(&counter, weir_nothing(), weir_integer(1), NULL, &err));
        if (i % 2)
            close(halves[i]);
    }
    ck_integer(read_at(&counter, weir_nothing()), COUNT(halves));
}
END_TEST

START_TEST(test_who_is_slow_to_receive_holds_nobody_up)
{
    enum { LARGE = 8 << 20 }; /* more than a socket holds */
    start_manager(&(struct weir_manager_options){.message_bytes = 2 * LARGE});
    struct weir_proxy all = make(WEIR_DICTIONARY, "all");
    char *text = malloc(LARGE), *answer = malloc(LARGE);
    memset(text, 'x', LARGE);
    write_at(&all, weir_text("k"), weir_bytes(text, LARGE));
    static const char request[] = {WEIR_IS_TEXT,
                                   3,
                                   0,
                                   0,
                                   0,
                                   'a',
                                   'l',
                                   'l',
                                   0,
                                   WEIR_IS_TEXT,
                                   1,
                                   0,
                                   0,
                                   0,
                                   'k',
                                   0,
                                   WEIR_IS_NOTHING,
                                   WEIR_IS_NOTHING};
    struct wire_head head = {
        .bytes = sizeof(request), .version = WIRE_VERSION, .what = REQUEST_GET};
    int slow = connect_raw();
    ck_assert_int_eq(send(slow, &head, sizeof(head), 0), sizeof(head));
    ck_assert_int_eq(send(slow, request, sizeof(request), 0), sizeof(request));
    for (int i = 0; i < 100; i++)
        write_at(&all, weir_text("k"), weir_integer(i));
    ck_assert_int_eq(recv(slow, &head, sizeof(head), MSG_WAITALL), sizeof(head));
    ck_assert_uint_eq(head.bytes, 1 + 4 + LARGE + 1);
    ck_assert_int_eq(recv(slow, answer, 5, MSG_WAITALL), 5);
    ck_assert_int_eq(recv(slow, answer, LARGE, MSG_WAITALL), LARGE);
    ck_assert_mem_eq(answer, text, LARGE);
    ck_integer(read_at(&all, weir_text("k")), 99);
    free(text);
    free(answer);
}
END_TEST

START_TEST(test_a_message_that_did_not_arrive_whole_is_taken_by_the_next)
{
    enum { LARGE = 8 << 20 }; /* more than a socket holds */
    start_manager(&(struct weir_manager_options){.message_bytes = 2 * LARGE});
    struct weir_proxy queue = make_queue(0);
    struct weir_datum first;
    char *bytes = calloc(1, LARGE);
    DO(weir_proxy_put(&queue, weir_bytes(bytes, LARGE), 0, &err));
    DO(weir_proxy_put(&queue, weir_integer(2), 0, &err));
    static const char request[] = {
        WEIR_IS_TEXT,   5, 0, 0, 0, 'q', 'u', 'e', 'u', 'e', 0, WEIR_IS_NOTHING, WEIR_IS_NOTHING,
        WEIR_IS_NOTHING};
    struct wire_head head = {.bytes = sizeof(request),
                             .version = WIRE_VERSION,
                             .what = REQUEST_TAKE,
                             .object = WEIR_QUEUE};
    int slow = connect_raw();
    ck_assert_int_eq(send(slow, &head, sizeof(head), 0), sizeof(head));
    ck_assert_int_eq(send(slow, request, sizeof(request), 0), sizeof(request));
    ck_assert_int_eq(recv(slow, &head, sizeof(head), MSG_WAITALL), sizeof(head));
    ck_assert_uint_eq(head.what, STATUS_DONE);
    ck_assert_uint_eq(size_of(&queue), 1);
    close(slow);
    while (size_of(&queue) == 1)
        nap_us(100);
    DO(weir_proxy_take(&queue, &first, 0, &err));
    ck_assert_int_eq(first.kind, WEIR_IS_BYTES);
    ck_assert_uint_eq(first.size, LARGE);
    free(bytes);
}
END_TEST

START_TEST(test_nonsense_is_cut_off)
{
    uint64_t seed = 7;
    start_manager(NULL);
    struct weir_proxy counter = make(WEIR_COUNTER, "counter");
    for (int round = 0; round < 300; round++) {
        unsigned char bytes[300];
        size_t n = 1 + random_below(&seed, sizeof(bytes) - 1);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)random_below(&seed, round % 2 ? 256 : 8);
        if (round % 3) { /* of the right length */
            struct wire_head head = {.bytes = (uint32_t)(n < 9 ? 1 : n - 8),
                                     .version = WIRE_VERSION,
                                     .what = (uint8_t)random_below(&seed, REQUEST_KINDS)};
            n = n < 9 ? 9 : n;
            memcpy(bytes, &head, sizeof(head));
        }
        int fd = connect_raw();
        ck_assert_uint_eq((size_t)send(fd, bytes, n, 0), n);
        shutdown(fd, SHUT_WR);
        char answer[64];
        ck_assert_int_le(recv(fd, answer, sizeof(answer), 0), 0);
        close(fd);
        DO(weir_proxy_add(&counter, weir_nothing(), weir_integer(1), NULL, &err));
    }
    ck_integer(read_at(&counter, weir_nothing()), 300);
}
END_TEST

/* ---- bounds ---- */

static int fill_with(const struct weir_proxy *all, size_t bytes)
{
    char *value = calloc(1, bytes);
    int code, count = 0;
    while ((code = weir_proxy_set(all, weir_integer(count), weir_bytes(value, bytes), &err)) == 0)
        count++;
    ck_assert_int_eq(code, WEIR_EOS);
    free(value);
    return count;
}

START_TEST(test_memory_is_bounded)
{
    struct weir_manager_options options = {.memory_bytes = 1 << 20};
    start_manager(&options);
    struct weir_proxy counter = make(WEIR_COUNTER, "counter"), all = make(WEIR_DICTIONARY, "all");
    int count = fill_with(&all, 1000);
    ck_assert_int_gt(count, 800);
    ck_assert_int_lt(count, 1048);
    char small[16] = "";
    for (int i = 0; weir_proxy_set(&all, weir_text(small), weir_integer(i), &err) == 0; i++)
        snprintf(small, sizeof(small), "%d", i);
    DO(weir_proxy_add(&counter, weir_nothing(), weir_integer(1), NULL, &err)); /* needs no more */
    DO(weir_proxy_remove(&all, weir_integer(3), NULL, &err));
    write_at(&all, weir_integer(-1), weir_bytes("", 0));
    for (int round = 0; round < 3; round++) { /* nothing is lost on the way */
        DO(weir_proxy_delete(&all, &err));
        make(WEIR_DICTIONARY, "all");
        ck_assert_int_eq(fill_with(&all, 1000), count);
    }
}
END_TEST

START_TEST(test_messages_are_bounded)
{
    static char large[5000];
    struct weir_manager_options options = {.message_bytes = 4096};
    start_manager(&options);
    struct weir_proxy all = make(WEIR_DICTIONARY, "all");
    struct weir_datum whole;
    ck_assert_int_eq(weir_proxy_set(&all, weir_text("k"), weir_bytes(large, 4096), &err),
                     WEIR_EUSAGE);
    ck_assert_str_eq(err.text, "cannot write to 'all': the message would be larger than it may be");
    for (int i = 0; i < 2; i++)
        write_at(&all, weir_integer(i), weir_bytes(large, 3000));
    ck_assert_int_eq(weir_proxy_get(&all, weir_nothing(), &whole, &err), WEIR_EUSAGE);
    ck_assert_uint_eq(read_at(&all, weir_integer(1)).size, 3000);
    write_at(&all, weir_nothing(), weir_map(NULL, 0));
    ck_assert_uint_eq(size_of(&all), 0);
    struct wire_head head = {.bytes = 4097, .version = WIRE_VERSION, .what = REQUEST_GET};
    int fd = connect_raw();
    ck_assert_int_eq(send(fd, &head, sizeof(head), 0), sizeof(head));
    ck_assert_int_eq(recv(fd, large, sizeof(large), 0), 0); /* cut off, and not listened to */
}
END_TEST

START_TEST(test_clients_are_bounded)
{
    struct weir_manager *clients[40];
    size_t count = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64}), 0);
    start_manager(NULL); /* half of the descriptors are for clients, and this one has one */
    while (count < COUNT(clients) &&
           weir_manager_connect(&clients[count], weir_manager_name(manager), &err) == 0)
        count++;
    ck_assert_uint_eq(count, 31);
    ck_assert_int_eq(err.code, WEIR_EUNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.text, "as many clients as it may have"));
    weir_manager_release(clients[--count]);
    int code;
    do /* until it has seen the end of the one */
        code = weir_manager_connect(&clients[count], weir_manager_name(manager), &err);
    while (code != 0);
    for (size_t i = 0; i <= count; i++)
        weir_manager_release(clients[i]);
}
END_TEST

/* ---- the manager's beginning and end ---- */

static int add_thousand(const struct weir_child *child)
{
    struct weir_manager *connection;
    if (weir_manager_connect(&connection, child->argument, &err) < 0)
        return 1;
    struct weir_proxy counter = weir_proxy(connection, WEIR_COUNTER, "counter");
    for (int i = 0; i < 1000; i++)
        if (weir_proxy_add(&counter, weir_nothing(), weir_integer(1), NULL, &err) != 0)
            return 2;
    weir_manager_release(connection);
    return 0;
}

START_TEST(test_children_by_each_start_method_use_it)
{
    for (size_t method = 0; method < COUNT(methods); method++) {
        struct weir_process *children[4];
        start_manager(&(struct weir_manager_options){.method = methods[method]});
        struct weir_proxy counter = make(WEIR_COUNTER, "counter");
        const char *name = weir_manager_name(manager);
        struct weir_process_options options = {
            .method = methods[method], .argument = name, .argument_bytes = strlen(name) + 1};
        for (size_t i = 0; i < COUNT(children); i++)
            DO(weir_process_start(&children[i], add_thousand, &options, &err));
        for (size_t i = 0; i < COUNT(children); i++) {
            int code;
            ck_assert_int_eq(weir_process_join(children[i], SOON_MS, &code), 0);
            ck_assert_int_eq(code, 0);
            weir_process_release(children[i]);
        }
        ck_integer(read_at(&counter, weir_nothing()), 4000);
        weir_manager_release(manager);
    }
}
END_TEST

static int use_the_parents_connection(void *context)
{
    return weir_proxy_open(context, 0, &err) == WEIR_EUSAGE ? 0 : 1;
}

START_TEST(test_a_connection_belongs_to_its_process)
{
    start_manager(NULL);
    struct weir_proxy counter = make(WEIR_COUNTER, "counter");
    ck_assert_int_eq(finish(start(use_the_parents_connection, &counter)), 0);
    ck_integer(read_at(&counter, weir_nothing()), 0);
}
END_TEST

static int wait_for_the_end(void *context)
{
    struct weir_proxy queue = weir_proxy(connect_anew(context), WEIR_QUEUE, "queue");
    struct weir_datum message;
    for (int i = 0; i < 2; i++)
        if (weir_proxy_take(&queue, &message, WEIR_FOREVER, &err) != WEIR_EUNAVAILABLE)
            return 1;
    return 0;
}

START_TEST(test_the_servers_death_is_an_error_for_every_client)
{
    pid_t takers[3];
    start_manager(NULL);
    make_queue(0);
    char *name = (char *)(uintptr_t)weir_manager_name(manager);
    for (size_t i = 0; i < COUNT(takers); i++) {
        takers[i] = start(wait_for_the_end, name);
        await_waiting(takers[i]);
    }
    weir_process_kill(weir_manager_process(manager));
    for (size_t i = 0; i < COUNT(takers); i++)
        ck_assert_int_eq(finish(takers[i]), 0);
    struct weir_proxy queue = weir_proxy(manager, WEIR_QUEUE, "queue");
    ck_assert_int_eq(weir_proxy_put(&queue, weir_integer(1), WEIR_FOREVER, &err),
                     WEIR_EUNAVAILABLE);
    ck_assert_int_eq(weir_proxy_put(&queue, weir_integer(1), WEIR_FOREVER, &err),
                     WEIR_EUNAVAILABLE);
    struct weir_manager *another;
    ck_assert_int_eq(weir_manager_connect(&another, name, &err), WEIR_EUNAVAILABLE);
}
END_TEST

static int own_a_manager(void *context)
{
    start_manager(&(struct weir_manager_options){.name = context});
    make_queue(0);
    while (pause() < 0)
        ;
    return 0;
}

START_TEST(test_the_server_goes_with_its_parent)
{
    char name[64];
    snprintf(name, sizeof(name), "of-%d", (int)getpid());
    pid_t owner = start(own_a_manager, name);
    struct weir_manager *connection;
    while (weir_manager_connect(&connection, name, &err) != 0)
        nap_us(1000);
    struct weir_proxy queue = weir_proxy(connection, WEIR_QUEUE, "queue");
    while (weir_proxy_open(&queue, 0, &err) != 0)
        ;
    kill_and_reap(owner);
    struct weir_datum message;
    ck_assert_int_eq(weir_proxy_take(&queue, &message, WEIR_FOREVER, &err), WEIR_EUNAVAILABLE);
    weir_manager_release(connection);
}
END_TEST

START_TEST(test_a_name_is_one_managers)
{
    char name[80];
    struct weir_manager *second = NULL;
    snprintf(name, sizeof(name), "test-%d", (int)getpid());
    struct weir_manager_options options = {.name = name};
    ck_assert_int_eq(weir_manager_connect(&second, name, &err), WEIR_EUNAVAILABLE);
    start_manager(&options);
    ck_assert_int_eq(weir_manager_start(&second, &options, &err), WEIR_ECANTCREATE);
    ck_assert_ptr_null(second);
    weir_manager_release(manager);
    start_manager(&options);
    ck_assert_str_eq(weir_manager_name(manager), name);
    memset(name, 'x', 64);
    name[64] = '\0';
    ck_assert_int_eq(weir_manager_start(&second, &options, &err), WEIR_EUSAGE);
    options = (struct weir_manager_options){.message_bytes = 100};
    ck_assert_int_eq(weir_manager_start(&second, &options, &err), WEIR_EUSAGE);
}
END_TEST

static int come_as_somebody_else(void *context)
{
    struct sockaddr_un address;
    socklen_t bytes = wire_address(&address, context);
    struct wire_head head;
    if (setuid(65534) < 0)
        return 1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, bytes) < 0 ||
        recv(fd, &head, sizeof(head), MSG_WAITALL) != sizeof(head))
        return 2;
    return head.what == STATUS_REFUSED ? 0 : 3;
}

START_TEST(test_another_user_is_refused)
{
    if (geteuid() != 0)
        return; /* nobody else can be tried */
    start_manager(NULL);
    ck_assert_int_eq(
        finish(start(come_as_somebody_else, (char *)(uintptr_t)weir_manager_name(manager))), 0);
    make(WEIR_COUNTER, "counter");
}
END_TEST

static const struct weir_process_function functions[] = {{"add_thousand", add_thousand},
                                                         {NULL, NULL}};

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, functions);
    Suite *suite = suite_create("manager");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, test_a_value_of_each_kind_comes_back);
    tcase_add_test(all, test_what_is_no_value_is_refused);
    tcase_add_test(all, test_a_dictionary);
    tcase_add_test(all, test_a_namespace_has_names_only);
    tcase_add_test(all, test_a_list);
    tcase_add_test(all, test_a_counter);
    tcase_add_test(all, test_compare_and_set);
    tcase_add_test(all, test_add_begins_at_nothing);
    tcase_add_test(all, test_objects_are_found_by_their_names);
    tcase_add_test(all, test_a_queue);
    tcase_add_test(all, test_many_wait_at_both_ends_of_a_queue);
    tcase_add_test(all, test_who_dies_while_it_waits_takes_nothing);
    tcase_add_test(all, test_who_waits_at_what_is_deleted_is_told);
    tcase_add_test(all, test_a_client_may_die_at_any_instruction);
    tcase_add_test(all, test_half_a_message_costs_nobody_anything);
    tcase_add_test(all, test_who_is_slow_to_receive_holds_nobody_up);
    tcase_add_test(all, test_a_message_that_did_not_arrive_whole_is_taken_by_the_next);
    tcase_add_test(all, test_nonsense_is_cut_off);
    tcase_add_test(all, test_memory_is_bounded);
    tcase_add_test(all, test_messages_are_bounded);
    tcase_add_test(all, test_clients_are_bounded);
    tcase_add_test(all, test_children_by_each_start_method_use_it);
    tcase_add_test(all, test_a_connection_belongs_to_its_process);
    tcase_add_test(all, test_the_servers_death_is_an_error_for_every_client);
    tcase_add_test(all, test_the_server_goes_with_its_parent);
    tcase_add_test(all, test_a_name_is_one_managers);
    tcase_add_test(all, test_another_user_is_refused);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
