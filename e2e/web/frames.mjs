// How many frames a second the visualizer draws while blocks come in:
//
//     node e2e/web/frames.mjs [--rate 1000] [--seconds 20] [--span 20]
//
// Counts the calls of requestAnimationFrame in a headless browser on this machine, which carries
// the node and the load as well. A measurement, not a test: it fails only if nothing was drawn.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { parseArgs } from "node:util";

import { binary, startNetwork } from "../js/network.mjs";
import { startBrowser } from "./browser.mjs";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "1000" },
    seconds: { type: "string", default: "20" },
    span: { type: "string", default: "20" },
  },
});
const [rate, seconds, span] = [values.rate, values.seconds, values.span].map(Number);

/** Counts frames for a while, and how many blocks each of them shows. */
function count(milliseconds) {
  const canvas = document.getElementById("tangle");
  return new Promise((done) => {
    const gaps = [];
    const shown = [];
    let last = performance.now();
    const end = last + milliseconds;
    const frame = (now) => {
      gaps.push(now - last);
      shown.push(Number(canvas.dataset.blocks));
      last = now;
      if (now < end) requestAnimationFrame(frame);
      else done({ gaps, shown });
    };
    requestAnimationFrame(frame);
  });
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

const [network, browser] = await Promise.all([startNetwork(), startBrowser()]);
const load = spawn(binary, [
  "bench", "rest", "--node", new URL(network.node).host, "--rate", String(rate),
  "--seconds", String(span + seconds + 5), "--json",
], { stdio: ["ignore", "ignore", "inherit"] });
const loaded = once(load, "exit");
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${network.node}/visualizer`);
  await page.selectOption("#span", String(span));
  await page.waitForTimeout(span * 1000);
  const { gaps, shown } = await page.evaluate(count, seconds * 1000);
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  gaps.sort((a, b) => a - b);
  shown.sort((a, b) => a - b);
  const figures = {
    machine: `${cpus().length} x ${cpus()[0].model.trim()}`,
    browser: browser.version(),
    blocks_per_second: rate,
    blocks_shown_least: shown[0],
    blocks_shown_median: quantile(shown, 0.5),
    frames_per_second: (1000 * gaps.length) / total,
    frame_ms_p50: quantile(gaps, 0.5),
    frame_ms_p99: quantile(gaps, 0.99),
  };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  if (figures.blocks_shown_median === 0) throw new Error("no block was drawn");
} finally {
  await browser.close();
  load.kill();
  await loaded;
  await network.stop();
}
