#!/bin/sh
# Fetches the packages named in package.json and copies their style sheet and licence, unchanged, into
# idportal/static/idportal/vendor. The copies are committed: nobody needs npm to run the portal.
# A package whose checksum is not the one in package.json is refused.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
target="$root/idportal/static/idportal/vendor"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

field() { node -p "require('$root/package.json')['$1']['$2']"; }

vendor() { # vendor <package> <file>…
    package=$1
    shift
    archive=$(npm pack --silent "$package@$(field dependencies "$package")")
    checksum="sha512-$(openssl dgst -sha512 -binary "$archive" | base64 -w 0)"
    if [ "$checksum" != "$(field integrity "$package")" ]; then
        echo "vendor: $archive has checksum $checksum, which is not the one in package.json" >&2
        exit 1
    fi
    rm -rf package && tar -xzf "$archive"
    mkdir -p "$target/$package"
    for file in "$@"; do
        install -m 644 "package/$file" "$target/$package/$file"
    done
    echo "vendor: $archive"
}

vendor modern-normalize modern-normalize.css license
