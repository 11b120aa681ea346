#!/bin/sh
# Puts hrflow-watcher in place: ./install.sh for yourself (no administrator needed),
# ./install.sh --prefix /usr/local for everybody; --uninstall takes it away again.
# Run it again with a newer archive to update. Configuration and journal are not touched.
set -eu

name=hrflow-watcher
prefix=$HOME/.local
uninstall=no
while [ $# -gt 0 ]; do
    case "$1" in
        --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
        --prefix=*) prefix=${1#*=}; shift ;;
        --uninstall) uninstall=yes; shift ;;
        *) sed -n '2,4s/^# //p' "$0"; [ "$1" = --help ] || [ "$1" = -h ] && exit 0; exit 2 ;;
    esac
done
case "$prefix" in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
esac
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
app=$prefix/lib/$name
share=$prefix/share

remove_links() {
    rm -f "$prefix/bin/$name" "$share/applications/$name.desktop" \
        "$share/icons/hicolor/scalable/apps/$name.svg" \
        "$share/icons/hicolor/"*"/apps/$name.png" \
        "$share/man/man1/$name.1.gz" "$share/bash-completion/completions/$name" \
        "$share/zsh/vendor-completions/_$name" "$share/zsh/site-functions/_$name" \
        "$share/fish/vendor_completions.d/$name.fish"
}

if [ "$uninstall" = yes ]; then
    if [ -x "$app/$name" ]; then
        "$app/$name" service uninstall || echo "Its start at login could not be taken away." >&2
    fi
    remove_links
    rm -rf "$app"
    echo "hrflow-watcher is removed. Configuration and journal stay where they are."
    exit 0
fi

mkdir -p "$prefix/lib" "$prefix/bin" "$share"
# Beside the old one first: if the disk is full, what is there goes on working.
rm -rf "$app.new"
cp -R "$here/app" "$app.new"
if [ -d "$app" ]; then
    rm -rf "$app.old"
    mv "$app" "$app.old"
fi
mv "$app.new" "$app"
rm -rf "$app.old"
remove_links
ln -s "$app/$name" "$prefix/bin/$name"
cp -R "$here/share/." "$share/"
# In a path of the menu's entry, quotes around it and these characters have to be escaped.
HRFLOW_COMMAND=$(printf '%s' "$prefix/bin/$name" | sed 's/[\\"`$]/\\\\&/g; s/%/%%/g')
export HRFLOW_COMMAND
awk '{
    at = index($0, "@command@")
    if (at) $0 = substr($0, 1, at - 1) "\"" ENVIRON["HRFLOW_COMMAND"] "\"" substr($0, at + 9)
    print
}' "$here/share/applications/$name.desktop" > "$share/applications/$name.desktop"
"$prefix/bin/$name" --version
case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *) echo "Add $prefix/bin to your PATH to start it by its name." ;;
esac
echo "Set it up with: hrflow-watcher setup"
