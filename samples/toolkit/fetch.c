/*
 * fetch [fork | spawn | forkserver] <URLS >PAGES: fetches the pages whose URLs stand in its input,
 * one a line, and writes for each, as they come, a line of JSON: its title and its links, or what
 * went wrong.
 *
 *     feed -> urls -> 4 times fetch -> pages -> write
 *
 * Who has put all that it had closes its queue: then each of those who take from it comes to the end,
 * once. Of the four that is when the last of them has ended.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <libxml/HTMLparser.h>

#include <weir/process.h>
#include <weir/queue.h>

enum { WORKERS = 4, PROCESSES = WORKERS + 2 };
enum { URL = 8192, PAGE = 2 << 20, LINE = 16 << 20 }; /* a byte takes up to 6 in JSON */

static struct weir_queue *attach(int fd)
{
    struct weir_err err;
    struct weir_queue *queue;
    if (weir_queue_attach_fd(&queue, fd, &err) < 0) {
        weir_err_print(stderr, &err, false);
        exit(weir_err_exit_code(err.code));
    }
    return queue;
}

/* ---- URLs in ---- */

static int feed(const struct weir_child *child)
{
    struct weir_queue *urls = attach(child->fds[0]);
    char url[URL];
    int code = 0;
    while (code == 0 && fgets(url, sizeof(url), stdin) != NULL) {
        size_t bytes = strcspn(url, "\r\n");
        if (bytes > 0)
            code = weir_queue_put(urls, url, bytes, WEIR_FOREVER);
    }
    weir_queue_release(urls);
    return code != 0 || ferror(stdin) ? 1 : 0;
}

/* ---- a page ---- */

struct page {
    char bytes[PAGE];
    size_t n;
};

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
    struct page *page = context;
    if (size * count > sizeof(page->bytes) - page->n)
        return 0; /* which ends it with an error */
    memcpy(page->bytes + page->n, bytes, size * count);
    page->n += size * count;
    return size * count;
}

static void print_json(FILE *to, const char *text)
{
    bool utf8 = xmlCheckUTF8((const unsigned char *)text) != 0;
    fputc('"', to);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20)
            fprintf(to, "\\u%04x", c);
        else if (c >= 0x80 && !utf8)
            fputs("\\ufffd", to);
        else
            fprintf(to, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    fputc('"', to);
}

/* The next node of a document, those within this one first. */
static const xmlNode *node_behind(const xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE && node->children != NULL)
        return node->children;
    while (node != NULL && node->next == NULL)
        node = node->parent;
    return node == NULL ? NULL : node->next;
}

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static void print_title(FILE *to, const xmlDoc *document)
{
    const xmlNode *node = xmlDocGetRootElement(document);
    while (node != NULL && !is_element(node, "title"))
        node = node_behind(node);
    char *title = node == NULL ? NULL : (char *)xmlNodeGetContent(node);
    print_json(to, title == NULL ? "" : title);
    xmlFree(title);
}

static void print_links(FILE *to, const xmlDoc *document)
{
    const char *before = "";
    for (const xmlNode *node = xmlDocGetRootElement(document); node != NULL;
         node = node_behind(node)) {
        char *link =
            is_element(node, "a") ? (char *)xmlGetProp(node, (const xmlChar *)"href") : NULL;
        if (link == NULL)
            continue;
        fputs(before, to);
        print_json(to, link);
        before = ",";
        xmlFree(link);
    }
}

/* The character set that the server says, NULL: it says none, and the page may. */
static const char *charset_of(const char *content_type)
{
    const char *at = content_type == NULL ? NULL : strcasestr(content_type, "charset=");
    return at == NULL ? NULL : at + strlen("charset=");
}

static const char *print_page(FILE *to, CURL *curl, const struct page *page)
{
    const char *content_type = NULL, *url = NULL;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &content_type);
    curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url);
    htmlDocPtr document = htmlReadMemory(page->bytes, (int)page->n, url, charset_of(content_type),
                                         HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                             HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
    if (document == NULL)
        return "this is no HTML";
    fputs(",\"title\":", to);
    print_title(to, document);
    fputs(",\"links\":[", to);
    print_links(to, document);
    fputc(']', to);
    xmlFreeDoc(document);
    return NULL;
}

