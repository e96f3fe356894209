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

let made;

/** A token and an alias, which alice is given once. */
function things() {
  if (made) return made;
  network.wallet("init", "--dev");
  const { outputs } = network.wallet("create-alias-output", "--from", "alice");
  const { aliasId } = outputs.find((output) => output.aliasId);
  const token = ["create-native-token", "--alias", aliasId, "1000000", "1000000"];
  const { tokenId } = network.wallet(...token, "--from", "alice");
  const second = network.wallet("create-alias-output", "--from", "alice").outputs;
  // The alias of a token would take its foundry with it.
  made = { tokenId, aliasId: second.find((output) => output.aliasId).aliasId };
  return made;
}

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

for (const [name, options] of [
  ["desk", { viewport: { width: 1280, height: 860 }, colorScheme: "light" }],
  ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true }],
]) {
  test(`tokens, an NFT and an alias change hands, at the width of a ${name}`, LIMIT, async () => {
    const { context, page, troubles } = await visitor(options);
    const { tokenId } = things();
    // Without a script, the page of what was sent asks for itself again as well.
    const sent = async (picture) => {
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("It is in the ledger. This is final.").waitFor();
      await page.getByRole("heading", { name: "What went where" }).waitFor();
      await checkPage(page, `${name}-${picture}`);
    };
    const choice = (label) => page.getByRole("combobox", { name: label, exact: true });
    await page.goto("/wallet/alice/mint");
    await page.getByLabel("What it says for ever").fill(`of ${name}`);
    await page.getByRole("button", { name: "Mint" }).click();
    await page.getByText("It is in the ledger. This is final.").waitFor();
    const nft = await page.locator("a[href^='/explorer/nft/']").first().getAttribute("title");

    await page.goto("/wallet/alice");
    await page.getByRole("link", { name: "Send", exact: true }).click();
    await page.getByRole("link", { name: "Tokens" }).click();
    await choice("Token").selectOption(tokenId);
    await page.getByLabel("To", { exact: true }).fill("bob");
    await page.getByLabel("Amount", { exact: true }).fill("1000001");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText(/more than the account can spend now/).waitFor();
    await checkPage(page, `${name}-token-refused`);
    assert.match(troubles.pop(), /400/);
    assert.equal(await choice("Token").inputValue(), tokenId);
    await page.getByLabel("Amount", { exact: true }).fill("7");
    await sent("token-sent");
    await page.getByText("holds 7 of token").waitFor();
    await page.getByText("belongs to bob").waitFor();

    await page.goto("/wallet/alice/send-nft");
    await choice("NFT").selectOption(nft);
    await page.getByLabel("To", { exact: true }).fill("bob");
    await checkPage(page, `${name}-nft`);
    await sent("nft-sent");
    await page.getByRole("link", { name: nft.slice(0, 10) }).waitFor();
    await page.goto("/wallet/bob");
    await page.locator(`.facts a[title='${nft}']`).waitFor();
    await page.getByText("received 7 of token").first().waitFor();

    // The second visitor gives back what the first one gave away.
    const [from, to] = name === "desk" ? ["alice", "bob"] : ["bob", "alice"];
    const alias = things().aliasId;
    await page.goto(`/wallet/${from}/send-alias`);
    await choice("Alias").selectOption(alias);
    await page.getByLabel("To", { exact: true }).fill(to);
    await checkPage(page, `${name}-alias`);
    await sent("alias-sent");
    await page.goto(`/wallet/${to}`);
    await page.locator(`.facts a[title='${alias}']`).waitFor();
    await page.goto(`/wallet/${from}`);
    await page.getByText("sent alias").first().waitFor();
    assert.equal(await page.locator(`.facts a[title='${alias}']`).count(), 0);
    await checkPage(page, `${name}-gave`);
    assert.deepEqual(troubles, []);
    await context.close();
  });
}

test("a form that is sent twice is carried out once", LIMIT, async () => {
  const { context, page, troubles } = await visitor({ viewport: { width: 1280, height: 860 } });
  const tag = "only once";
  const fill = async () => {
    await page.goto("/wallet/bob/send");
    await page.getByLabel("To", { exact: true }).fill("alice");
    await page.getByLabel("Amount", { exact: true }).fill("3TST");
    await page.getByText("Tag, metadata").click();
    await page.getByLabel("Tag", { exact: true }).fill(tag);
  };
  const received = async () => {
    await page.goto("/wallet/alice");
    await page.getByText("received 3 TST").first().waitFor();
    return page.getByText("received 3 TST").count();
  };
  await fill();
  await page.getByRole("button", { name: "Send" }).dblclick();
  await page.getByText("It is in the ledger. This is final.").waitFor();
  assert.equal(await received(), 1);

  // The same form by two connections at once, and once more when it is decided.
  await fill();
  const pages = await page.locator("form[method=post]").evaluate((form) => {
    const send = () => fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)),
    }).then((answer) => answer.url);
    return Promise.all([send(), send()]);
  });
  const [first, again] = pages.toSorted((a, b) => a.length - b.length);
  assert.equal(again, `${first}?again`);
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForURL(again);
  await page.getByText("It is in the ledger. This is final.").waitFor();
  await page.getByText("nothing was sent again").waitFor();
  await checkPage(page, "desk-again");
  assert.equal(await received(), 2);
  assert.deepEqual(troubles, []);
  await context.close();
});

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

    const watcher = await visitor(options);
    await watcher.page.goto("/load");
    await watcher.page.getByRole("link", { name: "Watch these blocks" }).click();
    const tag = watcher.page.getByRole("textbox", { name: "Tag begins with" });
    assert.equal(await tag.inputValue(), "<b>load</b>");
    const drawn = async () => {
      await watcher.page.waitForTimeout(100);
      return Number(await watcher.page.locator("#tangle").getAttribute("data-blocks"));
    };
    await waitUntil("30 blocks of the load", async () => await drawn() >= 30);
    const all = await drawn();
    await checkPage(watcher.page, `${name}-load-visualizer`);
    await tag.fill("<b>load</b>0");
    await waitUntil("transfers only", async () => {
      const count = await drawn();
      return count > 0 && count < all;
    });
    await tag.fill("0x3c623e6c6f61643c2f623eff");
    await waitUntil("no block has this tag", async () => await drawn() === 0);
    await tag.fill("");
    await waitUntil("all blocks", async () => await drawn() > 20);
    assert.deepEqual(watcher.troubles, []);
    await watcher.context.close();

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

    // A load with transfers waits for coins of the faucet first, which is long enough to stop it.
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("heading", { name: "Getting ready" }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("It was stopped before the first block.").waitFor();
    assert.equal(await page.locator(".health.bad").count(), 0);
    await checkPage(page, `${name}-stopped`);
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
  await page.getByRole("link", { name: "bob", exact: true }).click();
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
