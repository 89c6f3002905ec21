// Text and bytes: the engine has neither TextEncoder nor TextDecoder.

export const encoded = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (c) => c.charCodeAt(0));

/** What is no UTF-8 becomes the replacement character. */
export function decoded(bytes) {
  const parts = [];
  let at = 0;
  while (at < bytes.length) {
    const length = wellFormed(bytes, at);
    parts.push(length ? String.fromCodePoint(point(bytes, at, length)) : '\ufffd');
    at += length || 1;
  }
  return parts.join('');
}

// The second byte of what begins so: neither overlong, nor a surrogate, nor beyond Unicode (Unicode 15, table 3-7).
const second = (first) =>
  first === 0xe0 ? [0xa0, 0xbf]
  : first === 0xed ? [0x80, 0x9f]
  : first === 0xf0 ? [0x90, 0xbf]
  : first === 0xf4 ? [0x80, 0x8f]
  : [0x80, 0xbf];

/** Bytes of the character that begins here; 0 where none does. */
function wellFormed(bytes, at) {
  const first = bytes[at];
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length > 1) {
    const [least, most] = second(first);
    if (!(bytes[at + 1] >= least && bytes[at + 1] <= most)) return 0;
  }
  for (let n = 2; n < length; n += 1) {
    if ((bytes[at + n] & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function point(bytes, at, length) {
  let value = length === 1 ? bytes[at] : bytes[at] & (0xff >> (length + 1));
  for (let n = 1; n < length; n += 1) value = (value << 6) | (bytes[at + n] & 0x3f);
  return value;
}
