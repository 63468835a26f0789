/*
 * Requests put together at random, and damaged at random, asked of a store as its server asks them.
 * WEIR_FUZZ_SEED and WEIR_FUZZ_ROUNDS choose others.
 */
#include "toolkit/manager_store.h"

#include "unit/unit.h"

enum { MEMORY_BYTES = 6000, MESSAGE_BYTES = 1500 };

static uint64_t seed = 1;

static uint64_t below(uint64_t n)
{
    return random_below(&seed, n);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* ---- requests ---- */

static struct weir_datum random_key(void)
{
    static const char *const names[] = {"", "a", "b", "ab", "c"};
    switch (below(4)) {
    case 0: return weir_integer((int64_t)below(6) - 3);
    case 1: return weir_bytes("\0\1\2\3", below(5));
    default: return weir_text(names[below(COUNT(names))]);
    }
}

/* Of few sizes, so that objects grow full and are the same now and then. Fills what `room` leads to. */
static struct weir_datum random_datum(struct weir_datum **room, int level)
{
    static const char bytes[1000];
    size_t count = below(4);
    struct weir_datum *items = *room;
    switch (below(level > 2 ? 5 : 7)) {
    case 0: return weir_integer(below(20) ? (int64_t)below(3) : INT64_MAX);
    case 1: return weir_double((double)below(3) / 2);
    case 2: return weir_bytes(bytes, below(3) ? below(20) : sizeof(bytes));
    case 3:
    case 4: return random_key();
    case 5:
        *room += count;
        for (size_t i = 0; i < count; i++)
            items[i] = random_datum(room, level + 1);
        return weir_list(items, count);
    default:
        *room += 2 * count;
        for (size_t i = 0; i < count; i++) {
            items[2 * i] = random_key();
            items[2 * i + 1] = random_datum(room, level + 1);
        }
        return weir_map(items, count);
    }
}

static void write_part(struct buf *to, struct weir_datum datum)
{
    size_t before = to->len;
    if (!weir__datum_write(to, &datum)) { /* a map with a key twice */
        weir__buf_truncate(to, before);
        weir__buf_putc(to, WEIR_IS_NOTHING);
    }
}

static struct wire_head random_request(struct buf *body)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    struct weir_datum items[1000], *room = items;
    struct wire_head head = {.version = WIRE_VERSION,
                             .what = (uint8_t)below(REQUEST_KINDS),
                             .object = (uint8_t)below(WEIR_QUEUE + 1)};
    if (below(30) != 0 && head.what == REQUEST_DELETE)
        head.what = REQUEST_OPEN;
    weir__buf_truncate(body, 0);
    write_part(body, weir_text(names[below(10) ? head.object : below(COUNT(names))]));
    bool grow = head.what == REQUEST_SET || head.what == REQUEST_REMOVE;
    write_part(body, below(grow ? 100 : 4) ? random_key() : weir_nothing());
    write_part(body, head.what == REQUEST_OPEN ? weir_integer(below(3) ? 0 : 2)
                     : below(6)                ? random_datum(&room, 0)
                                               : weir_nothing());
    write_part(body, below(2) ? weir_nothing() : random_datum(&room, 0));
    head.bytes = (uint32_t)body->len;
    return head;
}

/* Anything but the name's one letter, by which the object is found at the end. */
static void damage(struct buf *body, struct wire_head *head)
{
    enum { LETTER = DATUM_HEAD_BYTES };
    for (uint64_t i = below(3); i > 0; i--) {
        size_t at = below(body->len);
        body->data[at] ^= (char)(at == LETTER ? 0 : 1 << below(8));
    }
    if (below(3) == 0)
        head->bytes = (uint32_t)below(body->len + 1);
}

/* ---- asking ---- */

static enum status ask(struct store *store, const struct request *request, struct object **ret_at)
{
    struct buf answer;
    size_t items = 0;
    weir__buf_init(&answer);
    enum status status = weir__store_ask(store, request, &answer, ret_at);
    const char *end = answer.data + answer.len;
    ck_assert_uint_le(answer.len, MESSAGE_BYTES);
    ck_assert_ptr_eq(weir__datum_check(answer.data, end, &items), end);
    if (status == STATUS_DONE && request->kind == REQUEST_TAKE && below(8) == 0)
        weir__store_put_back(store, request, (struct encoded){answer.data, answer.len});
    weir__buf_release(&answer);
    return status;
}

struct client {
    struct waiter waiter; /* first */
    struct buf body;
    struct wire_head head;
};

/* Who waits asks again until nobody gets any further. */
static void settle(struct store *store)
{
    struct waiter *waiter;
    while ((waiter = weir__store_next_to_ask(store)) != NULL) {
        struct client *client = (struct client *)waiter;
        struct request request;
        struct object *at;
        ck_assert(weir__request_read(&request, &client->head, client->body.data));
        ask(store, &request, &at);
        if (at == NULL)
            weir__store_wait_no_more(waiter);
    }
}

