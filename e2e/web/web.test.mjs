// The pages of a node, in a real browser: what a visitor does, at the widths of a phone and a desk.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { startNetwork, waitUntil } from "../js/network.mjs";
import { address, startBrowser } from "./browser.mjs";
import { checkPage, visit } from "./check.mjs";

const LIMIT = { timeout: 120_000 };

let network;
let browser;

before(async () => {
  [network, browser] = await Promise.all([startNetwork(), startBrowser()]);
}, LIMIT);

after(async () => {
  await browser?.close();
  assert.equal(await network?.stop(), 0, "the network ends in order");
}, LIMIT);

/** A visitor whose browser complains to `troubles`. */
function visitor(options) {
  return visit(browser, network.node, options);
}

for (const [name, byte, options] of [
  ["desk", 17, { viewport: { width: 1280, height: 860 }, colorScheme: "light" }],
  ["phone", 34, { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true }],
]) {
  test(`coins go from the faucet to a proof, at the width of a ${name}`, LIMIT, async () => {
    const { context, page, troubles } = await visitor(options);
    const own = address("tst", byte);

    await page.goto("/");
    await page.getByRole("heading", { name: "Healthy" }).waitFor();
    await page.locator("svg polyline[points*=' ']").first().waitFor({ state: "attached" });
    await checkPage(page, `${name}-overview`);

    await page.getByRole("link", { name: "Faucet" }).click();
    await page.getByRole("textbox", { name: "Address" }).fill(own);
    await checkPage(page, `${name}-faucet`);
    await page.getByRole("button", { name: "Get coins" }).click();
    await page.getByRole("heading", { name: "Coins are on their way" }).waitFor();

    // The page of the address renews itself until the coins are there.
    await page.getByRole("link", { name: own }).click();
    await page.locator(".outputs li").first().waitFor();
    await page.getByRole("heading", { name: "History" }).waitFor();
    await checkPage(page, `${name}-address`);
    const [history] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: /^CSV/ }).click(),
    ]);
    assert.match(readFileSync(await history.path(), "utf8"), /,received,\d+,/);
    await page.locator(".outputs .head a").first().click();
    await page.getByRole("heading", { name: "In words" }).waitFor();
    await page.getByText("belongs to").first().waitFor();
    await checkPage(page, `${name}-output`);

    await page.locator("a[href^='/explorer/transaction/']").first().click();
    await page.getByRole("heading", { name: "Transaction" }).waitFor();
    await page.getByText("Consumes").waitFor();
    await checkPage(page, `${name}-transaction`);
    await page.locator("a[href^='/explorer/block/']").first().click();
    await page.getByText("Its transaction is in the ledger. This is final.").waitFor();
    await checkPage(page, `${name}-block`);
    const block = page.url().split("/").at(-1);

    await page.getByRole("link", { name: /Show that the milestone/ }).click();
    await page.getByText("holds", { exact: true }).waitFor();
    await checkPage(page, `${name}-proof`);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download proof.json" }).click(),
    ]);
    const proof = JSON.parse(readFileSync(await download.path(), "utf8"));
    assert.ok(proof.milestone && proof.block && proof.proof);

    await page.keyboard.press("/");
    await page.keyboard.type(block);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/explorer/block/${block}`);
    await page.getByRole("link", { name: "JSON" }).click();
    await page.getByText('"protocolVersion": 2').waitFor();
    await checkPage(page, `${name}-json`);

    assert.deepEqual(troubles, []);
    await context.close();
  });
}

for (const [name, options] of [
  ["desk", { viewport: { width: 1280, height: 860 }, colorScheme: "dark" }],
  ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true }],
]) {
  test(`a test account pays another one, at the width of a ${name}`, LIMIT, async () => {
    const { context, page, troubles } = await visitor(options);
    const tag = `<b>${name}</b>`;
    await page.goto("/");
    await page.getByRole("link", { name: "Wallet" }).click();
    await page.getByRole("heading", { name: "bob" }).waitFor();
    await checkPage(page, `${name}-wallet`);
    await page.getByRole("link", { name: "alice", exact: true }).click();
    await page.getByRole("heading", { name: "History" }).waitFor();
    await checkPage(page, `${name}-account`);

    await page.getByRole("link", { name: "Send", exact: true }).click();
    await page.getByLabel("To", { exact: true }).fill("bob");
    await page.getByLabel("Amount", { exact: true }).fill("0.001TST");
    await page.getByText("Tag, metadata").click();
    await page.getByLabel("Tag", { exact: true }).fill(tag);
    await checkPage(page, `${name}-send`);
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText(/An output must hold .* or more/).waitFor();
    assert.equal(await page.getByLabel("Tag", { exact: true }).inputValue(), tag);
    await checkPage(page, `${name}-refused`);
    // Browsers note in the console that an answer was not a success.
    assert.match(troubles.pop(), /400/);
    await page.getByLabel("Amount", { exact: true }).fill("25TST");
    await page.getByRole("button", { name: "Send" }).click();

    await page.getByRole("heading", { name: "Transaction" }).waitFor();
    const sent = page.url();
    const live = page.getByRole("link", { name: "Follow it in the visualizer" });
    const block = (await live.getAttribute("href")).split("=").at(-1);
    await live.click();
    await page.getByRole("textbox", { name: "Follow block" }).waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Follow block" }).inputValue(), block);
    await page.getByText(/transaction, (pending|confirmed); .* are remembered/).waitFor();
    await page.goto(sent);
    await page.getByText("It is in the ledger. This is final.").waitFor();
    await checkPage(page, `${name}-sent`);
    await page.getByRole("link", { name: /Show that the milestone/ }).click();
    await page.getByText("holds", { exact: true }).waitFor();

    await page.goto("/wallet/bob");
    await page.getByText("received 25 TST").first().waitFor();
    await page.getByText(tag).first().waitFor();
    await checkPage(page, `${name}-paid`);
    assert.deepEqual(troubles, []);
    await context.close();
  });
}

test("explorer, peers and documentation are whole", LIMIT, async () => {
  const { context, page, troubles } = await visitor({ viewport: { width: 1280, height: 860 } });
  await page.goto("/explorer");
  const newest = page.locator("a[href^='/explorer/milestone/']").first();
  const first = await newest.textContent();
  await page.waitForFunction(
    (before) => document.querySelector("a[href^='/explorer/milestone/']").textContent !== before,
    first,
  );
  await checkPage(page, "desk-explorer");
  await newest.click();
  await page.getByRole("heading", { name: /^Milestone/ }).waitFor();
  await checkPage(page, "desk-milestone");
  await page.goto("/peers");
  await checkPage(page, "desk-peers");

  await page.goto("/api/docs");
  const operation = page.locator("details[data-path='/api/core/v2/milestones/by-index/{index}']");
  await operation.locator("summary").click();
  await operation.getByRole("textbox", { name: "index" }).fill("1");
  await operation.getByRole("button", { name: "Try it" }).click();
  await operation.getByText(/"index": 1/).waitFor();
  await checkPage(page, "desk-docs");
  assert.deepEqual(troubles, []);

  const gone = await page.goto(`/explorer/block/0x${"77".repeat(32)}`);
  assert.equal(gone.status(), 404);
  await checkPage(page, "desk-unknown");
  await context.close();
});

test("visualizer draws blocks as they come and follows one", LIMIT, async () => {
  const { context, page, troubles } = await visitor({ viewport: { width: 1280, height: 860 } });
  await page.goto("/");
  await page.getByRole("link", { name: "Visualizer" }).click();
  await page.getByText(/blocks a second/).waitFor();
  const ids = [];
  for (let count = 0; count < 30; count += 1) {
    const answer = await fetch(`${network.node}/api/core/v2/blocks`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ protocolVersion: 2, payload: { type: 5, tag: "0x01", data: "0x" } }),
    });
    ids.push((await answer.json()).blockId);
  }
  await page.waitForFunction(() => Number(document.getElementById("tangle").dataset.blocks) > 20);
  await page.getByRole("textbox", { name: "Follow block" }).fill(ids[15]);
  await page.getByText(/data, confirmed; .* before it and .* after it/).waitFor();
  await checkPage(page, "desk-visualizer");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Go on" }).waitFor();
  await page.getByRole("link", { name: ids[15].slice(0, 10) }).click();
  await page.waitForURL(`**/explorer/block/${ids[15]}`);
  assert.deepEqual(troubles, []);
  await context.close();
});

for (const [name, options] of [
  ["desk", { viewport: { width: 1280, height: 860 }, colorScheme: "light" }],
  ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true }],
]) {
  test(`a load is started, watched and stopped, at the width of a ${name}`, LIMIT, async () => {
    const { context, page, troubles } = await visitor(options);
    await page.goto("/");
    await page.getByRole("link", { name: "Load", exact: true }).click();
    await page.getByLabel("Blocks a second").fill("20");
    await page.getByLabel("Transfers").fill("1");
    await page.getByLabel("Tag").fill("<b>load</b>");
    await checkPage(page, `${name}-load`);
    await page.getByRole("button", { name: "Start" }).click();
    const sent = page.locator(".number", { hasText: "Sent" }).locator("b");
    const count = async () => Number((await sent.textContent()).replace(/\D/g, ""));
    const atLeast = (least) => waitUntil(`${least} blocks`, async () => await count() >= least);
    await atLeast(1);
    await checkPage(page, `${name}-loading`);
    // The page renews itself, and the button keeps the focus meanwhile.
    const stop = page.getByRole("button", { name: "Stop" });
    await stop.focus();
    await atLeast(await count() + 20);
    assert.ok(await stop.evaluate((button) => button === document.activeElement));
    await page.getByText("<b>load</b>").waitFor();

    const other = await context.newPage();
    await other.goto("/load");
    await other.getByRole("button", { name: "Stop" }).waitFor();
    await other.close();

    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "It has ended" }).waitFor();
    await page.getByText(/blocks that were followed confirmed, 0 conflicting/).waitFor();
    assert.ok(await count() >= 20);
    assert.equal(await page.getByLabel("Blocks a second").inputValue(), "20");
    await checkPage(page, `${name}-loaded`);
    assert.deepEqual(troubles, []);
    await context.close();
  });
}

test("pages need no script", LIMIT, async () => {
  const { context, page, troubles } = await visitor({ javaScriptEnabled: false });
  await page.goto("/");
  await page.getByRole("heading", { name: "Healthy" }).waitFor();
  assert.ok(await page.locator("svg polyline").count() >= 2);
  await page.getByRole("searchbox").fill("1");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("heading", { name: "Milestone 1" }).waitFor();
  await page.getByRole("link", { name: "Faucet" }).click();
  await page.getByRole("textbox", { name: "Address" }).fill(address("tst", 51));
  await page.getByRole("button", { name: "Get coins" }).click();
  await page.getByRole("heading", { name: "Coins are on their way" }).waitFor();
  await page.getByRole("link", { name: "Load", exact: true }).click();
  await page.getByLabel("Seconds").fill("600");
  await page.getByRole("button", { name: "Start" }).click();
  // The page asks for itself again until blocks were sent.
  await page.locator(".number", { hasText: /^Sent[1-9]/ }).waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("heading", { name: "It has ended" }).waitFor();

  await page.goto("/wallet/bob/mint");
  await page.getByLabel("What it says for ever").fill("without a script");
  await page.getByRole("button", { name: "Mint" }).click();
  await page.getByText("It is in the ledger. This is final.").waitFor();
  await page.getByRole("link", { name: "bob" }).click();
  await page.getByText("made NFT").waitFor();
  await page.getByText("without a script").waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

for (const [name, options] of [
  ["desk", { viewport: { width: 1280, height: 860 } }],
  ["phone", { viewport: { width: 390, height: 844 }, hasTouch: true }],
]) {
  test(`an operator signs in and makes a snapshot, at the width of a ${name}`, LIMIT, async () => {
    const { context, page, troubles } = await visitor(options);
    await page.goto("/settings");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await checkPage(page, `${name}-login`);
    await page.getByLabel("Token").fill(network.token());
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Maintenance" }).waitFor();
    await checkPage(page, `${name}-maintenance`);
    await page.getByRole("button", { name: "Make a snapshot" }).click();
    await page.getByText("The snapshot is at").waitFor();
    await checkPage(page, `${name}-maintained`);
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByText("interval_ms").first().waitFor();
    await checkPage(page, `${name}-settings`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.goto("/maintenance");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.deepEqual(troubles, []);
    await context.close();
  });
}
