// Runs a script of a folder on Pyodide: CPython 3.14 compiled to WebAssembly, without sockets, threads and processes.
// node pyodide.mjs PACKAGE FOLDER SCRIPT [ARGUMENT…]; the input is read as a whole, and the output written at the end.
import fs from "fs";
import path from "path";
import { pathToFileURL } from "url";

const [packageFolder, folder, script, ...rest] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(path.join(packageFolder, "pyodide.mjs")));
const python = await loadPyodide();
const copy = (folder, to) => {
  python.FS.mkdirTree(to);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const [here, there] = [path.join(folder, entry.name), `${to}/${entry.name}`];
    if (entry.isDirectory()) copy(here, there);
    else if (entry.name.endsWith(".py")) python.FS.writeFile(there, fs.readFileSync(here));
  }
};
copy(folder, "/scripts");
let input = "";
if (!process.stdin.isTTY) {
  for await (const chunk of process.stdin.setEncoding("utf8")) input += chunk;
}
python.globals.set("job", python.toPy({ script: `/scripts/${script}`, rest, input }));
let output;
try {
  output = python.runPython(`
import io, os, runpy, sys
sys.argv = [job["script"], *job["rest"]]
sys.path.insert(0, os.path.dirname(job["script"]))
sys.stdin, sys.stdout = io.StringIO(job["input"]), io.StringIO()
runpy.run_path(job["script"], run_name="__main__")
sys.stdout.getvalue()
`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
process.stdout.write(output, () => process.exit(0));
