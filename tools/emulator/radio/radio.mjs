// The radio of a Pico W and what is in the air around it, put together for board.mjs.
//
// `air` is {networks: [{ssid, password, channel, rssi, silent, mute, wpa3}], events: [{at, ...}], visitor}: an
// event happens `at` seconds of emulated time after the start: {at, out: ssid} the network's beacons
// just end, {at, bye: ssid} its access point says good-bye, {at, back: ssid} it is there again,
// {at, visit: password} somebody joins the board's access point, {at, depart: true} and leaves it.

import { Air, End } from './air.mjs';
import { BitWires } from './bit_wires.mjs';
import { Cyw43439 } from './cyw43439.mjs';
import { POINT, STATION } from './protocol.mjs';
import { Recorder } from './recorder.mjs';
import { Wires } from './wires.mjs';

// What can happen in the air, by the word of a command or of an event in the file.
export const HAPPENINGS = {
  out: (air, ssid) => air.set(ssid, false),
  bye: (air, ssid) => air.set(ssid, false, true),
  back: (air, ssid) => air.set(ssid, true),
  visit: (air, password) => air.visit(password),
  depart: (air) => air.depart(),
};

export class Radio {
  // `wake()`: the board may sleep, and something has happened, or is said by it. `options`: {bits: bit by bit,
  // record: where to write the conversation on the bus}.
  constructor({ networks, events = [] }, tell, wake, { bits = false, record } = {}) {
    this.recorder = record ? new Recorder(record) : null;
    this.recorder?.note('air', JSON.stringify(networks));
    this.air = new Air(networks, this.recorder?.telling(tell) ?? tell);
    this.recorder?.watchAir(this.air);
    this.events = events;
    this.wake = this.air.wake = wake;
    this.Wires = bits ? BitWires : Wires;
    this.started = false;
  }

  // Solder the radio to a chip: at the start, and anew after each of its resets.
  connect(rp) {
    this.chip?.power(false);
    this.chip = new Cyw43439(this.recorder?.watchClock(rp.clock) ?? rp.clock, this.air);
    this.recorder?.watchChip(this.chip);
    this.wires = new this.Wires(rp, this.chip);
    if (!this.started) {
      this.started = true;
      this.events.forEach(({ at, ...what }) => {
        const [[word, value]] = Object.entries(what);
        rp.clock.createAlarm(() => this.happen(word, value)).schedule(at * 1e9);
      });
    }
  }

  // Let something happen in the air; false: there is no such thing.
  happen(word, value) {
    if (!HAPPENINGS[word]) return false;
    this.recorder?.note('happens', word, value ?? '');
    HAPPENINGS[word](this.air, value);
    this.wake();
    return true;
  }

  // Start the gateways. `forward`, `visitor`: their ports; `onNetwork`, `onVisitor`: get what they
  // say; `onEnd(text)`: one of them has ended.
  open(gateway, address, { forward, visitor }, { onNetwork, onVisitor, onEnd }) {
    this.join(STATION, [gateway, 'network', address, ...forward], onNetwork, onEnd);
    if (visitor.length) {
      this.join(POINT, [gateway, 'visitor', address, ...visitor], onVisitor, onEnd);
    }
  }

  join(itf, command, onEvent, onEnd) {
    this.air.ends[itf] = new End(command, onEvent, onEnd, (frame) => {
      this.recorder?.note('arrives', itf, Buffer.from(frame).toString('hex'));
      this.air.arrive(itf, frame);
      this.wake();
    });
  }

  get stats() {
    return { transfers: this.wires.transfers, bytes: this.wires.bytes, frames: this.chip.counts };
  }

  close() {
    this.air.close();
    this.recorder?.close();
  }
}
