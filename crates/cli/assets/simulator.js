// Shows runs of the simulator. The server streams the blocks of a whole run, faster than their own
// time; the page keeps them in arrays and shows the Tangle as it was at any time of the run.
const BLOCKS_MAX = 262_144;
// With more blocks in view than this, lines are drawn for what is chosen only.
const LINES_MAX = 2_000;
// With more blocks in view than this, blocks are squares that are written as pixels.
const ROUND_MAX = 3_000;
// Blocks that say what is confirmed: those issued last.
const NEWEST = 64;
const SHADES = 16;
const HOVER_PIXELS = 14;
const SETTLE_MS = 250;
const GOLDEN = 0.6180339887498949;
const KEYS = ["view", "strategy", "attack", "lambda", "alpha", "share", "seed", "blocks", "trials"];
const DEFAULTS = {
  view: "growth", strategy: "walk", attack: "parasite-chain", lambda: "20", alpha: "0.01",
  share: "0.3", seed: "1", blocks: "5000", trials: "100",
};
const steps = (...decades) => decades.flatMap((ten) => [ten, 2 * ten, 5 * ten]);
const STEPS = {
  lambda: [...steps(1, 10, 100), 1000],
  alpha: [0, ...steps(0.0001, 0.001, 0.01, 0.1, 1).map((value) => Number(value.toPrecision(1))), 10],
  share: Array.from({ length: 20 }, (_, place) => Number((place * 0.05).toFixed(2))),
};
// What the server numbers roles by.
const [HONEST, FOR_PAYMENT, FOR_DOUBLE, PAYMENT, DOUBLE, ATTACKER] = [0, 1, 2, 3, 4, 5];
const ROLES = [
  "honest", "honest, approves the payment", "honest, approves the second spend", "the payment",
  "the second spend", "issued by the attacker",
];

const byId = (id) => document.getElementById(id);
const canvas = byId("tangle");
const context = canvas.getContext("2d");
const form = byId("scenario");
const [play, speed, span, colour] = [byId("play"), byId("speed"), byId("span"), byId("colour")];
const [slider, clock, about, said] = [byId("time"), byId("clock"), byId("about"), byId("said")];
const metrics = byId("metrics");
const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;

// The blocks by number, in order of issue; 0 is the genesis. Times are in seconds; a block without
// a first or second parent has -1 there.
const issued = new Float64Array(BLOCKS_MAX);
const revealed = new Float64Array(BLOCKS_MAX);
const role = new Uint8Array(BLOCKS_MAX);
const parents = [new Int32Array(BLOCKS_MAX), new Int32Array(BLOCKS_MAX)];
let count = 1;
let arrivals = 0;

// The Tangle as of a time: which of the newest blocks approve each (a bit for each of them), and
// what is not approved.
const reachedBy = [new Uint32Array(BLOCKS_MAX), new Uint32Array(BLOCKS_MAX)];
const isApproved = new Uint8Array(BLOCKS_MAX);
const cone = new Uint8Array(BLOCKS_MAX);
let asOf = { time: -1, count: 0, end: 1, newest: 0, tips: 1 };
let coneOf = { block: -1, end: 0, past: 0, future: 0 };

let time = 0;
let isPlaying = !isCalm;
let isComplete = false;
let chosen = -1;
let pointer = null;
let dragged = null;
let isStale = true;
let colours = {};
let running = null;