static void print_line(FILE *to, CURL *curl, const char *url, struct page *page)
{
    long status = 0;
    page->n = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    fputs("{\"url\":", to);
    print_json(to, url);
    const char *error = curl_easy_strerror(code);
    if (code == CURLE_OK)
        error = status == 200 ? print_page(to, curl, page) : "the server has no such page";
    if (error != NULL) {
        fprintf(to, ",\"status\":%ld,\"error\":", status);
        print_json(to, error);
    }
    fputs("}\n", to);
}

static CURL *open_curl(struct page *page)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return NULL;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, page);
    return curl;
}

static int fetch(const struct weir_child *child)
{
    struct weir_queue *urls = attach(child->fds[0]), *pages = attach(child->fds[1]);
    struct page *page = malloc(sizeof(*page));
    CURL *curl = open_curl(page);
    char url[URL];
    size_t bytes;
    int code = page == NULL || curl == NULL;
    while (code == 0 && weir_queue_get(urls, url, sizeof(url) - 1, &bytes, WEIR_FOREVER) == 0) {
        char *line = NULL;
        url[bytes] = '\0';
        FILE *to = open_memstream(&line, &bytes);
        if (to == NULL)
            return 1;
        print_line(to, curl, url, page);
        code = fclose(to);
        if (code == 0)
            code = weir_queue_put(pages, line, bytes, WEIR_FOREVER);
        free(line);
    }
    curl_easy_cleanup(curl);
    free(page);
    weir_queue_release(urls);
    weir_queue_release(pages);
    return code != 0;
}

/* ---- lines out ---- */

static int write_lines(const struct weir_child *child)
{
    struct weir_queue *pages = attach(child->fds[1]);
    char *line = malloc(LINE);
    size_t bytes;
    while (line != NULL && weir_queue_get(pages, line, LINE, &bytes, WEIR_FOREVER) == 0)
        fwrite(line, 1, bytes, stdout);
    free(line);
    weir_queue_release(pages);
    return line != NULL && fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

/* ---- all together ---- */

static const struct weir_process_function functions[] = {
    {"feed", feed}, {"fetch", fetch}, {"write_lines", write_lines}, {NULL, NULL}};

/* Which of the functions each process runs. */
enum step { FEED, FETCH, WRITE, STEPS };
static const enum step steps[PROCESSES] = {FEED, FETCH, FETCH, FETCH, FETCH, WRITE};

/* Waits for all of them. When all of a step have ended, nothing more is taken before it, and nothing
 * more comes behind it. */
static int see_them_end(struct weir_process **processes, struct weir_queue *urls,
                        struct weir_queue *pages)
{
    struct weir_queue *before[] = {NULL, urls, pages}, *behind[] = {urls, pages, NULL};
    int living[STEPS] = {1, WORKERS, 1}, failed = 0;
    struct pollfd ends[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        ends[i] = (struct pollfd){.fd = weir_process_fd(processes[i]), .events = POLLIN};
    for (int left = PROCESSES; left > 0;) {
        poll(ends, PROCESSES, -1);
        for (int i = 0; i < PROCESSES; i++) {
            int code;
            if (ends[i].fd < 0 || weir_process_join(processes[i], 0, &code) != 0)
                continue;
            if (code != 0)
                fprintf(stderr, "fetch: %s ended with %d\n", functions[steps[i]].name, code);
            failed |= code != 0;
            weir_process_release(processes[i]);
            ends[i].fd = -1;
            left--;
            if (--living[steps[i]] > 0)
                continue;
            if (before[steps[i]] != NULL)
                weir_queue_close(before[steps[i]]);
            if (behind[steps[i]] != NULL)
                weir_queue_close(behind[steps[i]]);
        }
    }
    return failed;
}

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, functions);
    if (argc > 1 && weir_process_set_start_method(argv[1]) < 0)
        return 64;

    struct weir_err err;
    struct weir_queue *urls, *pages;
    struct weir_process *processes[PROCESSES];
    if (weir_queue_create(&urls, 256, 256 * 1024, &err) < 0 ||
        weir_queue_create(&pages, 256, LINE, &err) < 0)
        goto fail;
    int fds[] = {weir_queue_fd(urls), weir_queue_fd(pages)};
    struct weir_process_options options = {.fds = fds, .fd_count = 2};
    for (int i = 0; i < PROCESSES; i++)
        if (weir_process_start(&processes[i], functions[steps[i]].main, &options, &err) < 0)
            goto fail; /* those that were started end with this process */
    int failed = see_them_end(processes, urls, pages);
    weir_queue_release(urls);
    weir_queue_release(pages);
    return failed;
fail:
    weir_err_print(stderr, &err, false);
    return weir_err_exit_code(err.code);
}
