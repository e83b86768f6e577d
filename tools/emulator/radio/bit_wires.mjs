// The same wires bit by bit: the radio looks at the clock and the data line, and rp2040js's PIO runs
// the driver's program, stepped through at once. To check wires.mjs against.

import { PICO_W, Wires } from './wires.mjs';

const HIGH = 1;

export class BitWires extends Wires {
  constructor(rp, radio, pins = PICO_W) {
    super(rp, radio, pins);
    this.steps = 0;
    this.start();
    rp.gpio[pins.select].addListener((state) => (state === HIGH ? this.end() : this.start()));
    rp.gpio[pins.clock].addListener((state) => state === HIGH && this.selected && this.rising());
  }

  start() {
    this.bits = 0;
    this.sent = [];
    this.byte = 0;
    this.answer = null;
    this.position = 0;
  }

  // A bit from the host is on the line, or the host wants one.
  rising() {
    const pin = this.rp.gpio[this.pins.data];
    if (this.answer) {
      const bit = (this.answer[this.position >> 3] >> (7 - (this.position & 7))) & 1;
      this.position++;
      pin.setInputValue(!!bit);
      return;
    }
    this.byte = (this.byte << 1) | (pin.outputValue ? 1 : 0);
    if (++this.bits % 8 === 0) {
      this.sent.push(this.byte & 255);
      if (this.sent.length === 4 && this.radio.reads(this.sent)) {
        this.transfers++;
        this.answer = this.radio.transfer(Uint8Array.from(this.sent), 2048);
        this.bytes += 4;
      }
    }
  }

  end() {
    if (!this.answer && this.sent.length >= 4) {
      this.radio.transfer(Uint8Array.from(this.sent), 0);
      this.transfers++;
      this.bytes += this.sent.length;
    }
    this.bytes += this.position >> 3;
    this.start();
    this.changed();
  }

  transfer(pio, machine) {
    const before = this.steps;
    machine.step = Object.getPrototypeOf(machine).step; // not what watch() has made of it
    for (;;) {
      machine.step();
      pio.checkChangedPins();
      this.steps++;
      if (!machine.rxFIFO.empty) {
        const channel = this.channel(machine.dreqRx);
        if (channel) this.move(channel);
      }
      if (machine.waiting && machine.txFIFO.empty) {
        const channel = this.channel(machine.dreqTx);
        if (!channel) break;
        this.move(channel);
      }
    }
    machine.step = () => {};
    this.rp.clock.nanosCounter += ((this.steps - before) * 2 * 1e9) / this.rp.clkSys;
  }
}
