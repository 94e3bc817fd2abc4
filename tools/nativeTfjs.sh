#!/usr/bin/env bash
# Builds the native addon of @tensorflow/tfjs-node against a libtensorflow that is already on this machine, where its
# own install script cannot download one. docs/guide/native-backend.md tells when that is worth it.
#
# usage: tools/nativeTfjs.sh LIBTENSORFLOW [TARGET]
#   LIBTENSORFLOW  a folder with include/ and, there or in lib/, libtensorflow.so.2 (or libtensorflow_cc.so.2) and
#                  libtensorflow_framework.so.2: the unpacked C library, or the folder `tensorflow` of the Python
#                  wheel tensorflow-cpu. It is linked to, not copied: it must stay where it is.
#   TARGET         where the addon goes; default .cache/tfjs-node of this repository
# Then: export GRIDPACT_TFJS_NODE=TARGET
set -euo pipefail

usage() { sed -n '5,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
stop() { echo "nativeTfjs: $1" >&2; exit 1; }
[ $# -ge 1 ] && [ $# -le 2 ] && [ "${1#-}" = "$1" ] || usage

root="$(cd "$(dirname "$0")/.." && pwd)"
[ -d "$1" ] || stop "no such folder: $1"
tensorflow="$(cd "$1" && pwd)"
core="$root/node_modules/@tensorflow/tfjs-core"
[ "$(uname -s)" = Linux ] || stop 'this script links the way Linux does; elsewhere follow the guide by hand'
[ -d "$core" ] || stop "no $core: run npm ci first"
command -v "${CXX:-g++}" >/dev/null || stop 'no C++17 compiler: install g++ or set CXX'

# First of the named files that is there, in the folder or its lib/.
library() {
  local name folder
  for name in "$@"; do
    for folder in "$tensorflow" "$tensorflow/lib"; do
      if [ -e "$folder/$name" ]; then echo "$folder/$name"; return; fi
    done
  done
  stop "none of $* in $tensorflow or its lib/"
}
headers="$tensorflow/include"
[ -f "$headers/tensorflow/c/eager/c_api.h" ] || stop "no tensorflow/c/eager/c_api.h in $headers"
main="$(library libtensorflow.so.2 libtensorflow_cc.so.2)"
framework="$(library libtensorflow_framework.so.2)"
node_headers="${NODE_HEADERS:-$(node -p 'require("path").resolve(process.execPath, "../../include/node")')}"
[ -f "$node_headers/node_api.h" ] || stop "no node_api.h in $node_headers: set NODE_HEADERS to the folder that has it"

mkdir -p "${2:-$root/.cache/tfjs-node}"
target="$(cd "${2:-$root/.cache/tfjs-node}" && pwd)"

# The package without its install script, which would download a library.
version="$(node -p "require('$core/package.json').version")"
cd "$target"
[ -f package.json ] || echo '{"name":"gridpact-native-tfjs","private":true}' >package.json
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "@tensorflow/tfjs-node@$version"

# One tfjs-core for both: the addon must register its kernels where GridPact looks for them.
for shared in tfjs-core tfjs-layers tfjs-backend-cpu; do
  rm -rf "node_modules/@tensorflow/$shared"
  ln -s "$root/node_modules/@tensorflow/$shared" "node_modules/@tensorflow/$shared"
done

package="$target/node_modules/@tensorflow/tfjs-node"
mkdir -p "$package/deps/lib" "$package/lib/napi-v8"
link() { ln -sfn "$1" "$package/deps/lib/$2"; }
# Under the name that the linker looks for and under the one the library calls itself.
link "$main" libtensorflow.so
link "$main" libtensorflow.so.2
link "$main" "$(basename "$main")"
link "$framework" libtensorflow_framework.so
link "$framework" libtensorflow_framework.so.2
cd "$package"
"${CXX:-g++}" -std=c++17 -O2 -fPIC -shared -DNAPI_VERSION=8 -DBUILDING_NODE_EXTENSION \
  -I.. -I"$node_headers" -I"$headers" binding/tfjs_backend.cc binding/tfjs_binding.cc -o lib/napi-v8/tfjs_binding.node \
  -Ldeps/lib -ltensorflow -ltensorflow_framework "-Wl,-rpath,\$ORIGIN/../../deps/lib"

# It loads, and tfjs computes with it.
node --no-deprecation --input-type=module -e "
  const { createRequire } = await import('node:module');
  const here = createRequire('$target/package.json');
  const tf = here('@tensorflow/tfjs-core');
  here('@tensorflow/tfjs-node');
  await tf.setBackend('tensorflow');
  const sum = tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0];
  if (tf.getBackend() !== 'tensorflow' || sum !== 11) throw new Error('the addon loads but does not compute');
" || stop 'built, but it does not work; the lines above say why'
echo "built. To use it: export GRIDPACT_TFJS_NODE=$target"
