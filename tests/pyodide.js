// Runs Python in Pyodide, the interpreter for browsers, under node:
//
//     node tests/pyodide.js FOLDER... < script.py
//
// Each folder can be imported by its last name. What the script prints is printed; an error ends with status 1.
// node finds the npm package pyodide where it finds any package: by NODE_PATH, or in a node_modules folder above this file.

const { readFileSync } = require("node:fs");
const { basename } = require("node:path");
const { loadPyodide } = require("pyodide");

async function main() {
    const python = await loadPyodide();
    for (const folder of process.argv.slice(2)) {
        python.mountNodeFS(`/packages/${basename(folder)}`, folder);
    }
    python.runPython("import sys; sys.path.insert(0, '/packages')");
    python.runPython(readFileSync(0, "utf8"));
}

main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
});
