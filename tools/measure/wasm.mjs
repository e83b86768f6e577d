// Runs steps of Python on MicroPython for WebAssembly and prints the heap in use after each.
//
// One argument: JSON with `module` (folder of the npm package), `folder` (copied into the file
// system and put on sys.path) and `steps` (Python source, one string a step). Prints JSON:
// {version, used: [bytes before the first step, after each step ...], qstrs: [[number, bytes] of
// the interned strings at the same moments]}.
//
// This port collects garbage only between two entries from JavaScript, so that collecting and
// reading the figure are entries of their own.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const HEAP = 192 * 1024;
const TARGET = '/measured';

function copy(FS, source, target) {
  FS.mkdir(target);
  for (const entry of fs.readdirSync(source, { withFileTypes: true })) {
    const from = path.join(source, entry.name);
    const to = `${target}/${entry.name}`;
    if (entry.isDirectory()) copy(FS, from, to);
    else FS.writeFile(to, fs.readFileSync(from));
  }
}

function used(mp) {
  mp.runPython('gc.collect()');
  mp.runPython('gc.collect()');
  mp.runPython('_used = gc.mem_alloc()');
  return mp.globals.get('_used');
}

function qstrs(mp, printed) {
  printed.length = 0;
  mp.runPython('micropython.qstr_info()');
  const line = printed.find((text) => text.startsWith('qstr pool:'));
  return ['n_qstr', 'n_total_bytes'].map((name) => +line.split(`${name}=`)[1].split(',')[0]);
}

async function measure({ module, folder, steps }) {
  const { loadMicroPython } = await import(pathToFileURL(path.join(module, 'micropython.mjs')));
  const printed = [];
  const mp = await loadMicroPython({
    heapsize: HEAP,
    url: path.resolve(module, 'micropython.wasm'),
    stdout: (line) => printed.push(line),
  });
  copy(mp.FS, folder, TARGET);
  mp.runPython(`import gc, micropython, sys, asyncio\n_used = 0\nsys.path[:] = ['${TARGET}']\nimport os\nos.chdir('${TARGET}')`);
  const figures = { used: [used(mp)], qstrs: [qstrs(mp, printed)] };
  for (const step of steps) {
    mp.runPython(step);
    figures.used.push(used(mp));
    figures.qstrs.push(qstrs(mp, printed));
  }
  mp.runPython("_version = '.'.join([str(part) for part in sys.implementation[1][:3]])");
  return { version: mp.globals.get('_version'), ...figures };
}

try {
  console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
} catch (error) {
  console.error(error.message); // of a Python exception: its traceback
  process.exit(1);
}
