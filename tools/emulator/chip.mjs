// An RP2040 with its boot ROM and a flash that outlives resets.
//
// The boot ROM is the real one. Its functions that send commands to the flash chip, which rp2040js
// does not have, are replaced by breakpoints that do their work on the flash's bytes.

import { randomBytes } from 'node:crypto';

import { GPIOPinState, RP2040 } from './rp2040js.mjs';
import { Translator } from './translate.mjs';

const FLASH = 0x10000000;
const WATCHDOG = 0x40058;
const OSCILLATOR = 0x40060;
const RANDOM_BIT = 0x1c;
const ROM_TABLE = 0x14; // where the ROM keeps the address of its table of functions
const FIFO_STATUS = 0x50; // of the SIO
const FIFO_READ = 0x58;
const FIFO_FULL = 1;
const FIFO_READY = 2;
const BKPT = 0xbe00;
const BX_LR = 0x4770;

// Functions of the ROM by their two letters, and what is done instead; r0 to r2 are the arguments.
const ROM_FUNCTIONS = {
  IF: () => {}, // connect the flash
  EX: () => {}, // end execution in place
  FC: () => {}, // flush the cache
  CX: () => {}, // execute in place again
  RE: (chip, offset, count) => chip.eraseFlash(offset, count),
  RP: (chip, offset, source, count) => chip.programFlash(offset, source, count),
  UB: (chip) => chip.onBootloader(),
};

// The image's blocks of 256 bytes, written over the flash. Throws if there are none for an RP2040.
export function loadUF2(image, flash) {
  let count = 0;
  for (let start = 0; start + 512 <= image.length; start += 512) {
    const magic =
      image.readUInt32LE(start) === 0x0a324655 && image.readUInt32LE(start + 508) === 0x0ab16f30;
    const offset = image.readUInt32LE(start + 12) - FLASH;
    const size = image.readUInt32LE(start + 16);
    if (magic && size <= 476 && offset >= 0 && offset + size <= flash.length) {
      flash.set(image.subarray(start + 32, start + 32 + size), offset);
      count++;
    }
  }
  if (!count) {
    throw new Error('not a UF2 image for the RP2040');
  }
}

// The second core, which rp2040js does not have, as far as resetting it goes: it answers with a
// zero in the mailbox. So that reading until nothing is left ends, one is there every other time.
function withoutSecondCore(sio) {
  const read = sio.readUint32.bind(sio);
  const write = sio.writeUint32.bind(sio);
  let taken = false;
  sio.readUint32 = (offset) => {
    if (offset === FIFO_STATUS) {
      taken = !taken;
      return taken ? FIFO_FULL | FIFO_READY : FIFO_READY;
    }
    return offset === FIFO_READ ? 0 : read(offset);
  };
  sio.writeUint32 = (offset, value) => {
    if (offset < FIFO_STATUS || offset > FIFO_READ) write(offset, value);
  };
}

// The ring oscillator's random bit, which is where MicroPython's os.urandom() comes from.
function withRandomBits(oscillator) {
  const read = oscillator.readUint32.bind(oscillator);
  let bits = [];
  oscillator.readUint32 = (offset) => {
    if (offset !== RANDOM_BIT) return read(offset);
    if (!bits.length) bits = [...randomBytes(4096)];
    return bits.pop() & 1;
  };
}

// Nothing is wired to the pins: each has the level that it drives, or is pulled to.
function withLevels(pins) {
  const high = [GPIOPinState.High, GPIOPinState.InputPullUp];
  for (const pin of pins) pin.addListener((state) => pin.setInputValue(high.includes(state)));
}

export class Chip {
  // `rom`: the boot ROM's bytes. `hooks`: onFlashChange(), onReset(reason), onBootloader(),
  // onFault(text).
  constructor(rom, hooks) {
    Object.assign(this, hooks);
    this.rom = new DataView(rom.buffer.slice(rom.byteOffset, rom.byteOffset + rom.length));
    this.replaced = this.replaceFunctions();
    this.cyclesBefore = 0; // of earlier resets
    this.flash = null;
    this.cutIn = 0; // operations of the flash until the power fails in one; 0: it does not
    this.power(null);
  }

  replaceFunctions() {
    const found = [];
    const { rom } = this;
    for (let entry = rom.getUint16(ROM_TABLE, true); rom.getUint16(entry, true); entry += 4) {
      const name = String.fromCharCode(rom.getUint8(entry), rom.getUint8(entry + 1));
      if (ROM_FUNCTIONS[name]) {
        const address = rom.getUint16(entry + 2, true) & ~1;
        rom.setUint16(address, BKPT | found.length, true);
        rom.setUint16(address + 2, BX_LR, true);
        found.push(ROM_FUNCTIONS[name]);
      }
    }
    return found;
  }

  // Switch on, or reset: everything but the flash and what the watchdog keeps starts anew.
  power(watchdog) {
    this.isCut = false;
    const rp = new RP2040();
    const ignore = () => {};
    rp.logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
    rp.loadBootrom(new Uint32Array(this.rom.buffer));
    if (this.flash) {
      rp.flash = this.flash;
      rp.flash16 = new Uint16Array(this.flash.buffer);
      rp.flashView = new DataView(this.flash.buffer);
    }
    this.flash = rp.flash;
    rp.core.reset();
    rp.core.PC = FLASH; // the second stage of the boot loader
    rp.onBreak = (code) => this.breakpoint(code);
    withoutSecondCore(rp.sio);
    withRandomBits(rp.peripherals[OSCILLATOR]);
    withLevels(rp.gpio);
    const dog = rp.peripherals[WATCHDOG];
    if (watchdog) {
      dog.scratchData.set(watchdog.scratchData);
      dog.reason = watchdog.reason;
    }
    dog.onWatchdogTrigger = () => {
      dog.alarm.enable = false; // or it would expire again, and again, at the same moment
      rp.core.waiting = false; // resets are looked at between instructions
      this.resetWanted = true;
    };
    this.resetWanted = false;
    this.rp = rp;
    this.core = rp.core;
    this.clock = rp.clock;
    this.translator = new Translator(rp);
  }

  reset() {
    this.cyclesBefore += this.core.cycles;
    this.power(this.isCut ? null : this.rp.peripherals[WATCHDOG]);
    this.onReset();
  }

  // Cycles in which the core worked, since the start.
  get cycles() {
    return this.cyclesBefore + this.core.cycles;
  }

  breakpoint(code) {
    const { registers, PC } = this.core;
    if (PC - 2 < this.rom.byteLength && this.replaced[code]) {
      this.replaced[code](this, registers[0], registers[1], registers[2]);
    } else {
      this.onFault(`breakpoint ${code} at 0x${(PC - 2).toString(16)}`);
    }
  }

  // Switch off, and on again.
  cut() {
    this.isCut = true;
    this.resetWanted = true;
    this.core.waiting = false;
  }

  // How much of an operation of the flash is done: half if the power fails in it.
  done(count) {
    if (!this.cutIn || --this.cutIn) return this.isCut ? 0 : count;
    this.cut();
    return count >> 1;
  }

  eraseFlash(offset, whole) {
    const count = this.done(whole);
    this.flash.fill(0xff, offset, offset + count);
    this.translator.flashChanged(offset, count);
    this.onFlashChange(offset, count);
  }

  programFlash(offset, source, whole) {
    const count = this.done(whole);
    for (let i = 0; i < count; i++) {
      this.flash[offset + i] &= this.rp.readUint8(source + i); // bits only go from 1 to 0
    }
    this.translator.flashChanged(offset, count);
    this.onFlashChange(offset, count);
  }
}
