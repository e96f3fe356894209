// A browser that reaches nothing but this machine, and addresses to try it with.
import { chromium } from "playwright-core";

const browser = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Starts the browser; no name but that of this machine leads anywhere. */
export function startBrowser() {
  return chromium.launch({
    executablePath: browser,
    headless: true,
    // The tests may run as root, where the sandbox does not start.
    args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
}

const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

function checksum(values) {
  const factors = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    factors.forEach((factor, bit) => {
      if ((top >>> bit) & 1) sum ^= factor;
    });
  }
  return sum ^ 1;
}

/** The Bech32 address (BIP-173) of an Ed25519 key whose hash consists of `byte`. */
export function address(prefix, byte) {
  const bytes = [0, ...Array(32).fill(byte)];
  const bits = bytes.map((value) => value.toString(2).padStart(8, "0")).join("");
  const groups = bits.padEnd(Math.ceil(bits.length / 5) * 5, "0").match(/.{5}/g);
  const data = groups.map((five) => parseInt(five, 2));
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  const head = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
  const sum = checksum([...head, ...data, 0, 0, 0, 0, 0, 0]);
  const check = [0, 1, 2, 3, 4, 5].map((place) => (sum >>> (5 * (5 - place))) & 31);
  return `${prefix}1${[...data, ...check].map((value) => LETTERS[value]).join("")}`;
}
