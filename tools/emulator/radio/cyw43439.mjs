// The radio chip of a Pico W as its driver sees it: registers behind the gSPI bus, a backplane into
// which a firmware is loaded, and frames (SDPCM) to and from that firmware. What the firmware does
// is in firmware.mjs; the one that the driver loads is taken and not run.
//
// A command of the bus has four bytes: bit 31 writes, bit 30 counts the address up, bits 28 and 29
// are the function (the bus itself, the backplane, frames), 11 to 27 the address, 0 to 10 the size.

import { get16, get32, le16, le32 } from './bytes.mjs';
import { Firmware } from './firmware.mjs';

// Functions of the bus.
const BUS = 0;
export const BACKPLANE = 1;
export const WLAN = 2;

// Registers of the bus.
const CONTROL = 0x00;
const INTERRUPT = 0x04;
const INTERRUPT_ENABLE = 0x06;
const STATUS = 0x08;
const F1_INFO = 0x0c;
const F2_INFO = 0x0e;
const TEST = 0x14;
const F1_DELAY = 0x1d;
const TEST_PATTERN = 0xfeedbead;
const WORD_32 = 1; // in CONTROL
const PACKET = 0x20; // in INTERRUPT
const F2_READY = 0x20; // in STATUS
const PACKET_AVAILABLE = 0x100;
const LENGTH_SHIFT = 9;

// Registers of function 1 that are not a window onto the backplane.
export const OWN = 0x10000;
const FRAME_CONTROL = 0x1000d;
const WINDOW_LOW = 0x1000a;
const CLOCK = 0x1000e;
const SLEEP = 0x1001f;
const ALP_REQUEST = 0x08;
const HT_REQUEST = 0x10;
const FORCE_HT = 0x02;
const ALP_AVAILABLE = 0x40;
const HT_AVAILABLE = 0x80;
const KEEP_ON = 1;
const IS_ON = 2;

// The backplane.
const RAM_SIZE = 512 * 1024;
const WINDOW = 0x7fff;
const CHIP_ID = 0x18000000;
const ARM_RESET = 0x18103800;
const RAM_RESET = 0x18104800;
const IN_RESET = 1;
const BOOT_MS = 29; // of the firmware, until its clock runs

// SDPCM
const HEADER = 12;
const CONTROL_CHANNEL = 0;
const EVENT_CHANNEL = 1;
const DATA_CHANNEL = 2;
const CREDITS = 12; // frames that the host may send ahead
const FEW_CREDITS = 4;
const LONGEST_QUEUE = 64; // frames for a host that does not read

// What a command of the bus asks for.
export function parseCommand(word) {
  return {
    writes: word >>> 31 === 1,
    target: (word >>> 28) & 3,
    address: (word >>> 11) & 0x1ffff,
    size: word & 0x7ff,
  };
}

export class Cyw43439 {
  // `clock`: rp2040js's, of which createAlarm() is used. `air`: see air.mjs. The owner sets
  // changed(), which is called when `interrupt` may have changed.
  constructor(clock, air) {
    this.clock = clock;
    this.air = air;
    this.changed = () => {};
    this.counts = { read: 0, written: 0, dropped: 0 };
    this.on = false;
    this.reset();
  }

  power(on) {
    if (on !== this.on) {
      this.on = on;
      this.reset();
    }
  }

  reset() {
    this.firmware?.stop();
    this.firmware = null;
    this.ready = false;
    this.life = {}; // that of timers
    this.bus = new Uint8Array(0x20);
    this.own = new Map();
    this.ram = null; // made when it is written
    this.registers = new Map([
      [CHIP_ID, 43439],
      [ARM_RESET, IN_RESET],
      [RAM_RESET, IN_RESET],
    ]);
    this.queue = [];
    this.sequence = 0; // of the frames to the host
    this.received = 0; // sequence of the host's last frame
    this.granted = CREDITS;
    this.changed();
  }

  // `then()` after emulated time, unless the chip is reset before.
  after(ms, then) {
    const { life } = this;
    this.clock.createAlarm(() => life === this.life && then()).schedule(ms * 1e6);
  }

  // The bus.

  get interrupt() {
    return this.on && !!(get16(this.bus, INTERRUPT_ENABLE) & this.pending);
  }

  get pending() {
    return get16(this.bus, INTERRUPT) | (this.queue.length ? PACKET : 0);
  }

  get status() {
    const [next] = this.queue;
    const packet = next ? PACKET_AVAILABLE | (next.length << LENGTH_SHIFT) : 0;
    return (this.ready ? F2_READY : 0) | packet;
  }

  // Whether words of the bus have 32 bits: 16, in the other order, after a reset.
  get wide() {
    return !!(this.bus[CONTROL] & WORD_32);
  }

  // Whether this command of four bytes wants an answer.
  reads(sent) {
    return !(sent[this.wide ? 3 : 2] & 0x80);
  }

  // One transfer: what the host sends, and how much it reads after that.
  transfer(sent, count) {
    const got = new Uint8Array(count);
    if (!this.on) return got;
    const { wide } = this;
    const order = (bytes) => (wide ? bytes : bytes.map((_, i) => bytes[i ^ 1]));
    const words = order(sent);
    const { writes, target, address, size } = parseCommand(get32(words));
    if (writes) {
      this.write(target, address, words.subarray(4, 4 + size));
    } else {
      const delay = target === BACKPLANE ? this.bus[F1_DELAY] : 0;
      got.set(this.read(target, address, size).subarray(0, count - delay), delay);
    }
    this.changed();
    return order(got);
  }

