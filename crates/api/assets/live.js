// Keeps a page that moves up to date: asks for it again and puts the new content in place of the
// old one. The content was written and escaped by the node.
const main = document.getElementById("content");
const every = Number(main?.dataset.renew);

// A key that leads to the search.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLElement
    && event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = document.querySelector("input[type=search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
});

// Whoever selects, types or opens something is not disturbed.
function isBusy() {
  const selection = document.getSelection();
  if (selection && !selection.isCollapsed) return true;
  // A button that is pressed would be gone when it is let go.
  if (main.querySelector("button:active")) return true;
  const active = document.activeElement;
  return active !== document.body && main.contains(active) && active.matches("input, pre, summary");
}

// How an element is found again in the new content.
function selectorOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

async function renew() {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok) return false;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const content = fresh.getElementById("content");
  if (!content || isBusy()) return true;
  const active = document.activeElement;
  const focused = main.contains(active) ? selectorOf(active) : null;
  main.replaceChildren(...content.childNodes);
  if (focused) main.querySelector(focused)?.focus();
  document.title = fresh.title;
  return content.dataset.renew !== undefined;
}

async function run() {
  let pause = every;
  let goesOn = true;
  while (goesOn) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (document.hidden) continue;
    try {
      goesOn = await renew();
      pause = every;
    } catch {
      // The node may be away for a moment; it is asked less often then.
      pause = Math.min(pause * 2, 60_000);
    }
  }
}

if (every > 0) run();
