// iota.js 2.0.0-rc.4: an implementation of its own, from the hashes up.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { askFaucet, startNetwork, waitUntil } from "./network.mjs";

const require = createRequire(import.meta.url);
const iota = require("@iota/iota.js");
const { Bip39, Blake2b } = require("@iota/crypto.js");
const { Converter, WriteStream } = require("@iota/util.js");
const bigInt = require("big-integer");

const TAG = "tangle e2e";
let network;
let client;

before(async () => {
  network = await startNetwork();
  client = new iota.SingleNodeClient(network.node);
});

after(async () => {
  assert.equal(await network.stop(), 0);
});

function newSeed() {
  return iota.Ed25519Seed.fromMnemonic(Bip39.randomMnemonic());
}

/** The first address of the seed's first account, as `send` finds it. */
function firstAddress(seed) {
  const { publicKey } = seed.generateSeedFromPath(iota.generateBip44Path(0, 0, false)).keyPair();
  const address = new iota.Ed25519Address(publicKey).toAddress();
  return iota.Bech32Helper.toBech32(iota.ED25519_ADDRESS_TYPE, address, "tst");
}

async function referenced(blockId) {
  return waitUntil(`${blockId} is referenced`, async () => {
    const metadata = await client.blockMetadata(blockId);
    return metadata.referencedByMilestoneIndex && metadata;
  });
}

test("node info and routes", async () => {
  assert.equal(await client.health(), true);
  const info = await client.info();
  assert.equal(info.protocol.networkName, "tangle-dev");
  assert.equal(info.protocol.version, 2);
  assert.equal(info.protocol.tokenSupply, "2779530283277761");
  assert.equal(info.status.isHealthy, true);
  const { routes } = await client.routes();
  assert.ok(routes.includes("core/v2") && routes.includes("indexer/v1"));
  assert.deepEqual(await client.peers(), []);
});

test("tagged data is posted and read back", async () => {
  const { blockId } = await iota.sendData(client, TAG, "some data");
  const { tag, data } = await iota.retrieveData(client, blockId);
  assert.equal(Converter.bytesToUtf8(tag), TAG);
  assert.equal(Converter.bytesToUtf8(data), "some data");
  const metadata = await referenced(blockId);
  assert.equal(metadata.ledgerInclusionState, "noTransaction");
});

test("bytes of a block are what its own serializer writes", async () => {
  const { blockId } = await iota.sendData(client, TAG, "bytes");
  const block = await client.block(blockId);
  const raw = await client.blockRaw(blockId);
  const stream = new WriteStream();
  iota.serializeBlock(stream, block);
  assert.deepEqual(stream.finalBytes(), raw);
  assert.equal(Converter.bytesToHex(Blake2b.sum256(raw), true), blockId);
});

test("block with own parents is taken as bytes", async () => {
  const { tips } = await client.tips();
  const parents = [...new Set(tips)].sort();
  const block = { protocolVersion: 2, parents, nonce: "0" };
  const stream = new WriteStream();
  iota.serializeBlock(stream, block);
  const blockId = await client.blockSubmitRaw(stream.finalBytes());
  assert.deepEqual((await client.block(blockId)).parents, parents);
});

test("milestone hashes to its id", async () => {
  const { status } = await client.info();
  const { index, milestoneId } = status.confirmedMilestone;
  const milestone = await client.milestoneByIndex(index);
  assert.equal(iota.milestoneIdFromMilestonePayload(milestone), milestoneId);
  assert.deepEqual(await client.milestoneById(milestoneId), milestone);
  const raw = await client.milestoneByIdRaw(milestoneId);
  const stream = new WriteStream();
  iota.serializeMilestonePayload(stream, milestone);
  assert.deepEqual(stream.finalBytes(), raw);
});

test("transfer is signed by the client and included", async () => {
  const sender = newSeed();
  const target = firstAddress(newSeed());
  await askFaucet(network, firstAddress(sender));
  const { blockId, block } = await iota.send(client, sender, 0, target, bigInt(2_000_000), {
    tag: Converter.utf8ToBytes(TAG),
    data: Converter.utf8ToBytes("with the transfer"),
  });
  const metadata = await referenced(blockId);
  assert.equal(metadata.ledgerInclusionState, "included");

  const transactionId = iota.TransactionHelper.transactionIdFromTransactionPayload(block.payload);
  const included = await client.transactionIncludedBlock(transactionId);
  assert.deepEqual(included, await client.block(blockId));

  const balance = await iota.addressBalance(client, target);
  assert.equal(balance.balance.toString(), "2000000");
  const changes = await client.milestoneUtxoChangesByIndex(metadata.referencedByMilestoneIndex);
  assert.ok(changes.createdOutputs.some((id) => id.startsWith(transactionId)));
});

test("second spend of an input conflicts", async () => {
  const sender = newSeed();
  await askFaucet(network, firstAddress(sender));
  const first = await iota.send(client, sender, 0, firstAddress(newSeed()), bigInt(2_000_000));
  await referenced(first.blockId);
  const { payload } = await client.block(first.blockId);
  const again = await client.blockSubmit({ payload, parents: (await client.tips()).tips });
  const metadata = await referenced(again);
  assert.equal(metadata.ledgerInclusionState, "conflicting");
  assert.equal(metadata.conflictReason, iota.ConflictReason.inputUTXOAlreadySpent);
});

test("indexer finds by address and by pages", async () => {
  const indexer = new iota.IndexerPluginClient(client);
  const seed = newSeed();
  const target = firstAddress(newSeed());
  await askFaucet(network, firstAddress(seed));
  for (let count = 1; count <= 3; count += 1) {
    const { blockId } = await iota.send(client, seed, 0, target, bigInt(1_000_000));
    await referenced(blockId);
  }
  const page = await indexer.basicOutputs({ addressBech32: target, pageSize: 2 });
  assert.equal(page.items.length, 2);
  const rest = await indexer.basicOutputs({ addressBech32: target, cursor: page.cursor });
  assert.equal(rest.items.length, 1);
  const output = await client.output(rest.items[0]);
  assert.equal(output.output.amount, "1000000");
  assert.equal(output.metadata.isSpent, false);
});

test("unknown block is a 404 with the standard error", async () => {
  await assert.rejects(client.block(`0x${"ab".repeat(32)}`), (error) => error.httpStatus === 404);
});
