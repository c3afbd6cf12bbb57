// What every page gets: the colours' switch, times that move on, menus and messages that close, forms that are sent once.
// What may not enter: anything a page cannot do without.

import { refresh } from "./time.js";

const root = document.documentElement;

function themeToggle() {
  const button = document.querySelector("[data-theme-toggle]");
  if (!button) return;
  const order = ["system", "light", "dark"];
  const current = () => root.dataset.theme ?? "system";
  const label = () => {
    const text = `Colours: ${current()}`;
    button.querySelector("[data-theme-label]").textContent = text;
    button.title = text;
  };
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(current()) + 1) % order.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("polity-theme");
      else localStorage.setItem("polity-theme", next);
    } catch {
      // Storage is forbidden: the choice lasts as long as the page.
    }
    label();
  });
  label();
  button.hidden = false;
}

function relativeTimes() {
  refresh();
  setInterval(refresh, 30_000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}

// The button keeps its name and value in what is sent, because it is marked and not disabled. A page that comes back
// from the back/forward cache comes back as it was left, so the marks are taken off again.
function sendOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sending !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "";
    event.submitter?.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sending]")) {
      delete form.dataset.sending;
      for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
    }
  });
}

function toasts() {
  for (const button of document.querySelectorAll("[data-dismiss]")) {
    button.hidden = false;
    button.addEventListener("click", () => button.closest("[data-toast]").remove());
  }
}

function menus() {
  const close = (except) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => close(event.target.closest?.("[data-menu]")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("[data-menu][open]");
    close();
    menu?.querySelector("summary").focus();
  });
}

themeToggle();
relativeTimes();
toasts();
sendOnce();
menus();
