#!/usr/bin/env bash
# Whether the examples say what `roadloop sql` says, of a catalog before and after it was
# compacted and with a shard of it replaced.
#     examples/python/check.sh ROADLOOP PYTHON RECORDING
set -euo pipefail

roadloop=$(realpath "$1") python=$2 recording=$(realpath "$3")
here=$(dirname "$(realpath "$0")")
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
run() { "$roadloop" --workspace "$workspace" --quiet "$@"; }

compare() { # when
    local expected
    expected=$(run sql 'select camera, label, count(*) as detections from detections
        group by camera, label order by camera, label' --format csv)
    [ "$(wc -l <<<"$expected")" -gt 2 ] || { echo "nothing was found" >&2; exit 1; }
    for script in with_pandas with_polars with_duckdb; do
        diff <(echo "$expected") <("$python" "$here/$script.py" "$workspace") ||
            { echo "$script.py differs $1" >&2; exit 1; }
    done
    echo "equal $1"
}

run run "$recording" --stages extract,detect --every 4 >/dev/null
compare "as delivered"
run run "$recording" --stages detect --confidence 0.5 >/dev/null
compare "after shards were replaced"
run catalog compact >/dev/null
compare "after compaction"
run catalog vacuum --keep 0 >/dev/null
compare "after a vacuum"
