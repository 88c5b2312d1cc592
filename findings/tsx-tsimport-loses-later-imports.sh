#!/usr/bin/env bash
# tsx 4.23.15: tsImport() promises to load a TypeScript file without registering tsx for the process. In a package of "type": "module" an import() that the loaded
# file makes later is compiled, too; in a CommonJS package it is not, and fails for a path that the same file could import at once. Whoever loads a config whose
# parts are imported when they are needed has to register tsx for the whole process. https://tsx.hirok.io/dev-api/ts-import
# Seen: `import('./tools')` inside of a function of config.ts, called after tsImport('./config.ts'): ERR_MODULE_NOT_FOUND in CommonJS, loaded in a module.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --save-exact --no-audit --no-fund --loglevel=error tsx@4.23.15 node@24.21.0 > /dev/null
mkdir app
echo 'export const red: number = 1;' > app/tools.ts
echo "export default { tools: () => import('./tools') };" > app/config.ts
cat > run.mjs <<'JS'
import { tsImport } from 'tsx/esm/api';

const loaded = await tsImport('./app/config.ts', import.meta.url);
const config = loaded.default?.default ?? loaded.default;
console.log(await config.tools().then(({ red }) => `red is ${red}`, ({ code }) => code));
JS
printed=''
for type in commonjs module; do
  echo "{ \"type\": \"$type\" }" > app/package.json
  printed+="$type: $(node_modules/.bin/node run.mjs)"$'\n'
done
printf '%s' "$printed"
[ "$printed" = $'commonjs: ERR_MODULE_NOT_FOUND\nmodule: red is 1\n' ] || { echo "it behaves differently now" >&2; exit 1; }
