// A dev network of one's own, and waiting for what it does.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
/** The program. */
export const binary = process.env.TANGLE ?? join(root, "target/debug/tangle");

/** Starts `tangle dev` with free ports and this configuration, and waits until it is healthy;
 * `stop` ends it and says how it ended. */
export async function startNetwork(config = "") {
  const folder = mkdtempSync(join(tmpdir(), "tangle-e2e-"));
  const file = join(folder, "dev.toml");
  writeFileSync(file, config);
  const child = spawn(binary, ["dev", "--ephemeral", "--port", "0", "--json", "--config", file], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => text),
    exit.then(([code]) => Promise.reject(new Error(`tangle dev ended with ${code}`))),
  ]);
  const about = JSON.parse(line);
  const network = {
    node: about.node,
    mqtt: about.mqtt,
    faucet: about.faucet.url,
    /** A token for what only its operator does. */
    token() {
      return execFileSync(binary, ["tool", "jwt", "--key", about.jwtKeyFile], { encoding: "utf8" }).trim();
    },
    /** What a command of a wallet of the test accounts says. */
    wallet(...words) {
      const place = ["--dir", join(folder, "wallet"), "--node", about.node, "--json"];
      return JSON.parse(execFileSync(binary, ["wallet", ...words, ...place], { encoding: "utf8" }));
    },
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exit;
      rmSync(folder, { recursive: true });
      return code;
    },
  };
  await waitUntil("the node is healthy", async () => (await fetch(`${network.node}/health`)).ok);
  return network;
}

/** Waits until `condition` gives something true, and gives that back. */
export async function waitUntil(what, condition, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still not: ${what}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

/** Gets coins from the faucet, and waits for them. */
export async function askFaucet(network, address) {
  const answer = await fetch(`${network.faucet}/api/enqueue`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ address }),
  });
  if (answer.status !== 202) throw new Error(`faucet: ${answer.status} ${await answer.text()}`);
  const query = `${network.node}/api/indexer/v1/outputs/basic?address=${address}`;
  await waitUntil("the faucet paid", async () => (await (await fetch(query)).json()).items.length);
}
