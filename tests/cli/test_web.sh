#!/bin/sh
# Pages and feeds in a run: their workers can open nothing any more, and need not.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# ---- pages in many encodings, whose converters are files ----

page() {
    printf '{"url":"http://h.org/%s","content_type":"text/html; charset=%s","body":"<title>%s</title>"}\n' \
        "$1" "$1" "$2"
}
{
    page utf-8 'caf\u00e9'
    page shift_jis '\udc83e'
    page koi8-r '\udcc1'
    page gb18030 '\udcc4\udce3'
    page latin1 '\udc80'
} >pages.jsonl
cat >parse.yaml <<'END'
version: 1
name: parse
stages:
  - id: read
    type: jsonl.read
    with: {path: pages.jsonl, fields: {url: url, content_type: content_type, body: body}}
  - id: parse
    type: html.parse
    with: {extract: [title, links], keep: [url]}
  - id: write
    type: jsonl.write
    with: {path: out.jsonl}
END
run 0 plan parse.yaml
says out 'html.parse + jsonl.format  (parse, write), reads in order, sandbox strict'
says out 'jsonl.parse  (read), sandbox files'
for workers in 1 4; do
    run 0 run parse.yaml --workers $workers
    cut -d, -f2 out.jsonl >titles
    cat >expected <<'END'
"title":"café"
"title":"テ"
"title":"а"
"title":"你"
"title":"€"
END
    same titles expected
done
sed 's/type: html.parse/&\n    sandbox: none/' parse.yaml >open.yaml
run 0 plan open.yaml
says out 'jsonl.parse + html.parse + jsonl.format'
says_not out strict
sed 's/type: jsonl.read/&\n    sandbox: strict/' parse.yaml >bad.yaml
run 78 check bad.yaml
says err "jsonl.read opens files while it works: 'sandbox' can be none or files"

# ---- a page that its parser has not the memory for is set aside; sanitizers need that memory themselves ----

# shellcheck disable=SC2154
if ! grep -q __asan_init "$program"; then
    sed "s/links/text/" parse.yaml >hungry.yaml
    sed -i 's/type: html.parse/&\n    worker_memory: 64MiB/' hungry.yaml
    echo 'quarantine: {path: aside.jsonl}' >>hungry.yaml
    awk 'BEGIN {
        printf "{\"url\":\"http://h.org/hungry\",\"body\":\""
        for (i = 0; i < 1000000; i++)
            printf "<i></i>"
        print "\"}"
    }' >>pages.jsonl
    page utf-8 last >>pages.jsonl
    run 1 run hungry.yaml
    cut -d, -f2 out.jsonl >titles
    echo '"title":"last"' >>expected
    same titles expected
    says aside.jsonl '"stage":"parse"'
fi

# ---- and so is one that keeps it busy: a million attributes, each of which is compared with all others ----

{
    page utf-8 first
    awk 'BEGIN {
        printf "{\"url\":\"http://h.org/busy\",\"body\":\"<p"
        for (i = 0; i < 1000000; i++)
            printf " a" i
        print ">\"}"
    }'
    page utf-8 last
} >pages.jsonl
sed 's/type: html.parse/&\n    record_timeout: 1s/' parse.yaml >busy.yaml
echo 'quarantine: {path: busy.jsonl, poison_after: 1}' >>busy.yaml
run 1 run busy.yaml --workers 1
cut -d, -f2 out.jsonl >titles
printf '"title":"%s"\n' first last >expected
same titles expected
says busy.jsonl 'no answer within record_timeout, 1000 ms'

# ---- a compressed sitemap, and the same as a document that was fetched ----

awk 'BEGIN {
    print "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">"
    for (i = 0; i < 20000; i++)
        print "<url><loc>http://h.org/" i "</loc></url>"
    print "</urlset>"
}' >map.xml
gzip -k map.xml
awk 'BEGIN { for (i = 0; i < 20000; i++) print "http://h.org/" i }' >expected
cat >list.yaml <<'END'
version: 1
name: list
vars: {map: map.xml.gz}
stages:
  - id: list
    type: url.list
    with: {sitemap: "${map}"}
  - type: transform
    with: {select: [url]}
  - id: write
    type: lines.write
    with: {path: out.txt}
END
run 0 run list.yaml
same out.txt expected
run 0 run list.yaml --var map=map.xml
same out.txt expected
head -c 20000 map.xml >short.xml
run 65 run list.yaml --var map=short.xml
says err 'short.xml: malformed: line '
run 66 run list.yaml --var map=missing.xml

python3 -c '
import json
print(json.dumps({"body": open("map.xml.gz", "rb").read().decode("utf-8", "surrogateescape")}))
print(json.dumps({"body": open("map.xml.gz", "rb").read()[:900].decode("utf-8", "surrogateescape")}))
' >fetched.jsonl
cat >feed.yaml <<'END'
version: 1
name: feed
run: {max_failed: 1}
stages:
  - id: read
    type: jsonl.read
    with: {path: fetched.jsonl, fields: {body: body}}
  - type: xml.parse
    with: {records: /urlset/url, fields: {url: loc}}
  - id: write
    type: jsonl.write
    with: {path: out.jsonl}
END
awk '{ print "{\"url\":\"" $0 "\",\"error\":null}" } END { print "{\"url\":null,\"error\":\"truncated\"}" }' expected \
    >expected.jsonl
for workers in 1 3; do
    run 0 run feed.yaml --workers $workers
    same out.jsonl expected.jsonl
done

finish
