// js-libp2p as a peer of a node: another implementation of the handshakes, the multiplexer and the
// stream negotiation. What is said on the stream is written here byte by byte.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

// js-libp2p is written for newer versions of Node.js, and lacks nothing but this in older ones.
Promise.withResolvers ??= function withResolvers() {
  const parts = {};
  parts.promise = new this((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const here = dirname(fileURLToPath(import.meta.url));
const tangle = resolve(process.env.TANGLE ?? join(here, "../../target/debug/tangle"));
const LIMIT_MS = 20_000;

const MILESTONE_REQUEST = 1;
const BLOCK = 2;
const BLOCK_REQUEST = 3;
const HEARTBEAT = 4;

let folder;
let node;
let urls;
let protocol;

/** Runs the program in the test's folder. */
function run(...args) {
  return execFileSync(tangle, args, { cwd: folder, encoding: "utf8" });
}

/** Waits for a promise, and not for ever. */
function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not in time: ${what}`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tangle-libp2p-"));
  const key = JSON.parse(run("tool", "key", "new", "--out", "owner.key", "--json"));
  const supply = "1000000000000000";
  run(
    "tool", "genesis", "init", "--network", "js-peers", "--hrp", "tst", "--supply", supply,
    "--allocate", `${key.bech32}=${supply}`, "--pow-score-min", "0",
  );
  writeFileSync(
    join(folder, "tangle.toml"),
    `[rest]
     bind = "127.0.0.1:0"
     [network]
     bind = ["/ip4/127.0.0.1/tcp/0"]
     [coordinator]
     keys = [{ file = "keys/milestone-1.key" }, { file = "keys/milestone-2.key" }]
    `,
  );
  node = spawn(tangle, ["node", "--json"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  urls = await within("the node is ready", new Promise((done, failed) => {
    let text = "";
    node.stdout.on("data", (data) => {
      text += data;
      if (text.includes("\n")) done(JSON.parse(text.slice(0, text.indexOf("\n"))));
    });
    node.on("exit", (code) => failed(new Error(`the node ended with ${code}`)));
  }));
  const info = await (await fetch(`${urls.node}/api/core/v2/info`)).json();
  // The network id is the first eight bytes of the hash of the network's name.
  const { blake2b } = await import("@noble/hashes/blake2.js");
  const hash = blake2b(new TextEncoder().encode(info.protocol.networkName), { dkLen: 32 });
  const id = Buffer.from(hash).readBigUInt64LE(0);
  protocol = `/iota-gossip/${id}/1.0.0`;
});

after(async () => {
  if (node && node.exitCode === null) {
    const ended = new Promise((done) => node.on("exit", done));
    node.kill("SIGTERM");
    await within("the node ends", ended);
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Where the node listens; js-libp2p speaks no QUIC here. */
function tcpAddress() {
  return multiaddr(urls.peerAddresses.find((address) => address.includes("/tcp/")));
}

/** A peer of js-libp2p that encrypts in one way only. */
function peer(encrypter) {
  return createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [encrypter()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  });
}

/** Reads messages from a gossip stream, and writes some. */
class Gossip {
  constructor(stream) {
    this.stream = stream;
    this.bytes = Buffer.alloc(0);
    this.waiting = [];
    this.messages = [];
    this.ended = new Promise((done) => {
      stream.addEventListener("close", done);
      stream.addEventListener("remoteCloseWrite", done);
    });
    stream.addEventListener("message", (event) => this.take(event.data));
  }

  take(data) {
    const chunk = data instanceof Uint8Array ? data : data.subarray();
    this.bytes = Buffer.concat([this.bytes, chunk]);
    while (this.bytes.length >= 3 && this.bytes.length >= 3 + this.bytes.readUInt16LE(1)) {
      const length = this.bytes.readUInt16LE(1);
      this.messages.push({ kind: this.bytes[0], body: this.bytes.subarray(3, 3 + length) });
      this.bytes = this.bytes.subarray(3 + length);
    }
    for (const look of this.waiting.splice(0)) look();
  }

  say(kind, body) {
    const header = Buffer.from([kind, body.length & 0xff, body.length >> 8]);
    this.stream.send(Buffer.concat([header, body]));
  }

  /** The next message that fits; others are passed over. */
  next(what, fits) {
    return within(what, (async () => {
      for (;;) {
        const at = this.messages.findIndex(fits);
        if (at >= 0) return this.messages.splice(at, 1)[0];
        await new Promise((done) => this.waiting.push(done));
      }
    })());
  }
}

function heartbeat(solid, pruned, latest) {
  const body = Buffer.alloc(14);
  body.writeUInt32LE(solid, 0);
  body.writeUInt32LE(pruned, 4);
  body.writeUInt32LE(latest, 8);
  body[12] = 1;
  return body;
}

function index(number) {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(number);
  return body;
}

async function blake2b256(bytes) {
  const { blake2b } = await import("@noble/hashes/blake2.js");
  return Buffer.from(blake2b(bytes, { dkLen: 32 }));
}

for (const [name, encrypter] of [["Noise", noise], ["TLS", tls]]) {
  test(`a peer speaks ${name}, hears heartbeats, milestones, blocks and broadcasts`, async () => {
    const libp2p = await peer(encrypter);
    try {
      const address = tcpAddress();
      const stream = await within("the stream", libp2p.dialProtocol(address, protocol));
      assert.equal(stream.protocol, protocol);
      const gossip = new Gossip(stream);

      // Both sides begin with a heartbeat and ask for the latest milestone.
      const first = await gossip.next("a heartbeat", ({ kind }) => kind === HEARTBEAT);
      assert.equal(first.body.length, 14);
      const solid = first.body.readUInt32LE(0);
      assert.ok(solid >= 1, `the node has milestones: ${solid}`);
      assert.ok(first.body.readUInt32LE(8) >= solid);
      const asked = await gossip.next("a request", ({ kind }) => kind === MILESTONE_REQUEST);
      assert.equal(asked.body.readUInt32LE(0), 0, "for the latest milestone");
      gossip.say(HEARTBEAT, heartbeat(0, 0, 0));

      // A milestone by its index, and its block again by the block's id.
      gossip.say(MILESTONE_REQUEST, index(1));
      const isMilestone = (number) => ({ kind, body }) => {
        if (kind !== BLOCK || body[0] !== 2) return false;
        const payload = 2 + 32 * body[1];
        return body.readUInt32LE(payload + 4) === 7 && body.readUInt32LE(payload + 8) === number;
      };
      const milestone = await gossip.next("milestone 1", isMilestone(1));
      const id = await blake2b256(milestone.body);
      gossip.say(BLOCK_REQUEST, id);
      const again = await gossip.next("its block", isMilestone(1));
      assert.deepEqual(again.body, milestone.body);

      // A block that somebody posts is sent on.
      const tag = createHash("sha256").update(name).digest("hex");
      const posted = await fetch(`${urls.node}/api/core/v2/blocks`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ protocolVersion: 2, payload: { type: 5, tag: `0x${tag}` } }),
      });
      assert.equal(posted.status, 201, await posted.clone().text());
      const { blockId } = await posted.json();
      const isTagged = ({ kind, body }) => kind === BLOCK && body.includes(Buffer.from(tag, "hex"));
      const block = await gossip.next("the block", isTagged);
      assert.equal(`0x${(await blake2b256(block.body)).toString("hex")}`, blockId);

      // A block that this peer sends is taken: the same one with another tag.
      const other = Buffer.from(block.body);
      const at = other.indexOf(Buffer.from(tag, "hex"));
      other[at] ^= 0xff;
      gossip.say(BLOCK, other);
      const otherId = `0x${(await blake2b256(other)).toString("hex")}`;
      await within("it is known to the node", (async () => {
        for (;;) {
          const answer = await fetch(`${urls.node}/api/core/v2/blocks/${otherId}/metadata`);
          if (answer.status === 200) return;
          await new Promise((done) => setTimeout(done, 50));
        }
      })());

      // What is no message ends the conversation.
      stream.send(Buffer.from([9, 0, 0]));
      await within("the end", gossip.ended);
    } finally {
      await libp2p.stop();
    }
  });
}

test("a peer of another network gets no stream", async () => {
  const libp2p = await peer(noise);
  try {
    const address = tcpAddress();
    const dial = libp2p.dialProtocol(address, "/iota-gossip/1/1.0.0");
    await within("a refusal", assert.rejects(dial, { name: "UnsupportedProtocolError" }));
  } finally {
    await libp2p.stop();
  }
});
