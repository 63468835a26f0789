# Takes the blocks of code out of a page in Markdown: the first to the file blocks/001, and to blocks/001.kind its line and
# what stands behind its ```. Fails if the last one has no end.
/^```/ && block == "" {
    block = sprintf("blocks/%03d", ++number)
    print NR, substr($0, 4) >(block ".kind")
    close(block ".kind")
    printf "" >block
    next
}
/^```$/ {
    close(block)
    block = ""
}
block != "" { print >block }
END { exit block != "" }