  read(target, address, size) {
    if (target === WLAN) {
      return this.readFrame(size);
    }
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      bytes[i] = target === BUS ? this.readBus(address + i) : this.readBackplane(address + i);
    }
    return bytes;
  }

  write(target, address, bytes) {
    if (target === WLAN) {
      this.receive(bytes);
    } else if (target === BUS) {
      bytes.forEach((byte, i) => this.writeBus(address + i, byte));
    } else if (address >= OWN) {
      bytes.forEach((byte, i) => this.writeOwn(address + i, byte));
    } else {
      this.writeBackplane(this.window | (address & WINDOW), bytes);
    }
  }

  readBus(address) {
    const computed = (value, from) => (value >>> (8 * (address - from))) & 255;
    switch (address & ~1) {
      case INTERRUPT:
        return computed(this.pending, INTERRUPT);
      case STATUS:
      case STATUS + 2:
        return computed(this.status, STATUS);
      case F1_INFO:
        return computed(3, F1_INFO); // enabled, ready
      case F2_INFO:
        return computed(this.ready ? 3 : 1, F2_INFO);
      case TEST:
      case TEST + 2:
        return computed(TEST_PATTERN, TEST);
      default:
        return this.bus[address] ?? 0;
    }
  }

  writeBus(address, byte) {
    if (address === INTERRUPT || address === INTERRUPT + 1) {
      this.bus[address] &= ~byte;
    } else if (address < this.bus.length) {
      this.bus[address] = byte;
    }
  }

  // The backplane.

  get window() {
    const [low, mid, high] = [0, 1, 2].map((i) => this.own.get(WINDOW_LOW + i) ?? 0);
    return ((high << 24) | (mid << 16) | (low << 8)) >>> 0;
  }

  readBackplane(address) {
    if (address >= OWN) {
      return this.readOwn(address);
    }
    const place = (this.window | (address & WINDOW)) >>> 0;
    if (place < RAM_SIZE) {
      return this.ram?.[place] ?? 0;
    }
    return ((this.registers.get((place & ~3) >>> 0) ?? 0) >>> (8 * (place & 3))) & 255;
  }

  writeBackplane(place, bytes) {
    place >>>= 0;
    if (place + bytes.length <= RAM_SIZE) {
      this.ram ??= new Uint8Array(RAM_SIZE);
      this.ram.set(bytes, place);
      return;
    }
    const word = (place & ~3) >>> 0;
    const value = bytes.length >= 4 ? get32(bytes) : bytes[0];
    const started =
      word === ARM_RESET && this.registers.get(word) & IN_RESET && !(value & IN_RESET);
    this.registers.set(word, value);
    if (started) {
      this.after(BOOT_MS, () => this.boot());
    }
  }

  readOwn(address) {
    const value = this.own.get(address) ?? 0;
    if (address === CLOCK) {
      const ht = this.ready || value & (HT_REQUEST | FORCE_HT);
      return (
        value | (value & ALP_REQUEST || ht ? ALP_AVAILABLE : 0) | (this.ready ? HT_AVAILABLE : 0)
      );
    }
    return address === SLEEP && value & KEEP_ON ? value | IS_ON : value;
  }

  writeOwn(address, byte) {
    if (address === FRAME_CONTROL && byte & 1) {
      this.queue.shift(); // the host gives a frame up
    } else {
      this.own.set(address, byte);
    }
  }

  // Frames.

  boot() {
    this.firmware = new Firmware(this, this.air);
    this.ready = true;
  }

  readFrame(size) {
    const frame = this.queue.shift() ?? [];
    const bytes = new Uint8Array(size);
    bytes.set(frame.slice(0, size));
    if (frame.length) {
      this.counts.read++;
    }
    return bytes;
  }

  // A frame from the host.
  receive(bytes) {
    const size = get16(bytes);
    const body = bytes.subarray(bytes[7], size);
    if (!this.ready || size !== (~get16(bytes, 2) & 0xffff) || size > bytes.length) {
      return;
    }
    this.counts.written++;
    this.received = bytes[4];
    if ((bytes[5] & 15) === CONTROL_CHANNEL) {
      this.control(body);
    } else if ((bytes[5] & 15) === DATA_CHANNEL) {
      const data = body.subarray(4 + 4 * body[3]);
      this.firmware.transmit(body[2] & 1, data);
      if (((this.granted - this.received) & 255) <= FEW_CREDITS) {
        this.queueFrame(CONTROL_CHANNEL, HEADER, []); // nothing but credit
      }
    }
  }

  control(body) {
    const command = get32(body);
    const flags = get32(body, 8);
    const payload = Array.from(body.subarray(16));
    const set = !!(flags & 2);
    const answer = this.firmware.control(command, set, (flags >> 12) & 15, payload);
    const data = answer.data ?? (set ? [] : payload);
    const header = [
      ...le32(command),
      ...le32(data.length),
      ...le32(flags | (answer.status ? 1 : 0)),
    ];
    this.queueFrame(CONTROL_CHANNEL, HEADER, [...header, ...le32(answer.status ?? 0), ...data]);
  }

  // For the firmware: an event, or an Ethernet frame that came through the air.
  event(frame) {
    this.queueFrame(EVENT_CHANNEL, HEADER + 2, [0, 0, 0x20, 0, 0, 1, 0, 0, 0, 0, ...frame]);
  }

  deliver(itf, frame) {
    if (this.queue.length >= LONGEST_QUEUE) {
      this.counts.dropped++;
    } else {
      this.queueFrame(DATA_CHANNEL, HEADER + 2, [0, 0, 0x20, 0, itf, 0, ...frame]);
    }
  }

  queueFrame(channel, header, body) {
    const size = HEADER + body.length;
    this.granted = (this.received + 1 + CREDITS) & 255;
    const fields = [this.sequence++ & 255, channel, 0, header, 0, this.granted, 0, 0];
    this.queue.push([...le16(size), ...le16(~size), ...fields, ...body]);
    this.changed();
  }
}
