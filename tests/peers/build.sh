#!/usr/bin/env bash
# Installs and builds the foreign programs that hapki is tested against, outside the clone:
#   from Debian    nginx with its stream module, haproxy, openssl, curl, docker-registry, skopeo, strace
#   by `go build`  kubeadm, kubectl, kube-apiserver, kube-controller-manager, kube-scheduler, zlint (versions in
#                  go.mod), etcd, etcdctl (versions in etcd/go.mod), gocheck
#                  and reports (versions in reports/go.mod), with the schema of SARIF; registry3, the registry of
#                  distribution 3 (Debian has 2.8)
#   from PyPI      pkilint, junitparser (versions in requirements.txt), in a virtual environment
# and, with --compare, cfssl and step, which only compare.sh needs.
#
# They land in ${HAPKI_PEERS:-~/.cache/hapki/peers}. A second run finds a matching stamp and
# takes a second. What cannot be had is named, and ends the run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peers=${HAPKI_PEERS:-$HOME/.cache/hapki/peers}
kubernetes=v1.34.4
kubernetes_programs=(kubeadm kubectl kube-apiserver kube-controller-manager kube-scheduler)
cfssl=v1.6.5
step=v0.28.7
distribution=v3.1.1
debian=(nginx libnginx-mod-stream haproxy openssl curl docker-registry skopeo util-linux strace)
programs=(nginx haproxy openssl curl docker-registry skopeo unshare strace)

main() {
    mkdir -p "$peers"
    # Two runs at once would write the same files.
    exec 9>"$peers/.lock"
    flock 9
    install_debian
    need_go
    build_once kubernetes "$(digest "$here/go.mod" "$here/go.sum") $kubernetes ${kubernetes_programs[*]}" build_kubernetes
    build_once etcd "$(digest "$here/etcd/go.mod" "$here/etcd/go.sum")" build_etcd
    build_once own "$(digest "$here"/go.mod "$here"/*/*.go)" build_own
    build_once reports "$(digest "$here"/reports/*)" build_reports
    build_once registry3 "$distribution" build_registry3
    build_once pkilint "$(digest "$here/requirements.txt")" build_pkilint
    if [ "${1:-}" = --compare ]; then
        build_once cfssl "$cfssl" build_cfssl || missing_for_comparison cfssl
        build_once step "$step" build_step || missing_for_comparison step
    fi
    echo "peers: ready in $peers"
}

install_debian() {
    local missing=() program
    for program in "${programs[@]}"; do
        find_program "$program" >/dev/null || missing+=("$program")
    done
    stream_module || missing+=("nginx's stream module")
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null ||
        die "missing: ${missing[*]}. This machine has no apt-get: install nginx with its stream module, haproxy, openssl, curl, docker-registry, skopeo, util-linux and strace by its own means."
    echo "peers: missing ${missing[*]}; installing ${debian[*]}"
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    # Packages that start a service on installing must not: the tests want the ports.
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 bash -c "
        apt-get update -q && apt-get install -q -y --no-install-recommends ${debian[*]}
    " </dev/null || die "apt-get could not install ${debian[*]}"
    for program in "${programs[@]}"; do
        find_program "$program" >/dev/null || die "$program is still missing after apt-get install ${debian[*]}"
    done
    stream_module || die "nginx's stream module is still missing after apt-get install libnginx-mod-stream"
}

# Debian keeps nginx in /usr/sbin, which a user's PATH may lack.
find_program() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1"; }

