#!/usr/bin/env bash
# What hapki costs beside its peers, in one run, as Markdown on stdout. It builds what it compares.
# A peer that is not there is named in the table. Root, or a machine that lets kubeadm change its root directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export HAPKI_PEERS=${HAPKI_PEERS:-$HOME/.cache/hapki/peers}
target=${CARGO_TARGET_DIR:-target}

tests/peers/build.sh --compare >&2
cargo build --release -p pki-cli >&2
# What hapki costs in process, without its command: issuing and judging many certificates.
cargo build --release -p pki-core --example issue_many --example verify_many >&2

"$HAPKI_PEERS/compare" --hapki "$target/release/hapki" --issue-many "$target/release/examples/issue_many" \
    --verify-many "$target/release/examples/verify_many" --peers "$HAPKI_PEERS" "$@"
