#!/usr/bin/env bash
# Whether kept catalogs open, answer as they did, and take what is new.
#     testdata/formats/check.sh ROADLOOP RECORDING
set -euo pipefail

roadloop=$(realpath "$1") recording=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
run() { "$roadloop" --workspace "$workspace" --quiet "$@"; }

answers() {
    run sql 'select recording, camera, count(*) as frames, sum(brightness) as brightness
        from frames group by 1, 2 order by 1, 2' --format csv
    run sql 'select recording, label, count(*) as detections, max(confidence) as most
        from detections group by 1, 2 order by 1, 2' --format csv
    run search 'has(car)' --count
}

for kept in "$here"/v*; do
    rm -rf "$workspace/tables"
    cp -r "$kept/tables" "$workspace/"
    diff "$kept/answers.txt" <(answers)
    run catalog compact >/dev/null
    diff "$kept/answers.txt" <(answers)
    # What was delivered before is known, and a new recording is kept beside it.
    run run "$recording" --stages extract --every 12 --name third >/dev/null
    rows=$(run sql "select count(*) from frames where recording = 'third'" --format csv | tail -1)
    [ "$rows" = 8 ] || { echo "$rows rows, not 8" >&2; exit 1; }
    diff "$kept/answers.txt" <(answers | grep -v '^third,')
    echo "$(basename "$kept"): opens, answers, takes what is new"
done
