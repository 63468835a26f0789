/*
 * web: a server of a few made-up pages, on the loopback interface only, for as long as its standard
 * input stays open. Says its port first. /N is a page with N % 5 links, /N.L one with L links and 190
 * bytes for each, /gone closes without a word, and there is nothing else.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bytes) < 0)
        return -1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void print_page(FILE *to, long number, long links)
{
    static const char *const words = "lorem ipsum dolor sit amet consectetur adipiscing elit";
    fprintf(to,
            "HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            "<!DOCTYPE html><html><head><title>Page %ld &amp; \"caf\xc3\xa9\"</title><body>",
            number);
    for (long i = 0; i < links; i++)
        fprintf(to, "<div><p>%s <b>%s</b></p><a href=\"/%ld?a=1&amp;b=%ld\">next</a></div>\n",
                words, words, number + i, i);
    fprintf(to, "<!-- <a href='no'> --><p><a name=x>no link</a>");
}

static void send_page(int client, long number, long links)
{
    char *text = NULL;
    size_t bytes, sent = 0;
    FILE *to = open_memstream(&text, &bytes);
    if (to == NULL)
        return;
    print_page(to, number, links);
    fclose(to);
    for (ssize_t n = 1; sent < bytes && n > 0; sent += n > 0 ? (size_t)n : 0)
        n = send(client, text + sent, bytes - sent, MSG_NOSIGNAL);
    free(text);
}

static void answer(int client)
{
    char request[8192] = "", path[4096] = "", *end;
    size_t n = 0;
    ssize_t some = 1;
    while (some > 0 && strstr(request, "\r\n\r\n") == NULL) {
        some = recv(client, request + n, sizeof(request) - 1 - n, 0);
        n += some > 0 ? (size_t)some : 0;
    }
    sscanf(request, "GET /%4095s", path);
    long number = strtol(path, &end, 10);
    long links = *end == '.' ? strtol(end + 1, &end, 10) : number % 5;
    if (end != path && *end == '\0')
        send_page(client, number, links);
    else if (strcmp(path, "gone") != 0)
        dprintf(client, "HTTP/1.0 404 Not Found\r\n\r\nThere is nothing here.");
}

int main(void)
{
    int listener = listen_somewhere();
    if (listener < 0)
        return 71;
    struct pollfd ready[] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    while (poll(ready, 2, -1) > 0 && ready[1].revents == 0) {
        int client = accept(listener, NULL, NULL);
        answer(client);
        close(client);
    }
    return 0;
}
