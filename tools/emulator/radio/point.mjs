// The access point's side of the firmware: on the air or not, and who is in its network.

import { hex } from './bytes.mjs';
import { EVENT, LINK_UP, POINT } from './protocol.mjs';

export const MOST_GUESTS = 10;
const START = 5; // milliseconds

export class Point {
  // As those of Station.
  constructor(chip, air, tell) {
    this.chip = chip;
    this.air = air;
    this.tell = tell;
    this.up = false;
    this.ssid = '';
    this.secure = false;
    this.password = '';
    this.guests = []; // MAC addresses
  }

  set(up) {
    if (up === this.up) return;
    this.up = up;
    this.guests = [];
    this.air.tell('point', up ? { up, ssid: this.ssid, secure: this.secure } : { up });
    this.chip.after(START, () => this.tell(EVENT.LINK, { flags: up ? LINK_UP : 0, itf: POINT }));
    this.air.link();
  }

  // A station wants to come in: whether it may.
  welcome(mac, password) {
    const may = this.up && (!this.secure || password === this.password);
    if (may && this.guests.length < MOST_GUESTS && !this.has(mac)) {
      this.guests.push(mac);
      this.tell(EVENT.ASSOC_IND, { itf: POINT, from: mac });
    }
    return may && this.has(mac);
  }

  farewell(mac) {
    this.guests = this.guests.filter((guest) => hex(guest) !== hex(mac));
    this.tell(EVENT.DISASSOC_IND, { itf: POINT, from: mac });
  }

  has(mac) {
    return this.guests.some((guest) => hex(guest) === hex(mac));
  }
}
