// The air around the board: the networks that are there, a station that may visit the board's access
// point, and the gateways that carry frames to programs of this machine.
//
// A gateway is behind the networks, another is the visitor; see tools/emulator/gateway.

import { spawn } from 'node:child_process';
import readline from 'node:readline';

import { POINT, STATION } from './protocol.mjs';

const MAC = [0x02, 0x43, 0x43, 0x9e, 0x00, 0x01]; // of the board's radio
const VISITOR = [0x02, 0x43, 0x43, 0x9e, 0x00, 0x02]; // as the gateway has it
const NETWORK = [0x02, 0x43, 0x43, 0x9e, 0x01]; // and a number

export class Air {
  // `networks`: [{ssid, password ('': an open one), channel, rssi in dBm, silent, mute, wpa3}];
  // `silent` ones do not say that a password is wrong, behind `mute` ones nobody answers, `wpa3` ones
  // take nothing older. `tell(event, details)`: what the log gets.
  constructor(networks, tell) {
    this.mac = MAC;
    this.tell = tell;
    this.networks = networks.map((network, number) => ({
      ...{ password: '', channel: 6, rssi: -50, up: true },
      ...network,
      bssid: [...NETWORK, number],
    }));
    this.wake = () => {}; // called for what the board says
    this.firmware = null;
    this.ends = {}; // STATION: the gateway of the networks, POINT: the visitor
    this.visiting = false;
    this.joined = false;
  }

  // A network goes (`said`: its access point says so), or comes back.
  set(ssid, up, said = false) {
    const network = this.networks.find((one) => one.ssid === ssid);
    if (network && network.up !== up) {
      network.up = up;
      this.tell('air', { ssid, up });
      if (!up) this.firmware?.station.lost(network, said);
    }
  }

  // The firmware's side.

  attach(firmware) {
    this.firmware = firmware;
  }

  detach(firmware) {
    if (this.firmware === firmware) {
      this.firmware = null;
      this.link();
    }
  }

  // Who is reachable may have changed.
  link() {
    const joined = !!this.firmware?.station.joined;
    if (joined !== this.joined) {
      this.joined = joined;
      this.ends[STATION]?.signal(joined);
    }
    if (this.visiting && !this.firmware?.point.up) {
      this.leave();
    }
  }

  carry(itf, frame) {
    if (itf === STATION && this.firmware.station.network.mute) return;
    this.ends[itf]?.send(frame);
    this.wake();
  }

  // The visitor. Whether it was let in.
  visit(password = '') {
    this.visiting = !!this.firmware?.point.welcome(VISITOR, password);
    if (this.visiting) this.ends[POINT]?.signal(true);
    this.tell('visit', { welcome: this.visiting });
    return this.visiting;
  }

  depart() {
    if (this.visiting) {
      this.firmware?.point.farewell(VISITOR);
      this.leave();
    }
  }

  leave() {
    this.visiting = false;
    this.ends[POINT]?.signal(false);
  }

  // A frame for the board.
  arrive(itf, frame) {
    if (itf === STATION || this.visiting) this.firmware?.receive(itf, frame);
  }

  close() {
    Object.values(this.ends).forEach((end) => end.close());
  }
}

// A gateway: frames on its standard input and output, each after two bytes with its length.
export class End {
  // `onEvent(line)` gets what it says, `onEnd(text)` why it has ended, `onFrame(bytes)` each frame.
  constructor([program, ...options], onEvent, onEnd, onFrame) {
    this.program = spawn(program, options, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.program.on('error', (error) => onEnd(error.message));
    this.program.on('exit', () => onEnd('it has ended'));
    this.program.stdin.on('error', () => {});
    readline.createInterface({ input: this.program.stderr }).on('line', onEvent);
    this.rest = Buffer.alloc(0);
    this.program.stdout.on('data', (bytes) => this.take(bytes, onFrame));
  }

  take(bytes, onFrame) {
    let rest = Buffer.concat([this.rest, bytes]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      onFrame(rest.subarray(2, end));
      rest = rest.subarray(end);
    }
    this.rest = rest;
  }

  send(frame) {
    this.program.stdin.write(Buffer.from([frame.length >> 8, frame.length & 255, ...frame]));
  }

  // A frame of no length: no board is there. One of one byte: there is one.
  signal(there) {
    this.send(there ? [1] : []);
  }

  close() {
    this.program.stdin.end();
  }
}
