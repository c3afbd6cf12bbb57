// Makes writing pleasant: tabs, a toolbar, a live preview, a draft that survives an accident.
// What may not enter: Markdown. The server renders, here is only typing.

const PAUSE_MS = 400;

function composer(form) {
  const text = form.querySelector(".composer__write textarea");
  form.classList.add("composer--live");
  form.querySelector("[data-composer-bar]").hidden = false;
  form.querySelector("[data-composer-keys]").hidden = false;
  toolbar(form, text);
  keys(form, text);
  drafts(form);
  if (form.dataset.previewUrl) preview(form, text);
}

function preview(form, text) {
  const panes = form.querySelector(".composer__panes");
  const pane = form.querySelector("[data-preview]");
  const tabs = [...form.querySelectorAll("[data-pane]")];
  let shown = null;
  let timer = 0;
  let asked = null;
  // The tabs do what this button does. It leaves the form, or Enter in a title would press it.
  form.querySelector("[data-composer-preview]").remove();
  pane.replaceChildren();
  for (const tab of tabs) {
    const panel = document.getElementById(tab.getAttribute("aria-controls"));
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-label", tab.textContent);
  }

  const render = async () => {
    if (text.value === shown || pane.offsetParent === null) return;
    const value = text.value;
    asked?.abort();
    asked = new AbortController();
    pane.setAttribute("aria-busy", "true");
    try {
      const html = value.trim() ? await fetchPreview(form, text.name, value, asked.signal) : "";
      pane.innerHTML = html || '<p class="composer__nothing">Nothing to preview yet.</p>';
      pane.classList.add("prose");
      shown = value;
    } catch (error) {
      if (error.name === "AbortError") return;
      pane.textContent = "The preview is not available right now.";
    }
    pane.removeAttribute("aria-busy");
  };

  const choose = (tab) => {
    panes.dataset.showing = tab.dataset.pane;
    for (const other of tabs) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    render();
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      choose(tab);
      if (tab.dataset.pane === "write") text.focus();
    });
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[(tabs.indexOf(tab) + 1) % tabs.length];
      choose(other);
      other.focus();
    });
  }
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(render, PAUSE_MS);
  });
  addEventListener("resize", render);
  render();
}

async function fetchPreview(form, name, value, signal) {
  const answer = await fetch(form.dataset.previewUrl, {
    method: "POST",
    body: new URLSearchParams({ [name]: value }),
    headers: { Accept: "text/html" },
    signal,
  });
  if (!answer.ok) throw new Error(`The preview was answered with ${answer.status}.`);
  return answer.text();
}

function keys(form, text) {
  const keys = form.querySelector("[data-composer-keys] kbd");
  if (/Mac|iPhone|iPad/.test(navigator.platform)) keys.textContent = "⌘";
  text.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const format = { b: "bold", i: "italic" }[event.key.toLowerCase()];
    if (event.key === "Enter") form.requestSubmit(form.querySelector("[data-composer-post]"));
    else if (format) apply(text, format);
    else return;
    event.preventDefault();
  });
}

function toolbar(form, text) {
  for (const button of form.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => apply(text, button.dataset.format));
  }
}

const AROUND = { bold: ["**", "**", "bold text"], italic: ["_", "_", "italic text"], link: ["[", "](https://)", "text"] };
const BEFORE = { quote: "> ", list: "- " };

function apply(text, format) {
  text.focus();
  const chosen = text.value.slice(text.selectionStart, text.selectionEnd);
  if (format in BEFORE) prefix(text, BEFORE[format]);
  else if (format === "code" && chosen.includes("\n")) wrap(text, "```\n", "\n```", "");
  else if (format === "code") wrap(text, "`", "`", "code");
  else wrap(text, ...AROUND[format]);
}

function wrap(text, before, after, example) {
  const { selectionStart: start, selectionEnd: end } = text;
  const inside = text.value.slice(start, end) || example;
  replace(text, start, end, before + inside + after);
  text.setSelectionRange(start + before.length, start + before.length + inside.length);
}

function prefix(text, mark) {
  const start = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
  const lines = text.value.slice(start, text.selectionEnd).split("\n");
  replace(text, start, text.selectionEnd, lines.map((line) => mark + line).join("\n"));
}

// The command is deprecated and yet the only way to change a text so that undo still works.
function replace(text, start, end, value) {
  text.setSelectionRange(start, end);
  if (document.execCommand("insertText", false, value)) return;
  text.setRangeText(value, start, end, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

// Only fields the server left empty are filled in: what it sent is newer than what was kept.
function drafts(form) {
  const key = `polity-draft:${new URL(form.action).pathname}`;
  const fields = [...form.querySelectorAll("textarea[name], input[type=text][name]")];
  const empty = fields.filter((field) => !field.defaultValue);
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "{}");
    let restored = false;
    for (const field of empty) {
      if (!kept[field.name] || field.value) continue;
      field.value = kept[field.name];
      restored = true;
    }
    if (restored) form.querySelector("[data-composer-note]").textContent = " Your draft is back.";
  } catch {
    // Storage is forbidden or holds something else: there is no draft.
  }
  const save = () => {
    const filled = empty.filter((field) => field.value).map((field) => [field.name, field.value]);
    try {
      if (filled.length) sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(filled)));
      else sessionStorage.removeItem(key);
    } catch {
      // Storage is full or forbidden: typing goes on without a net.
    }
  };
  form.addEventListener("input", save);
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    try {
      sessionStorage.removeItem(key);
    } catch {
      // What could not be stored need not be removed.
    }
  });
}

for (const form of document.querySelectorAll("[data-composer]")) composer(form);
