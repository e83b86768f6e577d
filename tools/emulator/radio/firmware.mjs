// What the radio's firmware is for its driver: settings, by number (ioctls) and by name (variables),
// and Ethernet frames from and to the air. Joining is in station.mjs, the access point in point.mjs.

import { get32, le32, named, string, text } from './bytes.mjs';
import { Point, MOST_GUESTS } from './point.mjs';
import {
  COMMAND,
  NOT_ASSOCIATED,
  POINT,
  STATION,
  STATUS,
  UNSUPPORTED,
  WPA3_SAE,
  eventFrame,
  eventName,
  pmk,
  ssidOf,
} from './protocol.mjs';
import { Station } from './station.mjs';

const LED = 1; // the radio's pin with the board's LED
const WHAT_HAS_A_VALUE = ['mcast_list', 'qtxpower']; // before the driver has set it, too

export class Firmware {
  // `chip`: after(ms, then), event(frame), deliver(interface, frame). `air`: see air.mjs.
  constructor(chip, air) {
    this.chip = chip;
    this.air = air;
    this.mac = air.mac;
    this.variables = new Map();
    this.commands = new Map(); // what was set by number
    this.outputs = 0;
    const tell = (type, details) => this.tell(type, details);
    this.station = new Station(chip, air, tell);
    this.point = new Point(chip, air, tell);
    air.attach(this);
  }

  stop() {
    this.air.detach(this);
  }

  interface(itf) {
    return itf === POINT ? this.point : this.station;
  }

  // A command: {data, status} is what it answers. `payload`: an array of bytes.
  control(command, set, itf, payload) {
    const answer = this.answers[command];
    if (answer) return answer.call(this, itf, payload) ?? {};
    if (set) {
      this.commands.set(command, get32(payload));
      return {};
    }
    return padded(le32(this.commands.get(command + 1) ?? 0), payload.length);
  }

  answers = {
    [COMMAND.GET_VAR]: (itf, payload) => this.getVariable(...named(payload), payload.length),
    [COMMAND.SET_VAR]: (itf, payload) => this.setVariable(...named(payload), itf),
    [COMMAND.SET_SSID]: (itf, payload) => this.station.join(payload),
    [COMMAND.DISASSOC]: (itf) => (itf === STATION ? this.station.leave() : undefined),
    [COMMAND.GET_SSID]: () => padded(this.joinedName(), 36),
    [COMMAND.GET_BSSID]: () =>
      this.station.joined ? { data: this.station.network.bssid } : { status: NOT_ASSOCIATED },
    [COMMAND.GET_RSSI]: () => ({
      data: le32(this.station.joined ? this.station.network.rssi : 0),
    }),
    [COMMAND.GET_CHANNEL]: (itf, payload) => padded(le32(this.channel()), payload.length),
    [COMMAND.GET_ASSOCLIST]: (itf, payload) =>
      padded([...le32(this.point.guests.length), ...this.point.guests.flat()], payload.length),
    [COMMAND.SET_WSEC]: (itf, payload) => {
      this.station.secure = get32(payload) !== 0;
    },
    [COMMAND.SET_WPA_AUTH]: (itf, payload) => {
      if (itf === STATION) this.station.wpa3 = get32(payload) === WPA3_SAE;
    },
    [COMMAND.SET_PMK]: (itf, payload) => {
      this.interface(itf).password = string(pmk(payload));
    },
  };

  joinedName() {
    const { joined, network } = this.station;
    return joined ? [...le32(text(network.ssid).length), ...text(network.ssid)] : [];
  }

  channel() {
    return this.station.network?.channel ?? this.commands.get(COMMAND.SET_CHANNEL) ?? 1;
  }

  getVariable(name, argument, length) {
    const value = {
      cur_etheraddr: () => this.mac,
      clmload_status: () => [],
      clmver: () => text('none: emulated'),
      maxassoc: () => le32(MOST_GUESTS),
      bss: () => le32(this.point.up ? 1 : 0),
      ccgpioin: () => le32(this.outputs),
    }[name]?.();
    const known = value ?? this.variables.get(name);
    return known || WHAT_HAS_A_VALUE.includes(name)
      ? padded(known ?? [], length)
      : { status: UNSUPPORTED };
  }

  setVariable(name, value, itf) {
    const set = {
      clmload() {}, // which frequencies a country allows: no matter here
      cur_etheraddr: () => (this.mac = value.slice(0, 6)),
      escan: () => this.station.scan(value),
      join: () => this.station.join(value),
      sae_password: () => (this.interface(itf).password = string(value.slice(2, 2 + value[0]))),
      'bsscfg:ssid': () => (this.point.ssid = string(ssidOf(value, 4))),
      'bsscfg:wsec': () => (this.point.secure = get32(value, 4) !== 0),
      bss: () => this.point.set(get32(value, 4) !== 0),
      gpioout: () => this.setOutputs(get32(value), get32(value, 4)),
    }[name];
    if (set) set();
    else this.variables.set(name, value);
  }

  setOutputs(mask, values) {
    const before = this.outputs;
    this.outputs = (before & ~mask) | (values & mask);
    if ((before ^ this.outputs) & LED) this.air.tell('led', { on: !!(this.outputs & LED) });
  }

  // Tell the driver, and the log, of an event.
  tell(type, details = {}) {
    const told = { status: STATUS.SUCCESS, reason: 0, flags: 0, itf: STATION, ...details };
    const { status, reason, flags, itf } = told;
    this.air.tell('radio', { name: eventName(type), status, reason, flags, itf });
    this.chip.event(eventFrame(this.mac, { from: this.mac, data: [], ...told, type }));
  }

  // Ethernet.

  on(itf) {
    return itf === POINT ? this.point.up : this.station.joined;
  }

  transmit(itf, frame) {
    if (this.on(itf)) this.air.carry(itf, frame);
  }

  receive(itf, frame) {
    if (this.on(itf)) this.chip.deliver(itf, frame);
  }
}

// An answer is as long as the question.
function padded(data, length) {
  return { data: [...data, ...Array(Math.max(0, length - data.length)).fill(0)] };
}
