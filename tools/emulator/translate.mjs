// Makes JavaScript functions of the code that the chip runs often: several times as fast as
// rp2040js, which decodes each instruction each time, and still does all the rest.
//
// A function is a trace: instructions from an address on, through jumps and calls, until the way is
// not known. It leaves where a branch is taken; a branch back to its start is a loop. The clock
// moves and interrupts are looked at between traces, and right after a store that raised one.
// Cycles are counted as rp2040js counts them.

import { Trace } from './trace.mjs';

const HOT = 16; // times that a place is reached before it is translated
const COLD_STEPS = 16;
const RAM = 0x20000000;
const RAM_SIZE = 264 * 1024;
const ROM_SIZE = 16 * 1024;
const FLASH_SIZE = 2 << 20;
const APB = 4; // top digits of addresses
const SIO = 13;
const LINE = 6; // bits: RAM with translated code is watched in lines of 64 bytes

const NAMES = ['core', 's', 'R', 'F', 'M8', 'M16', 'M32', 'CODE', 'RAM_SIZE', 'spoil'];
const ACCESS = ['byteFrom', 'halfFrom', 'wordFrom', 'byteTo', 'halfTo', 'wordTo'];

// Where the table of traces has an address: ROM, then RAM, then flash; -1 for elsewhere.
function place(pc) {
  if (pc >>> 28 === 1) {
    const offset = pc & 0xffffff;
    return offset < FLASH_SIZE ? (ROM_SIZE + RAM_SIZE + offset) >> 1 : -1;
  }
  if (pc >>> 0 < ROM_SIZE) return pc >> 1;
  const offset = (pc - RAM) >>> 0;
  return offset < RAM_SIZE ? (ROM_SIZE + offset) >> 1 : -1;
}

// N and Z of the core become one number, the result they tell about; C and V are 0 or 1.
function shareFlags(core) {
  const F = new Int32Array([core.Z ? 0 : core.N ? -1 : 1, core.C ? 1 : 0, core.V ? 1 : 0]);
  const bit = (index) => ({
    get: () => F[index] !== 0,
    set(value) {
      F[index] = value ? 1 : 0;
    },
  });
  Object.defineProperties(core, {
    N: {
      get: () => F[0] < 0,
      set(value) {
        if (value !== F[0] < 0) F[0] = value ? -1 : 1;
      },
    },
    Z: {
      get: () => F[0] === 0,
      set(value) {
        if (value !== (F[0] === 0)) F[0] = value ? 0 : 1;
      },
    },
    C: bit(1),
    V: bit(2),
  });
  return F;
}

// Accesses that are not to RAM. `s.slow` is set and `s.extra` corrects the cycles for those that
// are not to the flash either; a store returns whether the trace has to end there.
function accesses(rp, s) {
  const { core, flash } = rp;
  const words = new Int32Array(flash.buffer);
  const halves = new Uint16Array(flash.buffer);
  const note = (address, apb) => {
    const top = address >>> 28;
    s.slow = true;
    s.extra += top === APB ? apb : top === SIO ? -1 : 0;
  };
  const from = (view, shift, method) => (address) => {
    if (address >>> 24 === 0x10) return view[(address & 0xffffff) >> shift];
    note(address, 2);
    if (address >>> 28 === SIO && shift === 2) return rp.sio.readUint32(address & 0xfffffff) | 0;
    return rp[method](address >>> 0) | 0;
  };
  const to = (method) => (address, value) => {
    note(address, 3);
    if (address >>> 28 === SIO && method === 'writeUint32') {
      rp.sio.writeUint32(address & 0xfffffff, value >>> 0);
    } else {
      rp[method](address >>> 0, value >>> 0);
    }
    return core.interruptsUpdated;
  };
  return [
    from(flash, 0, 'readUint8'),
    from(halves, 1, 'readUint16'),
    from(words, 2, 'readUint32'),
    to('writeUint8'),
    to('writeUint16'),
    to('writeUint32'),
  ];
}

