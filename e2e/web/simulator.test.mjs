// The simulator in a real browser: what somebody does who wants to see how a Tangle grows.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { binary } from "../js/network.mjs";
import { startBrowser } from "./browser.mjs";
import { checkPage, visit } from "./check.mjs";

const LIMIT = { timeout: 120_000 };
const DESK = { viewport: { width: 1280, height: 860 }, colorScheme: "light" };
const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true };
const SMALL = "lambda=20&alpha=0.01&strategy=walk&seed=1";

let server;
let exit;
let url;
let browser;

before(async () => {
  server = spawn(binary, ["sim", "serve", "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  exit = once(server, "exit");
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  ({ url } = JSON.parse(line));
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  browser = await startBrowser();
}, LIMIT);

after(async () => {
  await browser?.close();
  server?.kill("SIGINT");
  const [code] = await exit;
  assert.equal(code, 0, "the server ends in order");
}, LIMIT);

/** A visitor on a page with a scenario. */
async function visitor(query, options = DESK) {
  const visited = await visit(browser, url, options);
  await visited.page.goto(`/?${query}`);
  return visited;
}

/** What the picture says of itself, as soon as `condition` holds. */
async function shown(page, condition) {
  await page.waitForFunction(condition);
  return page.evaluate(() => ({ ...document.getElementById("tangle").dataset }));
}
const complete = () => document.getElementById("tangle").dataset.complete === "true";

/** The issue times and the parents of all blocks of a run. */
async function blocksOf(query) {
  const text = await (await fetch(`${url}/run?${query}`)).text();
  const lines = text.trim().split("\n").map((line) => JSON.parse(line));
  const blocks = lines.flatMap((line) => line.blocks ?? []);
  const { report } = lines.at(-1);
  assert.equal(report.scenario.transactions, blocks.length);
  return {
    times: blocks.map(([issued]) => issued),
    parents: blocks.map(([, , , ...parents]) => parents),
  };
}

for (const [name, options] of [["desk", DESK], ["phone", PHONE]]) {
  test(`a Tangle grows before one's eyes, at the width of a ${name}`, LIMIT, async () => {
    const { context, page, troubles } = await visitor(`${SMALL}&blocks=1000&speed=20`, options);
    const early = await shown(page, () => Number(document.getElementById("tangle").dataset.shown) > 50);
    await checkPage(page, `${name}-simulator-grows`);
    await shown(page, () => document.getElementById("play").textContent === "Play");
    const late = await shown(page, complete);
    assert.equal(late.blocks, "1000");
    assert.ok(Number(late.time) > Number(early.time));
    await page.getByText("Tips over λ h").waitFor();
    await checkPage(page, `${name}-simulator-done`);
    assert.deepEqual(troubles, []);
    await context.close();
  });
}

test("sliders for alpha and the strategy keep the arrivals", LIMIT, async () => {
  const { context, page, troubles } = await visitor(`${SMALL}&blocks=2000&t=50`);
  const before = await shown(page, complete);
  const digest = () => page.locator("#metrics dd").last().textContent();
  const digestBefore = await digest();
  await page.locator("#alpha-slider").fill("14");
  await page.waitForFunction((old) =>
    ![null, undefined, old].includes(document.querySelector("#metrics div:last-child dd")?.textContent),
  digestBefore);
  const after = await shown(page, complete);
  assert.equal(await page.locator("#alpha").inputValue(), "2");
  assert.equal(after.arrivals, before.arrivals, "the same blocks arrive");
  assert.equal(after.time, before.time, "the picture stays where it is");
  assert.notEqual(await digest(), digestBefore, "they choose other parents");

  await page.selectOption("#strategy", "urts");
  await page.waitForFunction(() => !document.getElementById("metrics").textContent.includes("Walks")
    && document.getElementById("metrics").textContent.includes("Digest"));
  assert.equal((await shown(page, complete)).arrivals, before.arrivals);
  await page.locator("#lambda").fill("40");
  await page.waitForFunction((old) => {
    const { complete, arrivals } = document.getElementById("tangle").dataset;
    return complete === "true" && arrivals !== old;
  }, before.arrivals);

  const [one, other] = await Promise.all(["alpha=0.01", "alpha=5"].map((alpha) =>
    blocksOf(`lambda=20&strategy=walk&seed=3&blocks=1500&${alpha}`)));
  assert.deepEqual(one.times, other.times);
  assert.notDeepEqual(one.parents, other.parents);
  assert.deepEqual(troubles, []);
  await context.close();
});

test("time, cones and the link say the same again", LIMIT, async () => {
  const { context, page, troubles } = await visitor(`${SMALL}&blocks=1000&t=30&span=10`);
  const { times, parents } = await blocksOf(`${SMALL}&blocks=1000`);
  await shown(page, complete);
  const end = times.filter((time) => time <= 30e9).length;
  // A block that is on the picture and has a future; its cones, counted here.
  const futureOf = (start) => {
    const future = new Set([start]);
    for (let block = start + 1; block <= end; block += 1) {
      if (parents[block - 1].some((parent) => future.has(parent))) future.add(block);
    }
    return future;
  };
  let chosen = times.findIndex((time) => time > 24e9) + 1;
  while (futureOf(chosen).size <= 10) chosen += 1;
  const future = futureOf(chosen);
  const past = new Set([chosen]);
  for (let block = chosen; block > 0; block -= 1) {
    if (past.has(block)) parents[block - 1].forEach((parent) => past.add(parent));
  }
  await page.locator("#tangle").focus();
  for (let block = end; block >= chosen; block -= 1) await page.keyboard.press("p");
  await page.waitForFunction((wanted) =>
    document.getElementById("tangle").dataset.chosen === wanted, String(chosen));
  const cones = await shown(page, complete);
  assert.deepEqual([cones.past, cones.future], [past.size - 1, future.size - 1].map(String));
  await checkPage(page, "desk-simulator-cones");

  await page.waitForURL(`**block=${chosen}`);
  const link = page.url();
  await page.goto("about:blank");
  await page.goto(link);
  const restored = await shown(page, complete);
  for (const key of ["blocks", "shown", "tips", "time", "arrivals", "chosen", "past", "future"]) {
    assert.equal(restored[key], cones[key], key);
  }

  // As of an earlier time there are fewer blocks, and the chosen one has no future yet.
  await page.locator("#time").fill(String(times[chosen - 1] / 1e9 + 0.5));
  await page.waitForFunction(() => document.getElementById("tangle").dataset.future === "0");
  await page.locator("#time").fill("10");
  const earlier = await shown(page, () => document.getElementById("tangle").dataset.time === "10.000");
  assert.equal(earlier.chosen, "", "it is not there yet");
  assert.equal(Number(earlier.shown), times.filter((time) => time <= 10e9).length);

  // A click chooses what is under it.
  const box = await page.locator("#tangle").boundingBox();
  const height = 28 + ((100 * 0.6180339887498949) % 1) * (box.height - 40);
  const across = box.width - 8 - (10 - times[99] / 1e9) * ((box.width - 16) / 10);
  await page.locator("#tangle").click({ position: { x: across, y: height } });
  await page.mouse.move(0, 0);
  assert.equal((await shown(page, () =>
    document.getElementById("tangle").dataset.chosen !== "")).chosen, "100");
  assert.deepEqual(troubles, []);
  await context.close();
});

test("an attack is shown, and how often it succeeds", LIMIT, async () => {
  const { context, page, troubles } = await visitor(
    "view=attack&attack=parasite-chain&share=0.4&lambda=20&alpha=0.01&strategy=walk&seed=1&trials=30");
  await page.waitForFunction(() => document.getElementById("tangle").dataset.trials === "30");
  await page.locator("#time").focus();
  await page.keyboard.press("End");
  await page.waitForFunction(() => {
    const { max, value } = document.getElementById("time");
    return Number(document.getElementById("tangle").dataset.time) > max - 0.01 && value > 60;
  });
  assert.equal(await page.locator("#colour").inputValue(), "role");
  const text = await page.locator("#metrics").textContent();
  assert.match(text, /parasite-chain, by 40\.0 % of all blocks/);
  assert.match(text, /Successes\d+ of 30: /);
  assert.match(text, /Wilson interval, 95 %\d+\.\d % to \d+\.\d %/);
  // The attacker's colour is in the picture.
  const red = await page.evaluate(() => {
    const canvas = document.getElementById("tangle");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      count += data[at] === 0xa3 && data[at + 1] === 0x28 && data[at + 2] === 0x20;
    }
    return count;
  });
  assert.ok(red > 100, `${red} pixels of the attacker's`);
  await checkPage(page, "desk-simulator-attack");
  await page.selectOption("#attack", "outpacing");
  await page.getByText("a race of numbers").waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test("what makes no sense is refused, and pages from elsewhere are", LIMIT, async () => {
  const answer = async (path, headers = {}) => {
    const response = await fetch(`${url}${path}`, { headers });
    return [response.status, (await response.json()).error.message];
  };
  const [status, message] = await answer(`/run?${SMALL}&blocks=200001`);
  assert.equal(status, 400);
  assert.match(message, /blocks is 200001, and must be from 1 to 200000/);
  for (const query of ["blocks=0", "blocks=x", "blocks=9&lambda=1", "blocks=9&nonsense=1", ""]) {
    assert.equal((await answer(`/run?${SMALL}&${query}`))[0], 400, query);
  }
  const good = `/run?${SMALL}&blocks=9`;
  assert.equal((await fetch(`${url}${good}`)).status, 200);
  assert.equal((await answer(good, { origin: "http://elsewhere.example" }))[0], 403);
  assert.equal((await answer(good, { "sec-fetch-site": "cross-site" }))[0], 403);

  const { context, page } = await visitor(`${SMALL}&blocks=100&t=1`);
  await shown(page, complete);
  await page.locator("#alpha").fill("-1");
  await page.getByText("alpha must be a number from 0 to 100").waitFor();
  await context.close();
});

test("runs that nobody reads any more make room for others", LIMIT, async () => {
  const slow = "lambda=1000&alpha=0.0001&strategy=walk&seed=1&blocks=200000";
  const controls = Array.from({ length: 3 }, () => new AbortController());
  await Promise.all(controls.map(({ signal }) => fetch(`${url}/run?${slow}`, { signal })));
  assert.equal((await fetch(`${url}/run?${slow}`)).status, 503, "there is no place for a fourth");
  controls.forEach((control) => control.abort());
  const response = await fetch(`${url}/run?${SMALL}&blocks=100`);
  assert.equal(response.status, 200);
  await response.text();
});

test("100,000 blocks stay interactive", LIMIT, async () => {
  const { context, page, troubles } = await visitor(
    "lambda=100&alpha=0&strategy=urts&seed=1&blocks=100000&span=all&t=1001");
  await shown(page, complete);
  /** Counts frames for a while, as the Tangle is dragged through time. */
  const count = (milliseconds) => new Promise((done) => {
    const slider = document.getElementById("time");
    const canvas = document.getElementById("tangle");
    const [gaps, shown] = [[], []];
    const start = performance.now();
    let last = start;
    const frame = (now) => {
      gaps.push(now - last);
      shown.push(Number(canvas.dataset.shown));
      last = now;
      if (now - start > milliseconds) return done({ gaps, shown });
      slider.value = String(950 + 50 * Math.sin((now - start) / 300));
      slider.dispatchEvent(new Event("input"));
      return requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const { gaps, shown: numbers } = await page.evaluate(count, 5_000);
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  gaps.sort((one, other) => one - other);
  const figures = {
    blocks_shown_least: Math.min(...numbers.slice(2)),
    frames_per_second: Number(((1000 * gaps.length) / total).toFixed(1)),
    frame_ms_p99: Number(gaps[Math.floor(0.99 * (gaps.length - 1))].toFixed(1)),
  };
  console.log(`moving through 100,000 blocks: ${JSON.stringify(figures)}`);
  assert.ok(figures.blocks_shown_least > 80_000);
  // The machines of tests have few processors, and other work.
  assert.ok(figures.frames_per_second >= 10, "the page stays usable");
  assert.deepEqual(troubles, []);
  await context.close();
});
