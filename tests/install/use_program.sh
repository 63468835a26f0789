#!/bin/sh
# Run by packages.sh in a system that has the package weir and little else.
set -eux
cd "$(mktemp -d)"
examples=/usr/share/doc/weir/examples

[ "$(pipeline version)" = "pipeline $(dpkg-query -W -f '${Version}' weir)" ]
pipeline run @ 2>list && exit 1
grep -q '@hash-tree' list
pipeline run @hash-tree --var root=/etc/apt --var out=SHA256SUMS
sha256sum --check --quiet SHA256SUMS
pipeline run @check-manifest --var manifest=SHA256SUMS
pipeline stages html.parse >page
[ -s /usr/share/man/man1/pipeline.1.gz ]
[ -s /usr/share/man/man5/pipeline.5.gz ]

paid=$PWD/paid.csv
(cd $examples && pipeline run pipelines/paid-orders.yaml --var out="$paid" --start-method spawn)
cp paid.csv by-spawn.csv
(cd $examples && pipeline run pipelines/paid-orders.yaml --var out="$paid")
cmp paid.csv by-spawn.csv
(cd $examples && pipeline test pipelines/paid-orders.yaml)

# What is loaded when it is needed is recommended only: without it there is a message.
gzip paid.csv
if pipeline run @count --var in=paid.csv.gz 2>messages; then
    exit 1
fi
grep libarchive messages
