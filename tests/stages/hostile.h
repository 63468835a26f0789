/*
 * hostile.h - a server on loopback whose answers are wrong in every way, for tests: what is asked for tells which.
 *
 * It runs in threads of the test's own process and ends with it.
 */
#ifndef WEIR_TESTS_HOSTILE_H
#define WEIR_TESTS_HOSTILE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <zlib.h>

#define HOSTILE_FN __attribute__((unused)) static

struct hostile {
    int fd;
    int port;
    pthread_t thread;
    atomic_int requests;  /* answered or not */
    atomic_int now, most; /* requests that wait for an answer, and the most of them at once */
    atomic_int secrets;   /* requests with the header X-Secret */
};

static struct hostile hostile;

static const struct {
    const char *path, *answer;
    enum { CLOSE, RESET, KEEP_SILENT } then;
} hostile_answers[] = {
    {"/slow", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", CLOSE},
    {"/ok",
     "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\r\n<title>t</title>",
     CLOSE},
    {"/short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", CLOSE},
    {"/excess", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", CLOSE},
    {"/chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", CLOSE},
    {"/lastchunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", CLOSE},
    {"/reset", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", RESET},
    {"/closed", "", CLOSE},
    {"/silent", "", KEEP_SILENT},
    {"/drip", "HTTP/1.1 200 OK\r\nContent-Len", KEEP_SILENT},
    {"/body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", KEEP_SILENT},
    {"/old", "<title>no header</title>", CLOSE},
    {"/garbage", "HTTP/9.9 xx\r\n\r\n", CLOSE},
    {"/none", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", CLOSE},
    {"/busy", "HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", CLOSE},
    {"/later", "HTTP/1.1 429 No\r\nRetry-After: 100000\r\nContent-Length: 0\r\n\r\n", CLOSE},
    {"/empty", "HTTP/1.1 204 No Content\r\n\r\n", CLOSE},
    {"/to-ok", "HTTP/1.1 302 Found\r\nLocation: ok\r\nContent-Length: 3\r\n\r\nabc", CLOSE},
    {"/loop", "HTTP/1.1 301 Moved\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n", CLOSE},
    {"/file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
     CLOSE},
    {"/gopher", "HTTP/1.1 302 Found\r\nLocation: gopher://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
     CLOSE},
    {"/badgzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
     CLOSE},
    {"/unknown", "HTTP/1.1 200 OK\r\nContent-Encoding: nonsense\r\nContent-Length: 4\r\n\r\nabcd",
     CLOSE},
};

HOSTILE_FN void hostile_send(int fd, const void *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes = (const char *)bytes + sent;
        n -= (size_t)sent;
    }
}

/* Until the other side hangs up. */
HOSTILE_FN void hostile_wait(int fd)
{
    char ignored[256];
    while (recv(fd, ignored, sizeof(ignored), 0) > 0)
        ;
}

/* `before`, and then `repeated` until the client has enough. */
HOSTILE_FN void hostile_flood(int fd, const char *before, const char *repeated)
{
    hostile_send(fd, before, strlen(before));
    while (send(fd, repeated, strlen(repeated), MSG_NOSIGNAL) > 0)
        ;
}

/* Sixteen megabytes of nothing, in sixteen kilobytes. */
HOSTILE_FN void hostile_bomb(int fd)
{
    static const char before[] =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n";
    static unsigned char nothing[1 << 16];
    unsigned char packed[1 << 16];
    z_stream z = {0};
    hostile_send(fd, before, strlen(before));
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    for (int i = 0; i <= 256; i++) {
        z.next_in = nothing;
        z.avail_in = sizeof(nothing);
        z.next_out = packed;
        z.avail_out = sizeof(packed);
        deflate(&z, i == 256 ? Z_FINISH : Z_NO_FLUSH);
        hostile_send(fd, packed, sizeof(packed) - z.avail_out);
    }
    deflateEnd(&z);
}

/* "/to?URL" is a redirect to it. */
HOSTILE_FN void hostile_redirect(int fd, const char *url)
{
    char answer[512];
    snprintf(answer, sizeof(answer), "HTTP/1.1 307 Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
             url);
    hostile_send(fd, answer, strlen(answer));
}

HOSTILE_FN void hostile_answer(int fd, const char *path)
{
    if (strncmp(path, "/to?", 4) == 0)
        hostile_redirect(fd, path + 4);
    else if (strcmp(path, "/endless") == 0)
        hostile_flood(fd, "HTTP/1.1 200 OK\r\n\r\n",
                      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    else if (strcmp(path, "/headers") == 0)
        hostile_flood(fd, "HTTP/1.1 200 OK\r\n", "X-Header: x\r\n");
    else if (strcmp(path, "/line") == 0)
        hostile_flood(fd, "HTTP/1.1 200 OK\r\nX-Header: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    else if (strcmp(path, "/bomb") == 0)
        hostile_bomb(fd);
    for (size_t i = 0; i < sizeof(hostile_answers) / sizeof(hostile_answers[0]); i++) {
        if (strcmp(path, hostile_answers[i].path) != 0)
            continue;
        hostile_send(fd, hostile_answers[i].answer, strlen(hostile_answers[i].answer));
        if (hostile_answers[i].then == KEEP_SILENT)
            hostile_wait(fd);
        if (hostile_answers[i].then == RESET) {
            struct linger linger = {.l_onoff = 1, .l_linger = 0};
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        }
    }
}

HOSTILE_FN void *hostile_connection(void *context)
{
    int fd = (int)(intptr_t)context;
    char request[4096] = "", path[1024] = "";
    size_t n = 0;
    ssize_t got;
    while (n < sizeof(request) - 1 && strstr(request, "\r\n\r\n") == NULL &&
           (got = recv(fd, request + n, sizeof(request) - 1 - n, 0)) > 0)
        request[n += (size_t)got] = '\0';
    if (sscanf(request, "GET %1023s", path) == 1) {
        int now = atomic_fetch_add(&hostile.now, 1) + 1, most = atomic_load(&hostile.most);
        atomic_fetch_add(&hostile.requests, 1);
        while (now > most && !atomic_compare_exchange_weak(&hostile.most, &most, now))
            ;
        if (strstr(request, "X-Secret: ") != NULL)
            atomic_fetch_add(&hostile.secrets, 1);
        if (strcmp(path, "/slow") == 0)
            usleep(2000);
        atomic_fetch_sub(&hostile.now, 1);
        hostile_answer(fd, path);
    }
    close(fd);
    return NULL;
}

HOSTILE_FN void *hostile_serve(void *context)
{
    int fd;
    (void)context;
    while ((fd = accept4(hostile.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, hostile_connection, (void *)(intptr_t)fd),
                         0);
        pthread_detach(thread);
    }
    return NULL;
}

HOSTILE_FN void hostile_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    hostile.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(hostile.fd, (struct sockaddr *)&address, n), 0);
    ck_assert_int_eq(listen(hostile.fd, 128), 0);
    ck_assert_int_eq(getsockname(hostile.fd, (struct sockaddr *)&address, &n), 0);
    hostile.port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&hostile.thread, NULL, hostile_serve, NULL), 0);
}

HOSTILE_FN void hostile_stop(void)
{
    shutdown(hostile.fd, SHUT_RDWR); /* ends accept */
    pthread_join(hostile.thread, NULL);
    close(hostile.fd);
}

#endif
