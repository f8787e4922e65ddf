// The work that an attempt to sign in must bring done after failures (ALTCHA 1.0): the number for which SHA-256 of salt and
// number is the challenge. Written out, because browsers offer digests to pages over HTTPS alone, and one at a time.

const constants = new Uint32Array(64);
const beginning = new Uint32Array(8);
for (let candidate = 2, count = 0; count < 64; candidate += 1) {
  if (Array.from({ length: Math.floor(Math.sqrt(candidate)) - 1 }, (_, i) => i + 2).some((i) => candidate % i === 0)) continue;
  if (count < 8) beginning[count] = (Math.sqrt(candidate) % 1) * 2 ** 32;
  constants[count] = (Math.cbrt(candidate) % 1) * 2 ** 32;
  count += 1;
}

/** SHA-256 (FIPS 180-4) of ASCII text, in hex digits. */
export function sha256(text) {
  const blocks = Math.ceil((text.length + 9) / 64);
  const words = new Uint32Array(blocks * 16);
  for (let i = 0; i < text.length; i += 1) words[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  words[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
  words[words.length - 1] = text.length * 8;
  const state = Uint32Array.from(beginning);
  const w = new Uint32Array(64);
  for (let block = 0; block < blocks; block += 1) compress(state, w, words.subarray(block * 16, block * 16 + 16));
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

function turn(word, by) {
  return (word >>> by) | (word << (32 - by));
}

function compress(state, w, block) {
  w.set(block);
  for (let i = 16; i < 64; i += 1) {
    const [x, y] = [w[i - 15], w[i - 2]];
    w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] += word; });
}

/** What goes back to the server. Lets the page breathe now and then. */
export async function solve({ algorithm, challenge, maxnumber, salt, signature }) {
  for (let number = 0; number <= maxnumber; number += 1) {
    if (number % 2000 === 0) await new Promise((resolve) => { setTimeout(resolve); });
    if (sha256(salt + number) === challenge) return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
  }
  throw new Error("The server's challenge has no solution.");
}
