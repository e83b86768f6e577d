// The wires between an emulated RP2040 and the radio of a Pico W: a half-duplex SPI that the driver
// runs with a program of the PIO, fed by DMA, and whose data line is the radio's interrupt
// between transfers.
//
// rp2040js runs a PIO bit by bit, in timers of the host, so that a transfer would take as long as the
// host likes (bit_wires.mjs does that properly, to compare). Here a state machine that is switched on with a program of this shape
//
//     out pins, 1 / jmp x--        as many bits as x says, minus one
//     set pindirs, 0 ...           the line is turned round
//     in pins, 1 / jmp y--         as many bits as y says, minus one
//
// on the radio's pins does its transfer at once, word by word, through its FIFOs and the DMA
// channels that wait for them; the emulated clock goes on by what the bits take.

const CTRL = 0;
const STALLED = 1 << 24; // FDEBUG_TXSTALL
const SIDE_SET = 0x1000; // one bit of side-set: the clock, whichever way it goes
const OUT_PIN = 0x6001;
const JMP_X = 0x0040;
const HIGH = 1; // GPIOPinState
const LOW = 0;

export const PICO_W = { power: 23, data: 24, select: 25, clock: 29 };

export class Wires {
  // `radio`: power(on), transfer(Uint8Array, count) and `interrupt`. It calls changed() when its
  // interrupt may have changed.
  constructor(rp, radio, pins = PICO_W) {
    this.rp = rp;
    this.radio = radio;
    this.pins = pins;
    this.selected = false;
    this.transfers = 0;
    this.bytes = 0;
    rp.pio.forEach((pio) => this.watch(pio));
    const { gpio } = rp;
    gpio[pins.power].addListener((state) => radio.power(state === HIGH));
    gpio[pins.select].addListener((state) => {
      this.selected = state === LOW;
      this.changed();
    });
    gpio[pins.data].addListener(() => this.changed());
    radio.changed = () => this.changed();
  }

  // The level of the data line, unless the RP2040 drives it.
  changed() {
    const pin = this.rp.gpio[this.pins.data];
    if (!pin.outputEnable) {
      const level = !this.selected && this.radio.interrupt;
      if (level !== pin.rawInputValue) pin.setInputValue(level);
    }
  }

  // Whether what this state machine is about to run is the program.
  runs(pio, machine) {
    const at = (address) => pio.instructions[address & 31] & ~SIDE_SET;
    const { pc } = machine;
    return (
      at(pc) === OUT_PIN &&
      at(pc + 1) === (JMP_X | pc) &&
      machine.outBase === this.pins.data &&
      machine.sidesetBase === this.pins.clock
    );
  }

  watch(pio) {
    const write = pio.writeUint32.bind(pio);
    const ours = new Set();
    for (const machine of pio.machines) {
      const step = machine.step.bind(machine);
      machine.step = () => ours.has(machine) || step();
    }
    pio.writeUint32 = (offset, value) => {
      if (offset !== CTRL) {
        write(offset, value);
        return;
      }
      const on = pio.machines.filter((machine) => value & (1 << machine.index));
      const started = on.filter((machine) => !machine.enabled && this.runs(pio, machine));
      ours.forEach((machine) => on.includes(machine) || ours.delete(machine));
      started.forEach((machine) => ours.add(machine));
      let theirs = value;
      ours.forEach((machine) => (theirs &= ~(1 << machine.index)));
      write(offset, theirs);
      ours.forEach((machine) => (machine.enabled = true));
      started.forEach((machine) => this.transfer(pio, machine));
    };
  }

  transfer(pio, machine) {
    const sent = new Uint8Array((machine.x + 1) >>> 3);
    const reads = machine.wrapTop !== ((machine.pc + 1) & 31);
    const count = reads ? (machine.y + 1) >>> 3 : 0;
    for (let i = 0; i < sent.length; i += 4) {
      const word = this.pull(machine);
      sent[i] = word >>> 24;
      sent[i + 1] = word >>> 16;
      sent[i + 2] = word >>> 8;
      sent[i + 3] = word;
    }
    const got = this.radio.transfer(sent, count);
    for (let i = 0; i < count; i += 4) {
      this.push(
        machine,
        ((got[i] << 24) | (got[i + 1] << 16) | (got[i + 2] << 8) | got[i + 3]) >>> 0,
      );
    }
    machine.x = machine.y = 0xffffffff;
    machine.outputShiftCount = 32;
    machine.updateDMATx();
    pio.txStall |= STALLED << machine.index; // it waits for more
    pio.fdebug |= pio.txStall;
    if (reads) {
      pio.pinDirectionsChanged(0, machine.setBase, machine.setCount);
    }
    this.transfers++;
    this.bytes += sent.length + count;
    const cycles = (sent.length + count) * 16 * (machine.clockDivInt + machine.clockDivFrac / 256);
    this.rp.clock.nanosCounter += (cycles * 1e9) / this.rp.clkSys;
  }

  // The DMA channel that waits for this request.
  channel(request) {
    return this.rp.dma.channels.find((channel) => channel.active && channel.treq === request);
  }

  move(channel) {
    channel.transferAlarm.cancel();
    channel.transfer();
    channel.transferAlarm.cancel();
  }

  pull(machine) {
    if (machine.txFIFO.empty) {
      const channel = this.channel(machine.dreqTx);
      if (!channel) return 0;
      this.move(channel);
    }
    return machine.txFIFO.pull();
  }

  push(machine, word) {
    const channel = this.channel(machine.dreqRx);
    if (!machine.rxFIFO.full) machine.rxFIFO.push(word);
    if (channel) {
      this.move(channel);
    } else {
      machine.updateDMARx();
    }
  }
}
