// Runs each test file in a process group of its own, and ends it when it takes too long.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT_SECONDS = 180;
const here = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs")).sort();

function run(file) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--test", join(here, file)], {
      detached: true,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch (error) {
        if (error.code !== "ESRCH") throw error;
      }
    };
    const timer = setTimeout(() => {
      console.log(`${file}: still running after ${LIMIT_SECONDS} s, ended`);
      end();
    }, LIMIT_SECONDS * 1000);
    child.on("exit", (code) => {
      clearTimeout(timer);
      end();
      resolve(code === 0);
    });
  });
}

let passed = true;
for (const file of files) {
  passed = (await run(file)) && passed;
}
process.exit(passed ? 0 : 1);
