#!/bin/sh
# The rules of time zones as a table, from the machine's tzdata: a line "Europe/Berlin CET-1CEST,M3.5.0,M10.5.0/3" each, in byte
# order. The rule is the last line of a zone's file (RFC 9636). Without tzdata the table is empty. The folder may be given.
LC_ALL=C
export LC_ALL
cd "${1:-/usr/share/zoneinfo}" 2>/dev/null || exit 0
find -L . -type f -exec tail -v -n 1 {} + 2>/dev/null | tr -d '\000' | awk '
	/^==> .* <==$/ { name = substr($2, 3); next }
	name ~ /^[A-Z][-+_A-Za-z0-9\/]*$/ && /^(<[-+0-9A-Za-z]+>|[A-Za-z]+)[-+]?[0-9][-+<>:,.\/0-9A-Za-z]*$/ { print name " " $0; name = "" }' | sort
