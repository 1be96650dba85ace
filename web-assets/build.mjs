// Bundles editor.mjs into the package and writes the manifest that the tests verify (name, version, licence, sha256).
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const TARGET = new URL("../src/iesi_kg/web/pages/static/vendor/", import.meta.url);
const FILE = "sparql-editor.js";

const result = await build({
  entryPoints: ["editor.mjs"], bundle: true, minify: true, format: "iife", target: "es2020",
  legalComments: "none", write: false, metafile: true, outfile: FILE,
});
const script = result.outputFiles[0].contents;
const packages = [...new Set(Object.keys(result.metafile.inputs)
  .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean))].sort();
const parts = [], licences = [];
for (const name of packages) {
  const { version, license } = JSON.parse(await readFile(`node_modules/${name}/package.json`, "utf8"));
  parts.push({ name, version, license });
  licences.push(`${name} ${version}\n\n${await readFile(`node_modules/${name}/LICENSE`, "utf8")}`);
}
const sha256 = createHash("sha256").update(script).digest("hex");
await mkdir(TARGET, { recursive: true });
await writeFile(new URL(FILE, TARGET), script);
await writeFile(new URL("LICENSES.txt", TARGET), licences.join(`\n${"-".repeat(80)}\n\n`));
await writeFile(new URL("manifest.json", TARGET), JSON.stringify({ files: [{ file: FILE, sha256, parts }] }, null, 2) + "\n");
console.log(`${FILE}: ${script.length} bytes, ${gzipSync(script, { level: 9 }).length} gzipped, ${parts.length} packages`);
