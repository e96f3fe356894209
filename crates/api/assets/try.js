// Lets people try the routes of the node: a form for each, the answer below it.
const BODY_SHOWN_MAX = 65_536;

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// Stays in the memory of this page.
const token = element("input", {
  type: "password", autocomplete: "off", placeholder: "Token for protected routes (optional)",
  "aria-label": "Token for protected routes",
});
document.getElementById("token")?.append(token);

function field(parameter) {
  const name = parameter.dataset.parameter;
  const input = element("input", { "aria-label": name, placeholder: name, spellcheck: "false" });
  input.dataset.name = name;
  input.dataset.in = parameter.dataset.in;
  if (parameter.dataset.in === "path") input.required = true;
  return input;
}

function address(path, inputs) {
  const query = new URLSearchParams();
  let filled = path;
  for (const input of inputs) {
    if (input.dataset.in === "path") {
      filled = filled.replace(`{${input.dataset.name}}`, encodeURIComponent(input.value.trim()));
    } else if (input.value !== "") {
      query.append(input.dataset.name, input.value);
    }
  }
  const text = query.toString();
  return text === "" ? filled : `${filled}?${text}`;
}

function pretty(text, type) {
  if (!type.includes("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(method, url, body) {
  const headers = { accept: "application/json" };
  if (token.value !== "") headers.authorization = `Bearer ${token.value.trim()}`;
  if (body !== null) headers["content-type"] = "application/json";
  const begin = performance.now();
  const response = await fetch(url, { method, headers, body, redirect: "manual" });
  const text = await response.text();
  const took = Math.round(performance.now() - begin);
  const type = response.headers.get("content-type") ?? "";
  const shown = pretty(text, type);
  const rest = shown.length > BODY_SHOWN_MAX ? "\n… the rest is not shown" : "";
  return `${method} ${url}\n${response.status} ${response.statusText}, ${took} ms\n\n`
    + shown.slice(0, BODY_SHOWN_MAX) + rest;
}

function offer(operation) {
  const { method, path } = operation.dataset;
  const form = element("form", { class: "try" });
  const inputs = [...operation.querySelectorAll("[data-parameter]")].map(field);
  form.append(...inputs);
  const body = method === "GET"
    ? null
    : element("textarea", { rows: "4", "aria-label": "Body in JSON", placeholder: "Body in JSON" });
  if (body) form.append(body);
  form.append(element("button", { type: "submit" }, "Try it"));
  const answer = element("pre", { class: "code", tabindex: "0", "aria-live": "polite" });
  answer.hidden = true;
  form.append(answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const text = body && body.value.trim() !== "" ? body.value : null;
      answer.textContent = await send(method, address(path, inputs), text);
    } catch (error) {
      answer.textContent = `The node does not answer: ${error.message}`;
    }
    answer.hidden = false;
    button.disabled = false;
  });
  operation.append(form);
}

for (const operation of document.querySelectorAll(".operation")) {
  operation.addEventListener("toggle", () => {
    if (operation.open && !operation.querySelector("form")) offer(operation);
  });
}