stream_module() {
    local nginx
    nginx=$(find_program nginx) || return 1
    [ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || "$nginx" -V 2>&1 | grep -qE -- '--with-stream( |$)'
}

need_go() {
    command -v go >/dev/null ||
        die "missing: go. Install Go 1.25 or later from your distribution or go.dev; Kubernetes' programs are built with it."
    export GOFLAGS=-buildvcs=false GOWORK=off CGO_ENABLED=0
    local major minor
    IFS=. read -r major minor _ <<<"$(cd / && go env GOVERSION | sed 's/^go//')"
    minor=${minor%%[!0-9]*}
    [ "$major" -gt 1 ] || [ "$minor" -ge 21 ] || die "go 1.$minor is too old: go.mod asks for Go 1.25 (1.21 and later can fetch it)"
}

# build_once NAME KEY FUNCTION: runs FUNCTION unless it has run for this key and this Go before.
build_once() {
    local name=$1 stamp="$peers/.stamp-$1" key function=$3
    key="$2 $(go env GOVERSION GOARCH | tr '\n' ' ')"
    if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; then
        return
    fi
    rm -f "$stamp"
    local start=$SECONDS
    echo "peers: building $name"
    # In a subshell with -e of its own: a function called in a condition loses it.
    if ! bash -c "set -euo pipefail; here='$here' peers='$peers' kubernetes=$kubernetes kubernetes_programs='${kubernetes_programs[*]}' cfssl=$cfssl step=$step distribution=$distribution; $(declare -f "$function" die); $function" </dev/null; then
        echo "peers: building $name failed" >&2
        return 1
    fi
    echo "$key" >"$stamp"
    echo "peers: built $name in $((SECONDS - start)) s"
}

build_kubernetes() {
    cd "$here"
    local flags="-s -w"
    flags+=" -X k8s.io/component-base/version.gitVersion=$kubernetes"
    flags+=" -X k8s.io/component-base/version.gitMajor=1"
    flags+=" -X k8s.io/component-base/version.gitMinor=34"
    local program
    for program in $kubernetes_programs; do
        go build -trimpath -ldflags "$flags" -o "$peers/$program" "k8s.io/kubernetes/cmd/$program"
    done
    go build -trimpath -ldflags "-s -w" -o "$peers/zlint" github.com/zmap/zlint/v3/cmd/zlint
}

build_etcd() {
    cd "$here/etcd"
    go build -trimpath -ldflags "-s -w" -o "$peers/etcd" go.etcd.io/etcd/server/v3
    go build -trimpath -ldflags "-s -w" -o "$peers/etcdctl" go.etcd.io/etcd/etcdctl/v3
}

build_own() {
    cd "$here"
    local program
    for program in gocheck compare; do
        go build -trimpath -ldflags "-s -w" -o "$peers/$program" "./$program"
    done
}

# The schema as OASIS has it is a constant in the source of go-sarif.
build_reports() {
    cd "$here/reports"
    go build -trimpath -ldflags "-s -w" -o "$peers/reports" .
    local source
    source=$(go list -m -f '{{.Dir}}' github.com/owenrumney/go-sarif/v3)/pkg/report/v210/sarif/schema.go
    sed -n '/^const schema = `/,/^`/p' "$source" | sed -e '1s/^[^{]*//' -e '$d' >"$peers/sarif-schema-2.1.0.json"
    [ -s "$peers/sarif-schema-2.1.0.json" ] || die "go-sarif has no schema in $source"
}

# As its makers build it: by its own go.mod, under the name of its release.
build_registry3() {
    local version=github.com/distribution/distribution/v3/version
    mkdir -p "$peers/registry3.building"
    GOBIN=$peers/registry3.building go install -trimpath -ldflags "-s -w -X $version.version=$distribution" \
        "github.com/distribution/distribution/v3/cmd/registry@$distribution"
    mv "$peers/registry3.building/registry" "$peers/registry3"
    rmdir "$peers/registry3.building"
    "$peers/registry3" --version
}

build_pkilint() {
    command -v python3 >/dev/null || die "missing: python3, which pkilint and junitparser run on"
    rm -rf "$peers/venv"
    python3 -m venv "$peers/venv" || die "python3 cannot make a virtual environment (Debian: apt-get install python3-venv)"
    "$peers/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
    "$peers/venv/bin/lint_pkix_cert" --help >/dev/null
    "$peers/venv/bin/python3" -c 'import junitparser'
}

build_cfssl() { GOBIN=$peers go install -trimpath -ldflags "-s -w" "github.com/cloudflare/cfssl/cmd/cfssl@$cfssl"; }

build_step() { GOBIN=$peers go install -trimpath -ldflags "-s -w" "github.com/smallstep/cli/cmd/step@$step"; }

missing_for_comparison() { echo "peers: $1 DOES NOT BUILD here; compare.sh will say that it is missing" >&2; }

digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

die() {
    echo "peers: $1" >&2
    exit 1
}

main "$@"
