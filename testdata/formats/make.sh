#!/usr/bin/env bash
# Makes a small catalog as a version of roadloop writes it, to be kept: tables with log
# entries before and after a checkpoint, a shard at its second revision, a merged file.
#     testdata/formats/make.sh ROADLOOP RECORDING OUT
# Once kept, a catalog is never made again nor edited.
set -euo pipefail

roadloop=$(realpath "$1") recording=$(realpath "$2") out=$3
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
run() { "$roadloop" --workspace "$workspace" --quiet "$@" >/dev/null; }

run run "$recording" --stages extract,detect --every 12 --name first
run run "$recording" --stages extract --every 24 --name second
run run "$recording" --stages detect --every 12 --name first --confidence 0.5
run catalog compact
# A log that is old gets a checkpoint.
find "$workspace/tables" -name '*.json' -exec touch -d '40 days ago' {} +
run catalog vacuum --keep 0
run run "$recording" --stages detect --every 24 --name second
mkdir -p "$out"
cp -r "$workspace/tables" "$out/"
