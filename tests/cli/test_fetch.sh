#!/bin/sh
# url.fetch with several workers, which share the hosts out: the records of one worker, in any order.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

command -v python3 >/dev/null || {
    echo "skipped: no python3"
    exit 0
}

mkdir site
for i in $(seq 20); do
    echo "<title>page $i</title><a href='/$i'>next</a>" >"site/$i.html"
done
cat >server.py <<'END'
import functools, http.server, sys, threading
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args):
        open("asked." + str(self.server.server_port), "a").write(self.path + "\n")
for _ in range(5):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory="site"))
    threading.Thread(target=server.serve_forever).start()
    print(server.server_port, flush=True)
END
: >ports
python3 server.py >ports 2>/dev/null &
server=$!
trap 'kill "$server"; rm -rf "$work"' EXIT
while [ "$(wc -l <ports)" -lt 5 ]; do sleep 0.1; done

{
    echo url
    for i in $(seq 21); do # there is no page 21
        while read -r port; do
            echo "http://user@127.0.0.1:$port/$i.html"
        done <ports
    done
    echo 'no address at all'
} >urls.csv
cat >fetch.yaml <<'END'
version: 1
name: fetch
run: {max_failed: 100%}
stages:
  - {id: list, type: csv.read, with: {path: urls.csv}}
  - {id: fetch, type: url.fetch, with: {allow_private: true, attempts: 1, per_host: 2}}
  - {id: parse, type: html.parse, with: {extract: [title, links], keep: [url, status, error]}}
  - {id: write, type: csv.write, with: {path: out.csv}}
  - {id: failed, type: transform, inputs: fetch, with: {where: "error is not null", select: [url, error]}}
  - {id: again, type: csv.write, with: {path: failed.csv}}
END
for workers in 1 2 5; do
    sed "/id: fetch/s/type/workers: $workers, type/" fetch.yaml >workers.yaml
    rm -f asked.*
    run 0 run workers.yaml
    says err 'balanced'
    sort out.csv >"sorted.$workers"
    same "sorted.$workers" sorted.1
    [ "$(wc -l <out.csv)" -eq 107 ] || fail "$workers workers: $(wc -l <out.csv) lines"
    [ "$(grep -c ',http_404$\|,bad_url$' failed.csv)" -eq 6 ] || fail "$workers workers: $(cat failed.csv)"
    # What failed is ready to be fed in again.
    cp failed.csv again.csv
    run 0 run workers.yaml --set list.path=again.csv
    [ "$(wc -l <out.csv)" -eq 7 ] || fail "$workers workers, again: $(wc -l <out.csv) lines"
done
run 0 plan workers.yaml
says out '5 x url.get'
sed "/id: fetch/s/type/workers: 17, type/" fetch.yaml >many.yaml
run 78 check many.yaml
says err 'at most 16 workers can share the hosts out'
finish
