# Joins the script of a page and all modules that it imports into one file, so that a browser makes one request for them:
#   awk -f bundle.awk web/assets/wall.js
# Each module becomes a function that is called once, after those that it imports from, and returns what it exports. The
# modules keep to what is understood here: imports of names from './FILE.js' on top, and exports where something is
# declared, by function, class or const. Anything else ends the build. Comments that have a line of their own, and the
# space before lines, are left out, so no text in backquotes may be longer than a line.

function fail(file, why) {
    print "web/assets/" file ": " why > "/dev/stderr"
    failed = 1
    exit 1
}

function variable(file) {
    gsub(/[^A-Za-z0-9]/, "_", file)
    return "$" file
}

function import_line(file, line,    names, from) {
    if (!match(line, /^import \{[^{}]*\} from '\.\/[A-Za-z0-9-]+\.js';$/)) fail(file, "cannot bundle: " line)
    names = from = line
    sub(/^import /, "", names)
    sub(/ from .*/, "", names)
    gsub(/ as /, ": ", names)
    sub(/.* from '\.\//, "", from)
    sub(/';$/, "", from)
    add(from)
    return "const " names " = " variable(from) ";\n"
}

function add(file,    path, line, more, status, body, name, names) {
    if (state[file] == "added") return
    if (state[file] == "begun") fail(file, "imports itself, by way of others")
    state[file] = "begun"
    path = folder file
    while ((status = (getline line < path)) > 0) {
        if (line ~ /^import /) {
            while (line !~ /;$/ && (getline more < path) > 0) line = line " " more
            body = body import_line(file, line)
            continue
        }
        sub(/^ +/, "", line)
        if (line == "" || line ~ /^\/\//) continue
        if (gsub(/`/, "`", line) % 2 == 1) fail(file, "cannot bundle: " line)
        if (sub(/^export /, "", line)) {
            if (!match(line, /^(async )?(function|class|const) [A-Za-z0-9_]+/)) fail(file, "cannot bundle: " line)
            name = substr(line, 1, RLENGTH)
            sub(/.* /, "", name)
            names = names (names == "" ? " " : ", ") name
        }
        body = body line "\n"
    }
    close(path)
    if (status < 0) fail(file, "cannot be read")
    state[file] = "added"
    printf "const %s = (() => {\n%sreturn {%s };\n})();\n", variable(file), body, names
}

BEGIN {
    folder = page = ARGV[1]
    sub(/[^\/]*$/, "", folder)
    sub(/.*\//, "", page)
    add(page)
}

END { exit failed }
