// Checks translate.mjs against rp2040js: short runs of random instructions on random registers and
// memory, executed by both, must leave the same registers, flags and memory and take equal time.
//
//     node check.mjs SEED COUNT      prints the differences; exit status 1 if there are any
//
// Where rp2040js is known to differ from the architecture, the case is left out: see SKIPPED.

import { RP2040 } from './rp2040js.mjs';
import { Translator } from './translate.mjs';

const RAM = 0x20000000;
const CODE = RAM + 0x1000;
const BRANCH = 2; // cycles
const DATA = RAM + 0x8000; // what random addresses are near to
const [seed, count] = process.argv.slice(2).map(Number);

let state = seed >>> 0 || 1;
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % below;
}

// [mask, value, when]: shifts by a register of 0 or of more than 31 (the carry), by 32 (LSLS, and
// ASRS by 32); POP to an odd stack; branches with the program counter in arithmetic.
const SKIPPED = [
  [0xffc0, 0x4080, (r, op) => amount(r, op) === 0 || amount(r, op) > 31],
  [0xffc0, 0x40c0, (r, op) => amount(r, op) === 0 || amount(r, op) > 31],
  [0xffc0, 0x4100, (r, op) => amount(r, op) === 0 || amount(r, op) > 31],
  [0xffc0, 0x41c0, (r, op) => (amount(r, op) & 31) === 0],
];
const amount = (r, op) => r[(op >> 3) & 7] & 255;

// The instructions that are tried: all with 16 bits but those that branch or change the mode.
function instruction() {
  for (;;) {
    const op = random(65536);
    const top = op >> 12;
    const special = top > 0xc || (op & 0xff00) === 0x4700 || (op & 0xff00) === 0xb600;
    const toPC = [0x4400, 0x4600].includes(op & 0xff00) && (op & 0x87) === 0x87;
    const odd = (op & 0xff00) === 0xbe00 || (op & 0xff00) === 0xbf00 || (op & 0xff00) === 0xbd00;
    const undefinedOp = top === 0xb && ![0, 2, 4, 5, 0xa, 0xc].includes((op >> 8) & 15);
    const emptyList = (top === 0xc && !(op & 255)) || ((op & 0xf600) === 0xb400 && !(op & 511));
    if (!special && !toPC && !odd && !undefinedOp && !emptyList) return op;
  }
}

const VALUES = [0, 1, 2, 31, 32, 33, 255, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe];

function value() {
  const kind = random(4);
  if (kind === 0) return VALUES[random(VALUES.length)];
  if (kind === 1) return DATA + 4 * random(256);
  return (random(65536) * 65536 + random(65536)) >>> 0;
}

function machine() {
  const rp = new RP2040();
  const ignore = () => {};
  rp.logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  return rp;
}

const reference = machine();
const tested = machine();
const translator = new Translator(tested);
let differences = 0;

function usable(op, registers) {
  if (SKIPPED.some(([mask, is, when]) => (op & mask) === is && when(registers, op))) return false;
  // Loads and stores: aligned, and in the RAM that is compared.
  const address = addressOf(op, registers);
  return address === null || (address.at % address.size === 0 && inRange(address.at));
}

const inRange = (at) => at >= DATA && at < DATA + 0x1000;

function addressOf(op, r) {
  const [base, index] = [r[(op >> 3) & 7], r[(op >> 6) & 7]];
  const imm5 = (op >> 6) & 31;
  const top = op >> 12;
  if (top === 5) {
    const size = [4, 2, 1, 1, 4, 2, 1, 2][(op >> 9) & 7];
    return { at: (base + index) >>> 0, size };
  }
  if (top === 6) return { at: (base + 4 * imm5) >>> 0, size: 4 };
  if (top === 7) return { at: (base + imm5) >>> 0, size: 1 };
  if (top === 8) return { at: (base + 2 * imm5) >>> 0, size: 2 };
  if (top === 0xc) return { at: r[(op >> 8) & 7], size: 4 };
  return null;
}

function prepare(rp, code, registers, flags) {
  rp.core.registers.set(registers);
  Object.assign(rp.core, flags);
  rp.core.PC = CODE;
  rp.core.cycles = 0;
  // A branch to itself is where the trace ends.
  [...code, 0xe7fe].forEach((op, i) => rp.writeUint16(CODE + 2 * i, op));
}

function outcome(rp) {
  const { N, Z, C, V, cycles } = rp.core;
  return JSON.stringify({ registers: [...rp.core.registers], N, Z, C, V, cycles });
}

// One instruction of any kind, then some that neither use memory nor are left out in some cases.
function run() {
  const code = [instruction()];
  for (let more = random(6); more > 0; more--) {
    let op = instruction();
    while (op >> 14 === 1 || op >> 13 === 4 || op >> 12 === 0xc || (op & 0xf600) === 0xb400) {
      op = instruction();
    }
    code.push(op);
  }
  return code;
}

function randomRegisters() {
  const registers = Uint32Array.from({ length: 16 }, value);
  registers[13] = DATA + 0x800 + 4 * random(64);
  for (let i = 0; i < 8; i++) if (random(2)) registers[i] = DATA + 4 * random(512);
  if (random(2)) registers[random(8)] = random(64);
  return registers;
}

function sameMemory() {
  return !Buffer.compare(reference.sram.subarray(0, 0x10000), tested.sram.subarray(0, 0x10000));
}

// False: nothing was compared.
function compare() {
  const code = run();
  const registers = randomRegisters();
  if (!usable(code[0], registers)) return false;
  const bits = random(16);
  const flags = { N: !!(bits & 8), Z: (bits & 12) === 4, C: !!(bits & 2), V: !!(bits & 1) };
  prepare(reference, code, registers, flags);
  prepare(tested, code, registers, flags);
  const trace = translator.compile(CODE, 0);
  if (translator.last.addresses.size <= code.length) return false; // one is left to rp2040js
  code.forEach(() => reference.core.executeInstruction());
  tested.core.cycles += trace() - BRANCH;
  tested.core.PC = CODE + 2 * code.length;
  if (outcome(reference) !== outcome(tested) || !sameMemory()) {
    differences++;
    console.log(
      `${code.map((op) => op.toString(16))} of ${[...registers].map((n) => n.toString(16))}`,
    );
    console.log(`  rp2040js   ${outcome(reference)}\n  translated ${outcome(tested)}`);
    tested.sram.set(reference.sram);
  }
  return true;
}

let done = 0;
for (let tries = 0; done < count && tries < count * 40 && differences < 20; tries++) {
  done += compare() ? 1 : 0;
}
console.log(`${done} runs, ${differences} differences`);
process.exit(differences || done < count ? 1 : 0);
