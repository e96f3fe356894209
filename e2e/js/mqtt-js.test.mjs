// mqtt.js 2.0.0-rc.3: events as a page or a program in JavaScript subscribes to them, in WebSocket
// and over TCP.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";

import { askFaucet, startNetwork, waitUntil } from "./network.mjs";

const require = createRequire(import.meta.url);
const iota = require("@iota/iota.js");
const { MqttClient } = require("@iota/mqtt.js");
const { Bip39, Blake2b } = require("@iota/crypto.js");
const { Converter } = require("@iota/util.js");
const bigInt = require("big-integer");

const TAG = "tangle events";
let network;
let client;
let mqtt;
let errors;

/** Collects what a subscription is told; `wait` waits for something of it. */
function listen(subscribe) {
  const told = [];
  subscribe((topic, data) => told.push({ topic, data }));
  return {
    wait: (what, accept = () => true) =>
      waitUntil(`${what} is told`, () => told.find(({ data }) => accept(data)))
  };
}

function firstAddress(seed) {
  const { publicKey } = seed.generateSeedFromPath(iota.generateBip44Path(0, 0, false)).keyPair();
  const address = new iota.Ed25519Address(publicKey).toAddress();
  return iota.Bech32Helper.toBech32(iota.ED25519_ADDRESS_TYPE, address, "tst");
}

for (const [transport, endpoint] of [
  ["WebSocket", ({ node }) => `${node.replace("http", "ws")}/api/mqtt/v1`],
  ["TCP", ({ mqtt }) => mqtt],
]) {
  describe(transport, () => suite(endpoint));
}

function suite(endpoint) {
  before(async () => {
    network = await startNetwork("[ports]\nmqtt = 1883\n");
    client = new iota.SingleNodeClient(network.node);
    mqtt = new MqttClient(endpoint(network));
    errors = [];
    mqtt.statusChanged((status) => {
      if (status.type === "error") errors.push(`${status.message}: ${status.error}`);
    });
  });

  after(async () => {
    mqtt.mqttDisconnect();
    assert.deepEqual(errors, []);
    assert.equal(await network.stop(), 0);
  });

  test("the route is named", async () => {
    const { routes } = await client.routes();
    assert.ok(routes.includes("mqtt/v1"));
  });

  test("milestones are told", async () => {
    const confirmed = listen((told) => mqtt.milestonesConfirmed(told));
    const latest = listen((told) => mqtt.milestonesLatest(told));
    const first = (await confirmed.wait("a milestone")).data;
    const second = await confirmed.wait("the next one", ({ index }) => index > first.index);
    const { index } = await client.milestoneById(second.data.milestoneId);
    assert.equal(index, second.data.index);
    await latest.wait("the newest milestone");
  });

  test("blocks are told, and what becomes of them", async () => {
    const tagged = listen((told) => mqtt.blocksTagged(Converter.utf8ToHex(TAG, true), told));
    const raw = listen((told) => mqtt.blocksRaw(told));
    await raw.wait("a block");
    const { blockId } = await iota.sendData(client, TAG, "some data");
    const { data } = await tagged.wait("the tagged block");
    assert.equal(Converter.hexToUtf8(data.payload.data), "some data");
    const idOf = (bytes) => Converter.bytesToHex(Blake2b.sum256(bytes), true);
    await raw.wait("its bytes", (bytes) => idOf(bytes) === blockId);
    const states = listen((told) => mqtt.blocksMetadata(blockId, told));
    const final = await states.wait("its end", (state) => state.ledgerInclusionState);
    assert.equal(final.data.ledgerInclusionState, "noTransaction");
  });

  test("outputs and transactions are told", async () => {
    const sender = iota.Ed25519Seed.fromMnemonic(Bip39.randomMnemonic());
    const target = firstAddress(iota.Ed25519Seed.fromMnemonic(Bip39.randomMnemonic()));
    const received = listen((told) => mqtt.outputByConditionAndAddress("+", target, told));
    const funded = listen((told) =>
      mqtt.outputByConditionAndAddress("address", firstAddress(sender), told)
    );
    await askFaucet(network, firstAddress(sender));
    const { metadata } = (await funded.wait("the faucet's output")).data;
    const outputId = iota.TransactionHelper.outputIdFromTransactionData(
      metadata.transactionId,
      metadata.outputIndex
    );
    const spent = listen((told) => mqtt.output(outputId, told));
    await spent.wait("what is known", ({ metadata: { isSpent } }) => !isSpent);

    const { block } = await iota.send(client, sender, 0, target, bigInt(2_000_000));
    const idOf = (payload) =>
      iota.TransactionHelper.transactionIdFromTransactionPayload(payload);
    const transactionId = idOf(block.payload);
    const included = listen((told) => mqtt.transactionIncludedBlock(transactionId, told));
    const output = (await received.wait("the output")).data;
    assert.equal(output.output.amount, "2000000");
    assert.equal(output.metadata.transactionId, transactionId);
    await spent.wait("that it is spent", ({ metadata: { isSpent } }) => isSpent);
    const { data } = await included.wait("the block");
    assert.equal(idOf(data.payload), transactionId);
    assert.deepEqual(data.parents, (await client.transactionIncludedBlock(transactionId)).parents);
  });
}
