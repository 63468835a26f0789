"""py_fetch.py <URLS >PAGES: what samples/toolkit/fetch.c does, with what Python brings along."""
import html.parser
import json
import multiprocessing
import sys
import urllib.request

WORKERS = 4


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.title, self.links, self.in_title = "", [], False

    def handle_starttag(self, tag, attrs):
        self.in_title = tag == "title"
        href = dict(attrs).get("href") if tag == "a" else None
        if href is not None:
            self.links.append(href)

    def handle_endtag(self, tag):
        self.in_title = False

    def handle_data(self, data):
        if self.in_title:
            self.title += data


def fetch(urls, pages):
    for url in iter(urls.get, None):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                text = answer.read().decode(answer.headers.get_content_charset("utf-8"), "replace")
            page = Page()
            page.feed(text)
            found = {"url": url, "title": page.title, "links": page.links}
        except OSError as error:
            found = {"url": url, "error": str(error)}
        pages.put(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    pages.put(None)


def feed(lines, urls):
    for line in lines:
        urls.put(line.strip())
    for _ in range(WORKERS):
        urls.put(None)


if __name__ == "__main__":
    urls, pages = multiprocessing.Queue(), multiprocessing.Queue()
    workers = [multiprocessing.Process(target=fetch, args=(urls, pages)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    feed(sys.stdin, urls)
    for _ in range(WORKERS):
        for page in iter(pages.get, None):
            print(page)
    for worker in workers:
        worker.join()
