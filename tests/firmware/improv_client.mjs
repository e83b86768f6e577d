// Sets a board up with the SDK that browsers use: node improv_client.mjs MODULE PORT STEPS
//
// MODULE is the SDK's folder, PORT a terminal, STEPS a list of [method, ...arguments] in JSON. Prints
// what has come of each as JSON: {result} or {error}, state, nextUrl and info.
import { createReadStream, openSync, writeSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The package is meant for bundlers: it has no `type`, and leaves out the ends of names.
const HOOK = `export async function resolve(name, context, next) {
  let found;
  try { found = await next(name, context); } catch { found = await next(name + '.js', context); }
  return found.url.includes('improv-wifi') ? { ...found, format: 'module' } : found;
}`;
register('data:text/javascript,' + encodeURIComponent(HOOK));
globalThis.CustomEvent ??= class extends Event {
  constructor(type, options) {
    super(type);
    this.detail = options?.detail;
  }
};

const [folder, port, steps] = process.argv.slice(2);
const { ImprovSerial } = await import(pathToFileURL(join(folder, 'dist', 'serial.js')).href);
const fd = openSync(port, 'r+');
const stream = createReadStream(null, { fd, autoClose: false });
const readable = new ReadableStream({
  start(controller) {
    stream.on('data', (data) => controller.enqueue(new Uint8Array(data)));
  },
});
const writable = new WritableStream({
  write(data) {
    writeSync(fd, data);
  },
});
const errors = [];
const logger = { log() {}, debug() {}, error: (...values) => errors.push(values.map(String).join(' ')) };
const client = new ImprovSerial({ readable, writable }, logger);
const results = [];
for (const [method, ...values] of JSON.parse(steps)) {
  const done = {};
  try {
    done.result = await client[method](...values);
  } catch (error) {
    done.error = String(error);
  }
  const { state, nextUrl, info } = client;
  results.push({ ...done, code: client.error, state, nextUrl, info });
}
console.log(JSON.stringify({ results, errors }));
process.exit(0);