export class Translator {
  constructor(rp) {
    this.rp = rp;
    this.core = rp.core;
    this.clock = rp.clock;
    this.table = new Array((ROM_SIZE + RAM_SIZE + FLASH_SIZE) >> 1).fill(null);
    this.reached = new Uint8Array(this.table.length);
    this.code = new Uint8Array(RAM_SIZE >> LINE); // lines of RAM with translated code
    this.inLine = new Map(); // line: places of traces with code in it
    this.flashFrom = Infinity;
    this.flashTo = 0;
    this.state = { slow: false, extra: 0 };
    this.R = new Int32Array(this.core.registers.buffer);
    const spoil = (offset) => this.spoil(offset);
    const views = [rp.sram, new Uint16Array(rp.sram.buffer), new Int32Array(rp.sram.buffer)];
    this.values = [this.core, this.state, this.R, shareFlags(this.core), ...views];
    this.values.push(this.code, RAM_SIZE, spoil, ...accesses(rp, this.state));
    this.watchWrites();
  }

  // Code in RAM was overwritten: its traces are void.
  spoil(offset) {
    const line = offset >> LINE;
    this.code[line] = 0;
    for (const index of this.inLine.get(line) ?? []) {
      this.table[index] = null;
      this.reached[index] = 0;
    }
    this.inLine.delete(line);
  }

  // The flash changed there.
  flashChanged(offset, count) {
    if (offset < this.flashTo && offset + count > this.flashFrom) {
      this.table.fill(null);
      this.flashFrom = Infinity;
      this.flashTo = 0;
    }
  }

  // Writes of rp2040js itself: its instructions, exceptions, DMA.
  watchWrites() {
    const { rp } = this;
    for (const name of ['writeUint8', 'writeUint16', 'writeUint32']) {
      const write = rp[name].bind(rp);
      rp[name] = (address, value) => {
        const offset = (address - RAM) >>> 0;
        if (offset < RAM_SIZE && this.code[offset >> LINE]) this.spoil(offset);
        write(address, value);
      };
    }
  }

  compile(pc, index) {
    const { rp } = this;
    const constant = (address) =>
      address < ROM_SIZE || address >>> 24 === 0x10 ? rp.readUint32(address) | 0 : undefined;
    const trace = new Trace(pc, (address) => rp.readUint16(address), constant);
    this.last = trace;
    if (trace.empty) {
      return () => {
        const cycles = this.core.executeInstruction();
        this.core.cycles -= cycles; // run() adds them
        return cycles;
      };
    }
    for (const address of trace.addresses) {
      this.remember(address, index);
    }
    return new Function(...NAMES, ...ACCESS, `return function trace(){${trace.text()}}`)(
      ...this.values,
    );
  }

  remember(address, index) {
    const offset = (address - RAM) >>> 0;
    if (offset < RAM_SIZE) {
      for (const line of [offset >> LINE, (offset + 3) >> LINE]) {
        this.code[line] = 1;
        if (!this.inLine.has(line)) this.inLine.set(line, new Set());
        this.inLine.get(line).add(index);
      }
    } else if (address >>> 28 === 1) {
      this.flashFrom = Math.min(this.flashFrom, address & 0xffffff);
      this.flashTo = Math.max(this.flashTo, (address & 0xffffff) + 4);
    }
  }

  // Instructions up to a jump, by rp2040js. Returns the cycles.
  interpret() {
    const { core } = this;
    let cycles = 0;
    for (let i = 0; i < COLD_STEPS; i++) {
      const pc = core.PC;
      cycles += core.executeInstruction();
      const next = core.PC;
      if ((next !== pc + 2 && next !== pc + 4) || core.waiting || core.interruptsUpdated) break;
    }
    return cycles;
  }

  // Run about as many traces as `count`, fewer if the core begins to wait or `stop()` is true.
  run(count, stop) {
    const { core, clock, table, reached, state, R } = this;
    const cycleNanos = 1e9 / this.rp.clkSys;
    for (let i = 0; i < count && !core.waiting && !stop.resetWanted; i++) {
      if (core.interruptsUpdated) core.checkForInterrupts();
      const pc = R[15] & -2;
      const index = place(pc);
      let cycles;
      if (index >= 0 && table[index] !== null) {
        cycles = table[index]();
        if (state.slow) {
          cycles += state.extra;
          state.extra = 0;
          state.slow = false;
        }
        core.cycles += cycles;
      } else {
        cycles = this.interpret();
        if (index >= 0 && ++reached[index] === HOT) {
          reached[index] = 0;
          table[index] = this.compile(pc, index);
        }
      }
      clock.nanosCounter += cycles * cycleNanos;
      if (clock.nextAlarm !== null && clock.nextAlarm.nanos <= clock.nanosCounter) clock.tick(0);
    }
  }
}
