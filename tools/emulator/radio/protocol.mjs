// The numbers of the protocol between the radio's firmware and its driver, and the forms of what
// the firmware tells: events and the results of a scan.
//
// They are those of Broadcom's wlioctl interface, as open drivers (Linux brcmfmac, cyw43-driver) use
// it.

import { be16, be32, get16, get32, le16, le32, text } from './bytes.mjs';

export const STATION = 0; // the interface that joins networks
export const POINT = 1; // ... that is an access point

// Commands (ioctls).
export const COMMAND = {
  GET_BSSID: 23,
  GET_SSID: 25,
  SET_SSID: 26,
  GET_CHANNEL: 29,
  SET_CHANNEL: 30,
  DISASSOC: 52,
  GET_PM: 85,
  SET_PM: 86,
  GET_RSSI: 127,
  SET_WSEC: 134,
  GET_ASSOCLIST: 159,
  SET_WPA_AUTH: 165,
  GET_VAR: 262,
  SET_VAR: 263,
  SET_PMK: 268,
};

// SET_WPA_AUTH: passwords are proved by SAE, as WPA3 does it.
export const WPA3_SAE = 0x40000;

// What an answer says if it is not 0.
export const NOT_ASSOCIATED = -17;
export const UNSUPPORTED = -23;

export const EVENT = {
  SET_SSID: 0,
  JOIN: 1,
  AUTH: 3,
  DEAUTH_IND: 6,
  ASSOC: 7,
  ASSOC_IND: 8,
  DISASSOC: 11,
  DISASSOC_IND: 12,
  LINK: 16,
  PSK_SUP: 46,
  ESCAN_RESULT: 69,
};
const EVENT_NAMES = Object.fromEntries(Object.entries(EVENT).map(([name, code]) => [code, name]));

// `status`, `reason` and `flags` of events.
export const STATUS = {
  SUCCESS: 0,
  NO_NETWORKS: 3, // of SET_SSID
  PARTIAL: 8, // of ESCAN_RESULT: more will come
  KEYED: 6, // of PSK_SUP: the handshake is over
  WAITING_FOR_M3: 8, // of PSK_SUP: the access point did not like message 2
};
export const REASON = {
  LEFT: 3, // of LINK
  BEACONS_LOST: 4,
  PREVIOUS_AUTH_INVALID: 2,
  GOOD_BYE: 3, // of DEAUTH_IND
  DEAUTHENTICATED: 14, // of PSK_SUP
  TIMED_OUT: 15,
  REFUSED: 1, // of LINK
};
export const LINK_UP = 1; // flag of LINK

// An event, as the Ethernet frame in which it reaches the driver. `event`: {type, status, reason,
// flags, itf, from: MAC, data}.
export function eventFrame(mac, { type, status, reason, flags, itf, from, data }) {
  const name = text(itf === POINT ? 'wl0.1' : 'wl0');
  return [
    ...[...mac, ...from, 0x88, 0x6c], // Ethernet, with Broadcom's type
    ...[...be16(0x8001), ...be16(58 + data.length), 0, 0x00, 0x10, 0x18, ...be16(1)],
    ...[...be16(2), ...be16(flags), ...be32(type), ...be32(status), ...be32(reason)],
    ...[...be32(0), ...be32(data.length), ...from],
    ...[...name, ...Array(16 - name.length).fill(0), itf, itf],
    ...data,
  ];
}

export const eventName = (type) => EVENT_NAMES[type];

// A set password (`wsec_pmk`): its length, flags, itself.
export const pmk = (payload) => payload.slice(4, 4 + get16(payload));

const PRIVACY = 0x0010;
const ESS = 0x0001;
// The element of a beacon that says: CCMP, by password, with WPA2 or WPA3 (its SAE).
const OUI = [0, 15, 172];
const rsn = (wpa3) => [
  ...[48, 20, 1, 0, ...OUI, 4, 1, 0, ...OUI, 4],
  ...[1, 0, ...OUI, wpa3 ? 8 : 2, 0, 0],
];
const BSS_VERSION = 109;
const BSS_FIXED = 128; // bytes before the elements

// What a beacon of the network tells, as a result of a scan.
export function scanResult({ ssid, password, bssid, channel, rssi, wpa3 }) {
  const name = text(ssid);
  const elements = [0, name.length, ...name, ...(password ? rsn(wpa3) : [])];
  const length = BSS_FIXED + elements.length;
  const bss = new Uint8Array(length);
  const put = (at, bytes) => bss.set(bytes, at);
  put(0, le32(BSS_VERSION));
  put(4, le32(length));
  put(8, bssid);
  put(14, le16(100)); // interval of beacons
  put(16, le16(ESS | (password ? PRIVACY : 0)));
  put(18, [name.length, ...name]);
  put(52, le32(4)); // rates
  put(56, [0x82, 0x84, 0x8b, 0x96]);
  put(72, le16(0x2b00 | channel)); // its specification: 2.4 GHz, 20 MHz
  put(76, [1]); // DTIM
  put(78, le16(rssi));
  put(88, [channel]);
  put(116, le16(BSS_FIXED));
  put(120, le32(elements.length));
  put(124, le16(30)); // signal to noise
  put(BSS_FIXED, elements);
  return [...le32(12 + length), ...le32(BSS_VERSION), ...le16(0), ...le16(1), ...bss];
}

// The name of the network in the parameters of a scan or of joining; `at`: where its length is.
export function ssidOf(payload, at) {
  return payload.slice(at + 4, at + 4 + get32(payload, at));
}
