// Bytes of the radio's protocols.

const encoder = new TextEncoder();
const decoder = new TextDecoder(); // UTF-8

export const le16 = (value) => [value & 255, (value >> 8) & 255];
export const le32 = (value) => [...le16(value), ...le16(value >>> 16)];
export const be16 = (value) => [(value >> 8) & 255, value & 255];
export const be32 = (value) => [...be16(value >>> 16), ...be16(value)];
export const text = (value) => [...encoder.encode(value)];

export const get16 = (bytes, at = 0) => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
export const get32 = (bytes, at = 0) => (get16(bytes, at) | (get16(bytes, at + 2) << 16)) >>> 0;
export const string = (bytes) => decoder.decode(Uint8Array.from(bytes));

// A zero-terminated name and what follows it.
export function named(bytes) {
  const end = bytes.indexOf(0);
  return end < 0 ? [string(bytes), []] : [string(bytes.slice(0, end)), bytes.slice(end + 1)];
}

export const hex = (bytes) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