static struct request simple_request(struct buf *body, enum request_kind kind,
                                     enum weir_object_kind object, const char *name,
                                     struct weir_datum value)
{
    struct request request;
    struct wire_head head = {.what = (uint8_t)kind, .object = (uint8_t)object};
    weir__buf_truncate(body, 0);
    write_part(body, weir_text(name));
    write_part(body, weir_nothing());
    write_part(body, value);
    write_part(body, weir_nothing());
    head.bytes = (uint32_t)body->len;
    ck_assert(weir__request_read(&request, &head, body->data));
    return request;
}

static enum status ask_simply(struct store *store, enum request_kind kind,
                              enum weir_object_kind object, const char *name,
                              struct weir_datum value)
{
    struct buf body;
    struct object *at;
    weir__buf_init(&body);
    struct request request = simple_request(&body, kind, object, name, value);
    enum status status = ask(store, &request, &at);
    weir__buf_release(&body);
    settle(store);
    return status;
}

/* How many values it holds before it is full. */
static int room_in(struct store *store)
{
    int count = 0;
    ask_simply(store, REQUEST_OPEN, WEIR_LIST, "all", weir_integer(0));
    while (ask_simply(store, REQUEST_INSERT, WEIR_LIST, "all", weir_integer(1)) == STATUS_DONE)
        count++;
    ask_simply(store, REQUEST_DELETE, WEIR_LIST, "all", weir_nothing());
    return count;
}

START_TEST(test_requests_at_random)
{
    struct client clients[4] = {0};
    struct store *store = weir__store_create(MEMORY_BYTES, MESSAGE_BYTES);
    struct buf body;
    uint64_t rounds = from_environment("WEIR_FUZZ_ROUNDS", 200000), seen[STATUS_KINDS] = {0};
    uint64_t refused = 0;
    seed = from_environment("WEIR_FUZZ_SEED", 1);
    int room = room_in(store);
    weir__buf_init(&body);
    for (size_t i = 0; i < COUNT(clients); i++)
        weir__buf_init(&clients[i].body);
    for (uint64_t round = 0; round < rounds; round++) {
        struct client *client = &clients[below(COUNT(clients))];
        struct request request;
        struct object *at;
        weir__store_wait_no_more(&client->waiter); /* if it did, it dies */
        client->head = random_request(&client->body);
        if (below(4) == 0)
            damage(&client->body, &client->head);
        if (client->head.bytes > MESSAGE_BYTES ||
            !weir__request_read(&request, &client->head, client->body.data)) {
            refused++;
            continue;
        }
        enum status status = ask(store, &request, &at);
        seen[status]++;
        if (at != NULL)
            weir__store_wait(&client->waiter, at);
        settle(store);
    }
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    for (int kind = 0; kind <= WEIR_QUEUE; kind++)
        for (size_t i = 0; i < COUNT(names); i++)
            ask_simply(store, REQUEST_DELETE, (enum weir_object_kind)kind, names[i],
                       weir_nothing());
    for (size_t i = 0; i < COUNT(clients); i++)
        ck_assert_ptr_null(clients[i].waiter.at);
    /* Nothing that was held is lost, and every outcome was there. */
    ck_assert_int_eq(room_in(store), room);
    ck_assert_uint_gt(refused, 0);
    for (int status = 0; status < STATUS_CROWDED; status++)
        ck_assert_msg(seen[status] > 0, "no request had the outcome %d", status);
    weir__store_release(store);
    weir__buf_release(&body);
    for (size_t i = 0; i < COUNT(clients); i++)
        weir__buf_release(&clients[i].body);
}
END_TEST

START_TEST(test_data_cut_anywhere_is_refused)
{
    struct weir_datum pairs[] = {
        weir_text("key"), weir_integer(1), weir_bytes("b", 1),
        weir_list((struct weir_datum[]){weir_double(1), weir_text("")}, 2)};
    struct weir_datum map = weir_map(pairs, 2);
    struct buf bytes;
    size_t items = 0;
    weir__buf_init(&bytes);
    ck_assert(weir__datum_write(&bytes, &map));
    for (size_t n = 0; n < bytes.len; n++)
        ck_assert_ptr_null(weir__datum_check(bytes.data, bytes.data + n, &items));
    items = 0;
    ck_assert_ptr_eq(weir__datum_check(bytes.data, bytes.data + bytes.len, &items),
                     bytes.data + bytes.len);
    ck_assert_uint_eq(items, 6);
    weir__buf_release(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manager_store");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 600);
    tcase_add_test(all, test_requests_at_random);
    tcase_add_test(all, test_data_cut_anywhere_is_refused);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
