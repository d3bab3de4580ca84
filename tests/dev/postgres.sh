#!/usr/bin/env bash
# A private PostgreSQL for tests and benchmarks, on a Unix socket:
# `postgres.sh DIRECTORY [--durable] [--standby-of DIR] [--listen ADDRESS]`; with an address whoever reaches it may enter.
# DIRECTORY is made, and goes with the server when standard input ends, however its owner ends. Prints `ready`, then takes
# words from standard input: stop (immediate: as if it had died), start, promote; each is answered with a line.
set -uo pipefail
trap '' INT TERM
directory=$1
shift
durable=false primary= listen=
while (($#)); do
    case $1 in
        --durable) durable=true ;;
        --standby-of) primary=$2; shift ;;
        --listen) listen=$2; shift ;;
    esac
    shift
done

programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
programs=${programs:-$(dirname "$(command -v initdb || echo /nowhere/initdb)")}
[[ -x $programs/initdb && -x $programs/pg_ctl ]] || { echo missing; exit 1; }

# The server refuses to run as root.
unprivileged() {
    # Its own input and output: what it kept open would look as if our owner was still there.
    if [[ $(id -u) != 0 ]]; then "$@" 3>&- </dev/null; return; fi
    local user=postgres
    id -u "$user" >/dev/null 2>&1 || user=nobody
    (cd / && setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@" 3>&- </dev/null)
}

make() {
    mkdir -p "$directory"
    chmod 755 "$directory"
    if [[ $(id -u) == 0 ]]; then chown "$(id -u postgres 2>/dev/null || id -u nobody)" "$directory"; fi
    if [[ -n $primary ]]; then
        unprivileged "$programs/pg_basebackup" -h "$primary" -U postgres -D "$directory/data" -R -c fast -N
    else
        # A collation that is not that of bytes: who forgets to ask for bytes, fails.
        unprivileged "$programs/initdb" -D "$directory/data" -N -A trust -U postgres -E UTF8 --locale=C.UTF-8 \
            --locale-provider=icu --icu-locale=de ||
            unprivileged "$programs/initdb" -D "$directory/data" -N -A trust -U postgres -E UTF8 --locale=C.UTF-8
    fi || return
    [[ -z $listen ]] || echo 'host all all all trust' >>"$directory/data/pg_hba.conf"
}

start() {
    local fsync=off
    $durable && fsync=on
    unprivileged "$programs/pg_ctl" -D "$directory/data" -l "$directory/log" -w -t 60 \
        -o "-c listen_addresses=$listen -c unix_socket_directories=$directory -c fsync=$fsync -c max_connections=60" start
}

stop() { unprivileged "$programs/pg_ctl" -D "$directory/data" -m immediate -w -t 30 stop; }

say() { echo "$1" >&3; }

exec 3>&1 >"$directory.log" 2>&1 </dev/stdin
if make && start; then say ready; else cat "$directory.log" >&3; fi
while read -r word; do
    case $word in
        stop) stop ;;
        start) start ;;
        promote) unprivileged "$programs/pg_ctl" -D "$directory/data" -w promote ;;
        *) false ;;
    esac && say done || say failed
done
stop
rm -rf "$directory" "$directory.log"
