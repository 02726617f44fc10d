#!/usr/bin/env bash
# Gives this clone the runtime `tensorflow`: builds the N-API binding of @tensorflow/tfjs-node-gpu against the libraries and
# headers of PyPI's wheel tensorflow-cpu (the package's own install script downloads both from elsewhere). Needs pip, unzip and
# a C++17 compiler; takes a minute and 0.9 GB in the ignored folder build/tensorflow. Nothing else needs it: `npm ci` takes the
# binding away again.
#
#   test/reference/tensorflow.sh [FOLDER OF A WHEEL THAT IS THERE ALREADY]
#   npx vitest run test/runtime test/models test/training     # now with tensorflow
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/tensorflow
package=node_modules/@tensorflow/tfjs-node-gpu
wheels=${1:-$build/wheel}
mkdir -p "$build"

ls "$wheels"/tensorflow_cpu-*.whl >/dev/null 2>&1 || python3 -m pip download tensorflow-cpu --no-deps -d "$wheels"
unzip -q -o "$wheels"/tensorflow_cpu-*.whl 'tensorflow/libtensorflow*' 'tensorflow/include/*' -d "$build"

node_headers=$(node -p 'require("node:path").resolve(process.execPath, "../../include/node")')
[ -f "$node_headers/node_api.h" ] || { echo "no node_api.h in $node_headers: install Node's headers there" >&2; exit 1; }

# Where the package's install script would have put them: its binding looks for libraries in ../../deps/lib.
mkdir -p "$package/lib/napi-v8" "$package/deps/lib"
ln -sf "$PWD/$build"/tensorflow/libtensorflow_cc.so.2 "$PWD/$build"/tensorflow/libtensorflow_framework.so.2 "$package/deps/lib/"
c++ -std=c++17 -O2 -fPIC -shared -DNAPI_VERSION=8 -I"$node_headers" -I"$build/tensorflow/include" \
  "$package"/binding/tfjs_backend.cc "$package"/binding/tfjs_binding.cc -o "$package/lib/napi-v8/tfjs_binding.node" \
  -L"$package/deps/lib" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 "-Wl,-rpath,\$ORIGIN/../../deps/lib"
node -e "require('@tensorflow/tfjs'); require('@tensorflow/tfjs-node-gpu'); console.log('libtensorflow', require('@tensorflow/tfjs').backend().binding.TF_Version)"
