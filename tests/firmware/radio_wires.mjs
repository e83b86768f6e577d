// The radio on the pins of an RP2040, with a program of the PIO such as the driver's: words, then bits.
//
//     node radio_wires.mjs EMULATOR JSON      EMULATOR: the folder tools/emulator
//
// The JSON is a list of transfers, [HEX, COUNT]: up to four words that are sent, up to four that are
// read. Prints what each level reads, and the level of the data line between the transfers.

const [emulator, given] = process.argv.slice(2);
const { RP2040 } = await import(`${emulator}/rp2040js.mjs`);
const { Air } = await import(`${emulator}/radio/air.mjs`);
const { BitWires } = await import(`${emulator}/radio/bit_wires.mjs`);
const { Cyw43439 } = await import(`${emulator}/radio/cyw43439.mjs`);
const { PICO_W, Wires } = await import(`${emulator}/radio/wires.mjs`);

const PIO = 0x50200000;
const [CTRL, TXF, RXF, MEMORY] = [0x00, 0x10, 0x20, 0x48];
const [EXECCTRL, SHIFTCTRL, INSTR, PINCTRL] = [0xcc, 0xd0, 0xd8, 0xdc];
const IO_BANK = 0x40014000;
const [SIO, OUT_SET, OUT_CLEAR, ENABLE] = [0xd0000000, 0x14, 0x18, 0x24];
const [BY_SIO, BY_PIO] = [5, 6];
const PADS = 0x4001c004;
const INPUT = 0x40;
const RESTART = 0x10; // in CTRL
const SIDE = 0x1000; // the clock is high
const PROGRAM = [
  0x6001, // out pins, 1
  0x0040 | SIDE, // jmp x--, 0
  0xe080, // set pindirs, 0
  0xa042 | SIDE, // nop
  0x4001, // in pins, 1
  0x0084 | SIDE, // jmp y--, 4
];
const SET_OUTPUT = 0xe081;
const { power, data, select, clock } = PICO_W;

function board(Level) {
  const rp = new RP2040();
  const ignore = () => {};
  rp.logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const chip = new Cyw43439(rp.clock, new Air([], ignore));
  new Level(rp, chip);
  const pio = (offset, value) => rp.writeUint32(PIO + offset, value >>> 0);
  const sio = (offset, pin) => rp.writeUint32(SIO + offset, (1 << pin) >>> 0);
  PROGRAM.forEach((word, i) => pio(MEMORY + 4 * i, word));
  for (const [pin, owner] of [[power, BY_SIO], [select, BY_SIO], [data, BY_PIO], [clock, BY_PIO]]) {
    rp.writeUint32(IO_BANK + 8 * pin + 4, owner);
  }
  rp.writeUint32(PADS + 4 * data, INPUT);
  [select, power].forEach((pin) => (sio(OUT_SET, pin), sio(ENABLE, pin)));
  pio(SHIFTCTRL, 3 << 16); // pulls and pushes by itself, the highest bit first
  pio(PINCTRL, (1 << 26) | (clock << 5));
  pio(INSTR, SET_OUTPUT);
  pio(PINCTRL, (1 << 29) | (1 << 26) | (1 << 20) | (data << 15) | (clock << 10) | (data << 5) | data);
  return { rp, pio, sio, machine: rp.pio[0].machines[0] };
}

function transfer({ rp, pio, sio, machine }, sent, count) {
  sio(OUT_CLEAR, select);
  pio(CTRL, RESTART);
  pio(INSTR, SET_OUTPUT);
  pio(INSTR, 0); // jmp 0
  pio(EXECCTRL, (count ? PROGRAM.length - 1 : 1) << 12);
  machine.outputShiftCount = 32; // nothing is left of what came before
  machine.x = sent.length * 8 - 1;
  machine.y = count * 8 - 1;
  for (let i = 0; i < sent.length; i += 4) pio(TXF, sent.readUInt32BE(i));
  pio(CTRL, 1);
  pio(CTRL, 0);
  const got = Buffer.alloc(count);
  for (let i = 0; i < count; i += 4) got.writeUInt32BE(rp.readUint32(PIO + RXF) >>> 0, i);
  sio(OUT_SET, select);
  return { got: got.toString('hex'), level: +rp.gpio[data].rawInputValue };
}

const levels = [Wires, BitWires].map(board);
const told = levels.map((level) =>
  JSON.parse(given).map(([hex, count]) => transfer(level, Buffer.from(hex, 'hex'), count)),
);
console.log(JSON.stringify(told));
process.exit(0); // rp2040js's timers would go on
