// The official SDK as WebAssembly.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { askFaucet, startNetwork, waitUntil } from "./network.mjs";

const require = createRequire(import.meta.url);
const sdk = require("@iota/sdk-wasm/node");

let network;
let client;

before(async () => {
  network = await startNetwork();
  client = new sdk.Client({ nodes: [network.node], localPow: false });
});

after(async () => {
  assert.equal(await network.stop(), 0);
});

async function referenced(blockId) {
  return waitUntil(`${blockId} is referenced`, async () => {
    const metadata = await client.getBlockMetadata(blockId);
    return metadata.ledgerInclusionState && metadata;
  });
}

async function newOwner() {
  const secret = { mnemonic: sdk.Utils.generateMnemonic() };
  const [address] = await new sdk.SecretManager(secret).generateEd25519Addresses({
    coinType: sdk.CoinType.Shimmer,
    range: { start: 0, end: 1 },
    bech32Hrp: "tst",
  });
  return { secret, address };
}

test("node info", async () => {
  const { nodeInfo } = await client.getInfo();
  assert.equal(nodeInfo.protocol.networkName, "tangle-dev");
  assert.equal(nodeInfo.status.isHealthy, true);
});

test("tagged data is posted and read back", async () => {
  const tag = sdk.utf8ToHex("tangle e2e");
  const data = sdk.utf8ToHex("some data");
  const [blockId] = await client.buildAndPostBlock(undefined, { tag, data });
  const block = await client.getBlock(blockId);
  assert.equal(block.payload.tag, tag);
  assert.equal(block.payload.data, data);
  assert.equal((await referenced(blockId)).ledgerInclusionState, "noTransaction");
});

test("transfer is included", async () => {
  const sender = await newOwner();
  const target = await newOwner();
  await askFaucet(network, sender.address);
  const [blockId, block] = await client.buildAndPostBlock(sender.secret, {
    output: { address: target.address, amount: "2000000" },
  });
  assert.equal((await referenced(blockId)).ledgerInclusionState, "included");
  const transactionId = sdk.Utils.transactionId(block.payload);
  assert.deepEqual(await client.getIncludedBlock(transactionId), await client.getBlock(blockId));
  const { items } = await client.basicOutputIds([{ address: target.address }]);
  assert.equal(items.length, 1);
  assert.equal((await client.getOutput(items[0])).output.amount, "2000000");
});
