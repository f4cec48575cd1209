#!/usr/bin/env bash
# What hapki costs beside its peers, in one run, as Markdown on stdout. It builds what it compares.
# A peer that is not there is named in the table. Root, or a machine that lets kubeadm change its root directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export HAPKI_PEERS=${HAPKI_PEERS:-$HOME/.cache/hapki/peers}
target=${CARGO_TARGET_DIR:-target}

tests/peers/build.sh --compare >&2
cargo build --release -p pki-cli >&2
# `issuance issue KEY COUNT` issues in process and prints nothing.
issuance=$(cargo bench -p pki-core --bench issuance --no-run 2>&1 | tee /dev/stderr | sed -n 's/.*Executable.*(\(.*\))$/\1/p')

"$HAPKI_PEERS/compare" --hapki "$target/release/hapki" --issuance "$issuance" --peers "$HAPKI_PEERS" "$@"
