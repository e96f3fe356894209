// Draws the Tangle as it grows: time runs to the right, each block stands where it came, with lines
// to the blocks that it approves. What is drawn is bounded: old blocks are forgotten, and with many
// blocks in view lines and then shapes are left out.
const NODES_MAX = 60_000;
// With more blocks in view than this, lines are drawn for what is looked at only.
const LINES_NODES_MAX = 1_500;
// With more blocks than this, blocks are small squares.
const ROUND_NODES_MAX = 3_000;
const CONE_MAX = 4_000;
const HOVER_PIXELS = 14;
const SETTLE_MS = 400;

const canvas = document.getElementById("tangle");
const pause = document.getElementById("pause");
const filter = document.getElementById("filter");
const span = document.getElementById("span");
const tag = document.getElementById("tag");
const follow = document.getElementById("follow");
const said = document.getElementById("said");
const about = document.getElementById("about");
const context = canvas.getContext("2d");

/** All blocks that are remembered, oldest first, by id. */
const nodes = new Map();
/** Milestones that were confirmed: when, and their index. */
let columns = [];
const counts = { pending: 0, confirmed: 0, conflicting: 0, milestone: 0 };
let number = 0;
let lastBatch = performance.now();
let colours = {};
let pausedAt = null;
let pointer = null;
let pinned = null;
let rates = null;
let isConnected = false;
/** What the tags of blocks begin with that are drawn, in digits. */
let tagStart = "0x";

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  colours = {
    pending: of("--wait-dot"), confirmed: of("--accent"), conflicting: of("--bad"),
    milestone: of("--mile"), line: of("--line-strong"), text: of("--quiet"), past: of("--accent"),
    future: of("--second"), mark: of("--text"),
  };
}
readColours();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", readColours);
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

