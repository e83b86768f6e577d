// The station's side of the firmware: scanning, joining a network, losing it, leaving it.
//
// Order and times of the events are those that the driver waits for and one published trace of a
// chip shows; the handshake itself is not there: passwords are compared.

import { hex, string } from './bytes.mjs';
import { EVENT, LINK_UP, REASON, STATUS, scanResult, ssidOf } from './protocol.mjs';

// Milliseconds.
const SCAN = 120; // a channel
const CHANNELS = 13;
const AUTHENTICATION = 30;
const HANDSHAKE = 60;
const REFUSAL = 300;
const HANDSHAKE_TIMEOUT = 5000;
const BEACON_TIMEOUT = 3000;
const GOOD_BYE = 10;

export class Station {
  // `chip.after(ms, then)`; `tell(type, details)` tells the driver of an event.
  constructor(chip, air, tell) {
    this.chip = chip;
    this.air = air;
    this.tell = tell;
    this.network = null; // the one that it has joined, or is joining
    this.joined = false;
    this.attempt = 0; // what is under way ends with its attempt
    this.password = '';
    this.secure = false;
    this.wpa3 = false; // whether it speaks that, and nothing older
  }

  // Report the networks in reach, those of one name if the driver asks for one.
  scan(parameters) {
    const wanted = string(ssidOf(parameters, 8));
    const found = this.air.networks.filter(({ up, ssid }) => up && (!wanted || ssid === wanted));
    for (const network of found) {
      const details = { status: STATUS.PARTIAL, from: network.bssid, data: scanResult(network) };
      this.chip.after(SCAN * network.channel, () => this.tell(EVENT.ESCAN_RESULT, details));
    }
    this.chip.after(SCAN * (CHANNELS + 1), () => this.tell(EVENT.ESCAN_RESULT));
  }

  join(parameters) {
    const ssid = string(ssidOf(parameters, 0));
    const before = this.network?.bssid;
    this.attempt++;
    if (this.drop()) this.tell(EVENT.LINK, { reason: REASON.LEFT, from: before });
    const network = this.air.networks.find((one) => one.up && one.ssid === ssid);
    if (network && this.secure === !!network.password && this.wpa3 === !!network.wpa3) {
      this.then(SCAN * 2 + AUTHENTICATION, () => this.associate(network));
    } else {
      this.then(SCAN * CHANNELS, () => this.tell(EVENT.SET_SSID, { status: STATUS.NO_NETWORKS }));
    }
  }

  // Go on later, unless the attempt has ended meanwhile.
  then(ms, step) {
    const { attempt } = this;
    this.chip.after(ms, () => attempt === this.attempt && step());
  }

  associate(network) {
    const from = network.bssid;
    this.network = network;
    this.tell(EVENT.AUTH, { from });
    this.tell(EVENT.ASSOC, { from });
    this.tell(EVENT.LINK, { flags: LINK_UP, from });
    if (!this.secure) {
      this.arrive(network);
    } else if (this.password === network.password) {
      this.then(HANDSHAKE, () => {
        this.tell(EVENT.PSK_SUP, { status: STATUS.KEYED, from });
        this.arrive(network);
      });
    } else {
      this.then(network.silent ? HANDSHAKE_TIMEOUT : REFUSAL, () => this.refuse(network));
    }
  }

  arrive({ ssid, bssid }) {
    this.joined = true;
    this.tell(EVENT.JOIN, { from: bssid });
    this.tell(EVENT.SET_SSID, { from: bssid });
    this.air.tell('joined', { ssid });
    this.air.link();
  }

  // One access point says that a password is wrong; another (`silent`) lets the handshake time out.
  refuse({ silent, bssid: from }) {
    const reason = silent ? REASON.TIMED_OUT : REASON.DEAUTHENTICATED;
    this.tell(EVENT.PSK_SUP, { status: STATUS.WAITING_FOR_M3, reason, from });
    if (!silent) this.tell(EVENT.DEAUTH_IND, { reason: REASON.TIMED_OUT, from });
    this.tell(EVENT.LINK, { reason: REASON.REFUSED, from });
    this.network = null;
  }

  // The driver wants to leave.
  leave() {
    const from = this.network?.bssid;
    this.attempt++;
    if (this.drop()) {
      this.tell(EVENT.DISASSOC, { from });
      this.tell(EVENT.LINK, { reason: REASON.LEFT, from });
    }
  }

  drop() {
    const had = this.network !== null;
    this.network = null;
    if (this.joined) {
      this.joined = false;
      this.air.link();
    }
    return had;
  }

  // The network has gone: its access point has said good-bye (`said`), or its beacons just end.
  lost(network, said) {
    if (this.network !== network) return;
    const from = network.bssid;
    this.joined = false;
    this.air.link();
    this.then(said ? GOOD_BYE : BEACON_TIMEOUT, () => {
      this.network = null;
      this.attempt++;
      if (said) this.tell(EVENT.DEAUTH_IND, { reason: REASON.GOOD_BYE, from });
      const reason = said ? REASON.PREVIOUS_AUTH_INVALID : REASON.BEACONS_LOST;
      this.tell(EVENT.LINK, { reason, from });
    });
  }

  // For messages about it.
  get description() {
    return this.network ? `${this.network.ssid} (${hex(this.network.bssid)})` : 'no network';
  }
}
