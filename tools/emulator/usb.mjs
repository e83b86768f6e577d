// The board's USB serial console, with a host at the other end that always listens.
//
// rp2040js answers every poll for input with an empty packet, so that the firmware never sleeps;
// here a poll is answered when there is something to send, as hardware does.

import { USBCDC } from './rp2040js.mjs';

const LARGEST_PACKET = 64;

export class Console {
  // `onData(Uint8Array)`: what the board prints; `onConnected()`: the host has found the console.
  constructor(chip, onData, onConnected) {
    this.usb = chip.usbCtrl;
    this.cdc = new USBCDC(this.usb);
    this.cdc.onSerialData = onData;
    this.cdc.onDeviceConnected = onConnected;
    this.waiting = [];
    this.offset = 0;
    this.room = 0; // bytes the board is ready to take
    this.usb.onEndpointRead = (endpoint, size) => {
      if (endpoint === this.cdc.outEndpoint) {
        this.room = Math.min(size, LARGEST_PACKET);
        this.pump();
      }
    };
  }

  // Bytes for the board to read.
  send(bytes) {
    this.waiting.push(bytes);
    this.pump();
  }

  // How many bytes the board has not taken yet.
  get backlog() {
    return this.waiting.reduce((sum, chunk) => sum + chunk.length, -this.offset);
  }

  pump() {
    if (!this.room || !this.waiting.length) {
      return;
    }
    const packet = this.waiting[0].subarray(this.offset, this.offset + this.room);
    this.offset += packet.length;
    if (this.offset === this.waiting[0].length) {
      this.waiting.shift();
      this.offset = 0;
    }
    this.room = 0;
    this.usb.endpointReadDone(this.cdc.outEndpoint, packet);
  }
}
