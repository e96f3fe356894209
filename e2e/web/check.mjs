// Visits, and what holds of every page.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Where pictures of the pages go, if anybody wants them.
const pictures = process.env.PICTURES;

/**
 * A visitor of the site at `url`. What the browser complains of goes to `troubles`, and so does a
 * request to anywhere else.
 */
export async function visit(browser, url, options) {
  const context = await browser.newContext({ baseURL: url, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const troubles = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) troubles.push(`asks ${request.url()}`);
  });
  return { context, page, troubles };
}

/** Whether the page fits, and people with any senses and hands can use it. */
export async function checkPage(page, name) {
  const excess = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  assert.ok(excess <= 0, `${name} is ${excess} px too wide`);
  // Evaluated by the test's own channel, to which the pages' policy does not apply.
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }));
  const broken = found.violations.map((rule) =>
    `${name}: ${rule.id}: ${rule.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
  assert.deepEqual(broken, []);
  if (pictures) {
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  }
}
