#!/usr/bin/env bash
# Says in plain words what is missing before anything is built.
#     bash .ci/need.sh cargo cc pip …
set -euo pipefail

missing=0
need() { # what, how to get it
    echo "missing: $1" >&2
    echo "    $2" >&2
    missing=1
}

# Is ONNX Runtime here already? Then pip has nothing to fetch.
has_runtime() {
    [ -n "${ORT_DYLIB_PATH:-}" ] || compgen -G "${ROADLOOP_WORKSPACE:-roadloop}/runtime/libonnxruntime.*" >/dev/null
}

for tool in "$@"; do
    case "$tool" in
    cargo)
        command -v cargo >/dev/null || need "cargo" "Rust 1.95 or newer: https://rustup.rs"
        ;;
    rustfmt)
        cargo fmt --version >/dev/null 2>&1 || need "rustfmt" "rustup component add rustfmt"
        ;;
    clippy)
        cargo clippy --version >/dev/null 2>&1 || need "clippy" "rustup component add clippy"
        ;;
    cc)
        # SQLite, zstd and OpenH264 are built from source.
        command -v cc >/dev/null && command -v c++ >/dev/null ||
            need "a C and C++ compiler" "apt-get install build-essential"
        ;;
    node)
        # The major version, before its first dot.
        version="$(node --version 2>/dev/null | tr -d v | cut -d. -f1)"
        [ "${version:-0}" -ge 20 ] && command -v npm >/dev/null ||
            need "Node.js 20 or newer with npm, which check the studio's site" "https://nodejs.org"
        ;;
    python)
        python3 -m pip --version >/dev/null 2>&1 ||
            need "Python 3 with pip, for the examples that read the tables" "apt-get install python3-pip"
        ;;
    pip)
        has_runtime || python3 -m pip --version >/dev/null 2>&1 ||
            need "Python 3 with pip, which fetches ONNX Runtime" "apt-get install python3-pip"
        ;;
    venv)
        python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ||
            need "Python 3 with venv" "apt-get install python3-venv"
        ;;
    *)
        echo "need.sh does not know $tool" >&2
        exit 2
        ;;
    esac
done
exit "$missing"