/* ---- Colours ---- */

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const of = (name) => {
    pixel.fillStyle = style.getPropertyValue(name).trim();
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const [none, full] = [of("--wait-dot"), of("--accent")];
  const shades = Array.from({ length: SHADES + 1 }, (_, place) =>
    none.map((from, channel) => Math.round(from + (full[channel] - from) * place / SHADES)));
  const list = [...shades, of("--line-strong"), of("--bad"), of("--mile"), none, full];
  const css = list.map((parts) => `rgb(${parts.join(" ")})`);
  const packed = list.map(([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0);
  colours = {
    css, packed, unseen: SHADES + 1, bad: SHADES + 2, spend: SHADES + 3, none: SHADES + 4,
    full: SHADES + 5, line: style.getPropertyValue("--line-strong"),
    text: style.getPropertyValue("--quiet"), past: style.getPropertyValue("--accent"),
    future: style.getPropertyValue("--second"), mark: style.getPropertyValue("--text"),
  };
  isStale = true;
}
readColours();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", readColours);

/* ---- The blocks ---- */

function clear() {
  count = 1;
  [issued[0], revealed[0], role[0], parents[0][0], parents[1][0]] = [0, 0, HONEST, -1, -1];
  arrivals = 0x811c9dc5;
  asOf.count = 0;
  coneOf.block = -1;
  isComplete = false;
  isStale = true;
}
clear();

function take({ first, blocks }) {
  if (first !== count || first + blocks.length > BLOCKS_MAX) throw new Error("blocks are missing");
  for (const [at, seen, kind, one = -1, two = -1] of blocks) {
    issued[count] = at / 1e9;
    revealed[count] = seen < 0 ? Infinity : seen / 1e9;
    role[count] = kind;
    parents[0][count] = one;
    parents[1][count] = two;
    arrivals = Math.imul(arrivals ^ (at % 4294967296), 16777619);
    count += 1;
  }
  isStale = true;
}

const endTime = () => issued[count - 1] + 1;

/** The first block that was issued after a time. */
function firstAfter(moment) {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (issued[middle] <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Finds tips and confidence as of the time. Parents have lower numbers than their children. */
function look() {
  if (asOf.time === time && asOf.count === count) return;
  const end = firstAfter(time);
  const [first, second] = parents;
  const [low, high] = reachedBy;
  isApproved.fill(0, 0, end);
  low.fill(0, 0, end);
  high.fill(0, 0, end);
  const newest = Math.min(NEWEST, end - 1);
  let approvedCount = 0;
  let seenCount = 0;
  for (let block = end - 1; block >= 0; block -= 1) {
    const place = end - 1 - block;
    const bit = place < newest ? (1 << (place & 31)) >>> 0 : 0;
    const own = [low[block] | (place < 32 ? bit : 0), high[block] | (place < 32 ? 0 : bit)];
    const isSeen = revealed[block] <= time;
    seenCount += isSeen;
    for (let parent = first[block], left = 2; left > 0; parent = second[block], left -= 1) {
      if (parent < 0) continue;
      low[parent] |= own[0];
      high[parent] |= own[1];
      if (isSeen && isApproved[parent] === 0) {
        isApproved[parent] = 1;
        approvedCount += 1;
      }
    }
  }
  asOf = { time, count, end, newest, tips: seenCount - approvedCount };
}

function bits(word) {
  let left = word - ((word >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function confidence(block) {
  if (asOf.newest === 0) return 0;
  return (bits(reachedBy[0][block]) + bits(reachedBy[1][block])) / asOf.newest;
}

/** Marks the past of a block with 1 and its future with 2. */
function lookAt(block) {
  const { end } = asOf;
  if (coneOf.block === block && coneOf.end === end) return;
  const [first, second] = parents;
  cone.fill(0, 0, end);
  cone[block] = 1;
  let [past, future] = [-1, 0];
  for (let one = block; one >= 0; one -= 1) {
    if (cone[one] === 0) continue;
    past += 1;
    if (first[one] >= 0) cone[first[one]] = 1;
    if (second[one] >= 0) cone[second[one]] = 1;
  }
  const isAfter = (parent) => parent >= 0 && (parent === block || cone[parent] === 2);
  for (let one = block + 1; one < end; one += 1) {
    if (!isAfter(first[one]) && !isAfter(second[one])) continue;
    cone[one] = 2;
    future += 1;
  }
  coneOf = { block, end, past, future };
}

/* ---- The picture ---- */

function fit() {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const { width, height } = canvas.getBoundingClientRect();
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { width, height, ratio };
}

const spanSeconds = () => (span.value === "all" ? Math.max(endTime(), 1) : Number(span.value));

/** Where blocks stand: by their time, and spread evenly; the second spend's side is below. */
function placing({ width, height }) {
  const scale = (width - 16) / spanSeconds();
  const isSplit = form.view.value === "attack";
  const room = height - 40;
  return {
    x: (block) => width - 8 - (time - issued[block]) * scale,
    y(block) {
      const place = (block * GOLDEN) % 1;
      if (!isSplit) return 28 + place * room;
      const kind = role[block];
      const isBelow = kind === DOUBLE || kind === ATTACKER || kind === FOR_DOUBLE;
      return 28 + room * (isBelow ? 0.66 + 0.34 * place : 0.6 * place);
    },
  };
}

function shade(block) {
  if (colour.value === "role") {
    switch (role[block]) {
      case FOR_PAYMENT: return colours.full;
      case FOR_DOUBLE: return colours.none;
      case ATTACKER: return colours.bad;
      case PAYMENT: case DOUBLE: return colours.spend;
      default: return colours.unseen;
    }
  }
  if (revealed[block] > time) return colours.unseen;
  return Math.round(confidence(block) * SHADES);
}

function drawAxis({ width, height }) {
  const length = spanSeconds();
  const wanted = length / Math.max(2, width / 110);
  const ten = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map((factor) => factor * ten).find((value) => value >= wanted);
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "top";
  context.fillStyle = colours.text;
  context.strokeStyle = colours.line;
  context.globalAlpha = 0.5;
  context.beginPath();
  const labels = [];
  for (let tick = Math.ceil(Math.max(0, time - length) / step) * step; tick <= time; tick += step) {
    const x = width - 8 - ((time - tick) / length) * (width - 16);
    context.moveTo(x, 20);
    context.lineTo(x, height);
    labels.push([x, `${Number(tick.toPrecision(6))} s`]);
  }
  context.stroke();
  context.globalAlpha = 1;
  for (const [x, label] of labels) {
    const half = context.measureText(label).width / 2;
    context.fillText(label, Math.min(Math.max(x - half, 0), width - 2 * half), 3);
  }
}

function drawLines(from, to, at, isWanted) {
  context.beginPath();
  for (let block = from; block < to; block += 1) {
    for (const list of parents) {
      const parent = list[block];
      if (parent < 0 || !isWanted(block, parent)) continue;
      context.moveTo(at.x(block), at.y(block));
      context.lineTo(at.x(parent), at.y(parent));
    }
  }
  context.stroke();
}

function drawRound(from, to, at, radius, isFaint) {
  const groups = new Map();
  for (let block = from; block < to; block += 1) {
    const key = shade(block);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(block);
  }
  context.globalAlpha = isFaint ? 0.35 : 1;
  for (const [key, blocks] of groups) {
    context.fillStyle = colours.css[key];
    context.beginPath();
    for (const block of blocks) {
      const [x, y] = [at.x(block), at.y(block)];
      const size = role[block] === PAYMENT || role[block] === DOUBLE ? radius * 1.8 : radius;
      context.moveTo(x + size, y);
      context.arc(x, y, size, 0, 2 * Math.PI);
    }
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Many blocks, as pixels; of a chosen block's cones only those in them. */
function drawPixels(from, to, at, { ratio, height }, hasCone) {
  const { width: wide, height: high } = canvas;
  const top = Math.round(20 * ratio);
  const image = context.createImageData(wide, high - top);
  const pixels = new Uint32Array(image.data.buffer);
  const side = to - from > 30_000 ? Math.round(ratio) : Math.round(2 * ratio);
  const lowest = Math.min(Math.round(height * ratio), high) - top - side;
  for (let block = from; block < to; block += 1) {
    if (hasCone && cone[block] === 0) continue;
    const x = Math.round(at.x(block) * ratio);
    const y = Math.round(at.y(block) * ratio) - top;
    if (x < 0 || x + side > wide || y < 0 || y > lowest) continue;
    const value = colours.packed[shade(block)];
    for (let row = 0; row < side; row += 1) {
      const start = (y + row) * wide + x;
      for (let column = 0; column < side; column += 1) pixels[start + column] = value;
    }
  }
  context.putImageData(image, 0, top);
}

function drawChosen(from, to, at, radius) {
  const inCones = to - from;
  if (inCones <= 4 * LINES_MAX) {
    context.lineWidth = 1.3;
    context.strokeStyle = colours.past;
    drawLines(from, to, at, (block) => cone[block] === 1);
    context.strokeStyle = colours.future;
    drawLines(from, to, at, (block, parent) =>
      cone[block] === 2 && (cone[parent] === 2 || parent === coneOf.block));
    context.lineWidth = 1;
    for (const [mark, name] of [[1, "past"], [2, "future"]]) {
      context.fillStyle = colours[name];
      context.beginPath();
      for (let block = from; block < to; block += 1) {
        if (cone[block] !== mark) continue;
        context.moveTo(at.x(block) + radius, at.y(block));
        context.arc(at.x(block), at.y(block), radius, 0, 2 * Math.PI);
      }
      context.fill();
    }
  }
  context.strokeStyle = colours.mark;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(at.x(coneOf.block), at.y(coneOf.block), radius + 5, 0, 2 * Math.PI);
  context.stroke();
  context.lineWidth = 1;
}

function nearest(from, to, at) {
  let [best, least] = [-1, HOVER_PIXELS ** 2];
  for (let block = from; block < to; block += 1) {
    const across = at.x(block) - pointer.x;
    if (across > HOVER_PIXELS || across < -HOVER_PIXELS) continue;
    const distance = across ** 2 + (at.y(block) - pointer.y) ** 2;
    if (distance <= least) [best, least] = [block, distance];
  }
  return best;
}

function draw() {
  const size = fit();
  look();
  const [from, to] = [firstAfter(time - spanSeconds()), asOf.end];
  const at = placing(size);
  const hovered = pointer && dragged === null ? nearest(from, to, at) : -1;
  const looked = hovered >= 0 ? hovered : chosen;
  const hasCone = looked >= 0 && looked < asOf.end;
  if (hasCone) lookAt(looked);
  const shown = to - from;
  const radius = Math.max(1.5, Math.min(5, 140 / Math.sqrt(shown + 1)));
  context.clearRect(0, 0, size.width, size.height);
  if (shown > ROUND_MAX) drawPixels(from, to, at, size, hasCone);
  drawAxis(size);
  if (shown <= LINES_MAX) {
    context.strokeStyle = colours.line;
    context.globalAlpha = hasCone ? 0.3 : 0.9;
    drawLines(from, to, at, () => true);
    context.globalAlpha = 1;
  }
  if (shown <= ROUND_MAX) drawRound(from, to, at, radius, hasCone);
  if (hasCone) drawChosen(from, to, at, Math.max(radius, 2.5));
  tell(hasCone ? looked : -1);
  Object.assign(canvas.dataset, {
    blocks: count - 1, shown, tips: asOf.tips, time: time.toFixed(3), complete: isComplete,
    arrivals: fingerprint(), chosen: hasCone ? looked : "",
    past: hasCone ? coneOf.past : "", future: hasCone ? coneOf.future : "",
  });
}

/* ---- Words ---- */

const fingerprint = () => (arrivals >>> 0).toString(16).padStart(8, "0");
const say = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

function tell(block) {
  say(clock, `${time.toFixed(1)} s`);
  slider.max = String(endTime());
  slider.value = String(time);
  slider.setAttribute("aria-valuetext", `${time.toFixed(1)} of ${endTime().toFixed(1)} seconds`);
  if (block < 0) {
    say(about, `${asOf.end - 1} blocks so far, ${asOf.tips} tips. Point at a block to see its cones.`);
    return;
  }
  const seen = revealed[block] <= time
    ? `confidence ${confidence(block).toFixed(2)}`
    : "not seen by others yet";
  const kind = form.view.value === "attack" ? `, ${ROLES[role[block]]}` : "";
  const name = block === 0 ? "The genesis" : `Block ${block}, issued at ${issued[block].toFixed(3)} s`;
  say(about, `${name}${kind}: ${seen}; ${coneOf.past} blocks in its past, ${coneOf.future} in its `
    + "future.");
}

function complain(text) {
  said.classList.add("bad");
  say(said, text);
}

function report(text) {
  said.classList.remove("bad");
  say(said, text);
}

function list(rows) {
  metrics.replaceChildren(...rows.map(([name, value]) => {
    const [row, term, meaning] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
    term.textContent = name;
    meaning.textContent = value;
    row.append(term, meaning);
    return row;
  }));
}

const per = (share) => `${(100 * share).toFixed(1)} %`;

function onReport({ scenario, measured, virtualSeconds, tips, approvals, walks, digest }) {
  report(`${scenario.transactions} blocks in ${virtualSeconds.toFixed(0)} seconds of the Tangle's `
    + `own time; measured after the first fifth.`);
  const rows = [
    ["Blocks measured", String(measured)],
    ["Tips", `${tips.mean.toFixed(1)} ± ${tips.halfWidth95.toFixed(1)}, deviation `
      + `${tips.deviation.toFixed(1)}`],
    ["Tips over λ h", `${tips.meanRatio.toFixed(3)}; theory says 2 for tips that are chosen evenly`],
    ["First approval", `mean ${approvals.meanSeconds.toFixed(2)} s, median `
      + `${approvals.medianSeconds.toFixed(2)} s, 99 of 100 within ${approvals.p99Seconds.toFixed(2)} s`],
  ];
  if (walks?.count > 0) {
    rows.push(["Walks", `${walks.count} of ${walks.stepsMean.toFixed(1)} steps`]);
  }
  if (walks) {
    const isJudged = walks.judged > 0;
    rows.push(["Left behind", isJudged ? per(walks.leftBehindShare) : "the run is too short to tell"],
      ["Never approved", isJudged ? per(walks.neverApprovedShare) : "the run is too short to tell"]);
  }
  rows.push(["Arrivals", `${fingerprint()}: the same for every strategy and α`],
    ["Digest of the run", digest]);
  list(rows);
}

const AIMS = {
  reversal: "undo a payment after the merchant was content",
  indecision: "let neither spend win",
  harm: "make honest blocks wait",
};

function onAttack({ setup, aim, trials, successes, share, low, high, contentAfter }) {
  const isDone = trials >= Number(form.trials.value);
  report(isDone ? `${trials} attacks played.` : `${trials} of ${form.trials.value} attacks played …`);
  const rows = [
    ["Attack", `${setup.attack}, by ${per(setup.share)} of all blocks, to ${AIMS[aim]}`],
    ["Successes", `${successes} of ${trials}: ${per(share)}`],
    ["Wilson interval, 95 %", `${per(low)} to ${per(high)}`],
  ];
  if (typeof contentAfter === "number") {
    rows.push(["Merchant content after", `${contentAfter.toFixed(1)} s in the mean`]);
  }
  rows.push(["Shown above", count > 1
    ? `the first of them, seed ${form.seed.value}`
    : "nothing: this attack is a race of numbers, without a Tangle"]);
  list(rows);
  canvas.dataset.trials = String(trials);
}

/* ---- Runs ---- */

/** Nothing happens until the attacker begins: who has not gone elsewhere sees it from there. */
function beginWithAttack() {
  let first = 0;
  while (first < count && role[first] < PAYMENT) first += 1;
  if (isPlaying && first < count) time = Math.max(time, issued[first] - 5);
}

async function lines(response, take) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const whole = (rest + value).split("\n");
    rest = whole.pop();
    whole.forEach((line) => take(JSON.parse(line)));
  }
}

async function run() {
  running?.abort();
  const control = new AbortController();
  running = control;
  clear();
  list([]);
  delete canvas.dataset.trials;
  report("Simulating …");
  const isAttack = form.view.value === "attack";
  const keys = isAttack
    ? ["attack", "share", "lambda", "alpha", "strategy", "seed", "trials"]
    : ["lambda", "alpha", "strategy", "seed", "blocks"];
  const query = new URLSearchParams(keys.map((key) => [key, form[key].value]));
  try {
    const response = await fetch(`/${isAttack ? "attack" : "run"}?${query}`, {
      signal: control.signal,
    });
    if (!response.ok) throw new Error((await response.json()).error.message);
    await lines(response, (line) => {
      if (control.signal.aborted) return;
      if (line.blocks) take(line);
      if (line.report) onReport(line.report);
      if (line.attack) {
        // All blocks came before the first result.
        if (!isComplete) beginWithAttack();
        isComplete = true;
        onAttack(line.attack);
      }
    });
  } catch (error) {
    if (control.signal.aborted) return;
    complain(error.message);
  }
  if (control.signal.aborted) return;
  isComplete = true;
  time = Math.min(time, endTime());
  if (isCalm && !wanted.has("t") && time === 0) time = endTime();
  isStale = true;
}

/* ---- The link ---- */

const wanted = new URLSearchParams(location.search);

function restore() {
  for (const key of KEYS) form[key].value = wanted.get(key) ?? DEFAULTS[key];
  for (const key of KEYS) if (form[key].value === "") form[key].value = DEFAULTS[key];
  for (const field of [span, speed, colour]) {
    const isKnown = [...field.options].some((option) => option.value === wanted.get(field.id));
    if (isKnown) field.value = wanted.get(field.id);
  }
  if (!wanted.has("span")) span.value = "30";
  if (!wanted.has("speed")) speed.value = "5";
  const moment = Number(wanted.get("t"));
  if (wanted.has("t") && moment >= 0 && moment < 1e9) {
    time = moment;
    isPlaying = false;
  }
  const block = Number(wanted.get("block") ?? -1);
  if (Number.isInteger(block) && block >= 0 && block < BLOCKS_MAX) chosen = block;
  onView(!wanted.has("colour"));
}

let linkTimer = 0;
function remember() {
  clearTimeout(linkTimer);
  linkTimer = setTimeout(() => {
    const query = new URLSearchParams(KEYS.map((key) => [key, form[key].value]));
    for (const field of [span, speed, colour]) query.set(field.id, field.value);
    if (!isPlaying) query.set("t", time.toFixed(3));
    if (chosen >= 0) query.set("block", String(chosen));
    history.replaceState(null, "", `?${query}`);
  }, SETTLE_MS);
}

/* ---- What a person does ---- */

function onView(setsColour) {
  const isAttack = form.view.value === "attack";
  form.classList.toggle("attack", isAttack);
  form.classList.toggle("growth", !isAttack);
  if (setsColour) colour.value = isAttack ? "role" : "confidence";
  onColour();
}

function onColour() {
  byId("confidence-legend").hidden = colour.value !== "confidence";
  byId("role-legend").hidden = colour.value !== "role";
  isStale = true;
}

function setPlaying(isOn) {
  if (isOn && isComplete && time >= endTime()) time = 0;
  isPlaying = isOn;
  say(play, isOn ? "Pause" : "Play");
  remember();
}

function goTo(moment) {
  time = Math.min(Math.max(moment, 0), endTime());
  isStale = true;
  setPlaying(false);
}

function choose(block) {
  chosen = block;
  isStale = true;
  remember();
}

/** Moves a slider to the step nearest to its field. */
function settle(id) {
  const value = Number(form[id].value);
  const bar = byId(`${id}-slider`);
  const gaps = STEPS[id].map((step) => Math.abs(step - value));
  bar.value = String(gaps.indexOf(Math.min(...gaps)));
  bar.setAttribute("aria-valuetext", form[id].value);
}

let runTimer = 0;
function runSoon(startsAnew) {
  if (!form.checkValidity()) {
    const wrong = form.querySelector(":invalid");
    const { min, max } = wrong;
    complain(`${wrong.name} must be a number from ${min} to ${max}.`);
    return;
  }
  clearTimeout(runTimer);
  if (startsAnew) {
    time = 0;
    chosen = -1;
    isPlaying = !isCalm;
    say(play, isPlaying ? "Pause" : "Play");
  }
  remember();
  runTimer = setTimeout(run, SETTLE_MS);
}

for (const [id, values] of Object.entries(STEPS)) {
  const bar = byId(`${id}-slider`);
  bar.max = String(values.length - 1);
  bar.addEventListener("input", () => {
    form[id].value = String(values[Number(bar.value)]);
    bar.setAttribute("aria-valuetext", form[id].value);
  });
}
form.addEventListener("input", ({ target }) => {
  const id = target.id.replace("-slider", "");
  if (target.id in STEPS) settle(target.id);
  if (id === "view") onView(true);
  // With another strategy the same blocks arrive, and the picture stays where it is.
  runSoon(!["alpha", "strategy"].includes(id) || form.view.value === "attack");
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  runSoon(true);
});
play.addEventListener("click", () => setPlaying(!isPlaying));
slider.addEventListener("input", () => goTo(Number(slider.value)));
colour.addEventListener("change", () => {
  onColour();
  remember();
});
for (const field of [span, speed]) {
  field.addEventListener("change", () => {
    isStale = true;
    remember();
  });
}

canvas.addEventListener("pointerdown", (event) => {
  dragged = { x: event.offsetX, time, hasMoved: false };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  pointer = { x: event.offsetX, y: event.offsetY };
  isStale = true;
  if (dragged === null) return;
  const across = event.offsetX - dragged.x;
  if (Math.abs(across) > 4) dragged.hasMoved = true;
  if (dragged.hasMoved) goTo(dragged.time - (across / canvas.clientWidth) * spanSeconds());
});
canvas.addEventListener("pointerup", (event) => {
  const wasClick = dragged !== null && !dragged.hasMoved;
  dragged = null;
  if (!wasClick) return;
  pointer = { x: event.offsetX, y: event.offsetY };
  look();
  const at = placing(fit());
  choose(nearest(firstAfter(time - spanSeconds()), asOf.end, at));
});
for (const name of ["pointercancel", "pointerleave"]) {
  canvas.addEventListener(name, () => {
    [pointer, dragged, isStale] = [null, null, true];
  });
}
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = spanSeconds() / (event.shiftKey ? 4 : 40);
  const zoom = (by) => {
    const place = Math.min(Math.max(span.selectedIndex + by, 0), span.options.length - 1);
    span.selectedIndex = place;
    isStale = true;
    remember();
  };
  const next = (by) => choose(Math.min(Math.max(chosen < 0 ? asOf.end - 1 : chosen + by, 0),
    asOf.end - 1));
  const actions = {
    ArrowLeft: () => goTo(time - step), ArrowRight: () => goTo(time + step),
    Home: () => goTo(0), End: () => goTo(endTime()), " ": () => setPlaying(!isPlaying),
    "+": () => zoom(-1), "-": () => zoom(1), n: () => next(1), p: () => next(-1),
    Escape: () => choose(-1),
  };
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
new ResizeObserver(() => {
  isStale = true;
}).observe(canvas);

let lastFrame = performance.now();
function frame(now) {
  const passed = Math.min(now - lastFrame, 100) / 1000;
  lastFrame = now;
  if (isPlaying && count > 1) {
    time = Math.min(time + passed * Number(speed.value), endTime());
    if (isComplete && time >= endTime()) setPlaying(false);
    isStale = true;
  }
  if (isStale && !document.hidden) {
    isStale = false;
    draw();
  }
  requestAnimationFrame(frame);
}

restore();
Object.keys(STEPS).forEach(settle);
say(play, isPlaying ? "Pause" : "Play");
run();
requestAnimationFrame(frame);