/** A tag in digits. It is typed as digits after 0x, or as the text that it is. */
function digitsOf(text) {
  if (/^0x([0-9a-f]{2})*$/i.test(text)) return text.toLowerCase();
  const bytes = [...new TextEncoder().encode(text)];
  return `0x${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

// Tags are compared when they or the wanted one are new, not whenever blocks are drawn.
function readTag() {
  tagStart = digitsOf(tag.value.trim());
  for (const node of nodes.values()) node.isTagged = node.tag.startsWith(tagStart);
}
readTag();

function kindOf(payload) {
  return payload === "taggedData" ? "data" : payload ?? "empty";
}

function add(block, time) {
  if (nodes.has(block.blockId)) return;
  const node = {
    id: block.blockId, time, kind: kindOf(block.payload), parents: [], children: [],
    state: block.payload === "milestone" ? "milestone" : "pending",
    tag: block.tag || "0x", isTagged: false,
    // Multiples of the golden ratio spread evenly, however many there are.
    height: (number++ * 0.6180339887498949) % 1,
  };
  node.isTagged = node.tag.startsWith(tagStart);
  for (const id of block.parents) {
    const parent = nodes.get(id);
    if (!parent) continue;
    node.parents.push(parent);
    parent.children.push(node);
  }
  nodes.set(node.id, node);
  counts[node.state] += 1;
  while (nodes.size > NODES_MAX) forget(nodes.values().next().value);
}

function forget(node) {
  nodes.delete(node.id);
  counts[node.state] -= 1;
  for (const child of node.children) {
    child.parents = child.parents.filter((parent) => parent !== node);
  }
  for (const parent of node.parents) {
    parent.children = parent.children.filter((child) => child !== node);
  }
}

function become(id, state) {
  const node = nodes.get(id);
  if (!node || node.state === "milestone") return;
  counts[node.state] -= 1;
  node.state = state;
  counts[state] += 1;
}

const handlers = {
  solid({ blocks }) {
    const now = performance.now();
    // Blocks come in bundles; they are spread over the time since the last one.
    const begin = Math.max(lastBatch, now - SETTLE_MS);
    const step = (now - begin) / blocks.length;
    blocks.forEach((block, place) => add(block, begin + step * (place + 1)));
    lastBatch = now;
  },
  milestone({ index, referenced, conflicting }) {
    referenced.forEach((id) => become(id, "confirmed"));
    conflicting.forEach((id) => become(id, "conflicting"));
    columns.push({ time: performance.now(), index });
    columns = columns.slice(-600);
  },
  rates(entry) {
    rates = entry;
    tell();
  },
};

function tell() {
  if (!isConnected) {
    said.textContent = "The stream is interrupted; it goes on by itself.";
    return;
  }
  if (!rates) return;
  const left = rates.leftOut > 0 ? `, ${rates.leftOut} of them not drawn` : "";
  said.textContent = `${rates.blocksPerSecond.toFixed(1)} blocks a second${left} · milestone `
    + `${rates.confirmedIndex} · ${rates.tipCount} tips · ${rates.unreferencedCount} blocks wait`;
}

// The block that is to be followed may be older than the stream.
if (canvas.dataset.known) {
  const block = JSON.parse(canvas.dataset.known);
  add(block, performance.now());
  become(block.blockId, block.state);
}

const stream = new EventSource(canvas.dataset.stream);
stream.addEventListener("live", ({ data }) => {
  const entry = JSON.parse(data);
  handlers[entry.kind]?.(entry);
});
stream.addEventListener("open", () => {
  isConnected = true;
});
stream.addEventListener("error", () => {
  isConnected = false;
  tell();
});

function isShown(node) {
  if (!node.isTagged) return false;
  const wanted = filter.value;
  return wanted === "all" || wanted === node.kind || wanted === node.state;
}

/** All that is before (or after) a block, as far as it is remembered. */
function cone(start, next) {
  const found = new Set([start]);
  for (const node of found) {
    if (found.size > CONE_MAX) break;
    for (const other of next(node)) found.add(other);
  }
  return found;
}

function nearest(place) {
  let best = null;
  let least = HOVER_PIXELS ** 2;
  for (const node of nodes.values()) {
    const [x, y] = place(node);
    const distance = (x - pointer.x) ** 2 + (y - pointer.y) ** 2;
    if (distance <= least && isShown(node)) {
      least = distance;
      best = node;
    }
  }
  return best;
}

function fit() {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const { width, height } = canvas.getBoundingClientRect();
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { width, height };
}

function line(from, to) {
  context.moveTo(from[0], from[1]);
  context.lineTo(to[0], to[1]);
}

function drawColumns(now, length, width, height) {
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "top";
  context.fillStyle = colours.text;
  context.strokeStyle = colours.line;
  context.beginPath();
  let free = -Infinity;
  for (const column of columns) {
    const x = width - ((now - column.time) / length) * width;
    if (x < 0 || x > width) continue;
    line([x, 18], [x, height]);
    const label = String(column.index);
    const half = context.measureText(label).width / 2;
    if (x - half < free + 8 || x + half > width) continue;
    context.fillText(label, x - half, 2);
    free = x + half;
  }
  context.stroke();
}

function drawLines(shown, place, colour, strength) {
  context.globalAlpha = strength;
  context.strokeStyle = colour;
  context.beginPath();
  for (const node of shown) {
    const to = place(node);
    for (const parent of node.parents) line(place(parent), to);
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawNodes(shown, place, isRound, radius) {
  const byState = { pending: [], confirmed: [], conflicting: [], milestone: [] };
  for (const node of shown) byState[node.state].push(node);
  for (const [state, group] of Object.entries(byState)) {
    context.fillStyle = colours[state];
    const size = state === "milestone" ? radius * 1.5 : radius;
    if (!isRound) {
      for (const node of group) {
        const [x, y] = place(node);
        context.fillRect(x - size, y - size, 2 * size, 2 * size);
      }
      continue;
    }
    context.beginPath();
    for (const node of group) {
      const [x, y] = place(node);
      context.moveTo(x + size, y);
      context.arc(x, y, size, 0, 2 * Math.PI);
    }
    context.fill();
  }
}

function drawLookedAt(node, place, radius) {
  const past = cone(node, (one) => one.parents);
  const future = cone(node, (one) => one.children);
  context.lineWidth = 1.4;
  drawLines(past, place, colours.past, 0.8);
  // A line belongs to the later block.
  future.delete(node);
  context.strokeStyle = colours.future;
  context.beginPath();
  for (const later of future) {
    for (const parent of later.parents) {
      if (future.has(parent) || parent === node) line(place(parent), place(later));
    }
  }
  context.stroke();
  drawNodes(past, place, true, radius);
  drawNodes(future, place, true, radius);
  const [x, y] = place(node);
  context.strokeStyle = colours.mark;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, radius + 5, 0, 2 * Math.PI);
  context.stroke();
  context.lineWidth = 1;
  const word = `${node.kind}, ${node.state}; ${past.size - 1} before it and ${future.size} after it `
    + "are remembered";
  if (about.dataset.id !== node.id) {
    about.dataset.id = node.id;
    about.href = `/explorer/block/${node.id}`;
    about.textContent = `${node.id.slice(0, 10)}…${node.id.slice(-6)}`;
  }
  about.nextElementSibling.textContent = ` ${word}`;
  about.parentElement.hidden = false;
}

function draw() {
  const { width, height } = fit();
  const now = pausedAt ?? performance.now();
  const length = Number(span.value) * 1000;
  const top = 24;
  const place = (node) => [
    width - 8 - ((now - node.time) / length) * width,
    top + 8 + node.height * (height - top - 16),
  ];
  for (const node of nodes.values()) {
    // What lies before the longest span is never seen again.
    if (now - node.time < 130_000) break;
    forget(node);
  }
  context.clearRect(0, 0, width, height);
  context.lineWidth = 1;
  drawColumns(now, length, width, height);
  const shown = [];
  for (const node of nodes.values()) {
    if (now - node.time <= length && isShown(node)) shown.push(node);
  }
  const radius = Math.max(1, Math.min(5, 120 / Math.sqrt(shown.length + 1)));
  pinned = follow.value === "" ? null : nodes.get(follow.value.trim().toLowerCase());
  const looked = (pointer && nearest(place)) || pinned;
  context.globalAlpha = looked ? 0.35 : 1;
  if (shown.length <= LINES_NODES_MAX) {
    drawLines(shown, place, colours.line, looked ? 0.3 : 0.9);
    context.globalAlpha = looked ? 0.35 : 1;
  }
  drawNodes(shown, place, shown.length <= ROUND_NODES_MAX, radius);
  context.globalAlpha = 1;
  canvas.style.cursor = looked && pointer ? "pointer" : "default";
  if (looked) drawLookedAt(looked, place, Math.max(radius, 2.5));
  canvas.dataset.blocks = String(shown.length);
  return looked;
}

let looked = null;
let lastFrame = 0;
function frame(time) {
  // With little motion wanted, the picture moves once a second.
  if (!document.hidden && (!isCalm.matches || time - lastFrame >= 1000)) {
    looked = draw();
    lastFrame = time;
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

pause.addEventListener("click", () => {
  pausedAt = pausedAt === null ? performance.now() : null;
  pause.textContent = pausedAt === null ? "Pause" : "Go on";
  pause.setAttribute("aria-pressed", String(pausedAt !== null));
});
tag.addEventListener("input", readTag);
canvas.addEventListener("pointermove", (event) => {
  pointer = { x: event.offsetX, y: event.offsetY };
});
canvas.addEventListener("pointerleave", () => {
  pointer = null;
});
canvas.addEventListener("click", () => {
  if (looked && pointer) location.href = `/explorer/block/${looked.id}`;
});
