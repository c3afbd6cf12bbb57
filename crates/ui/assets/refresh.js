// Keeps numbers current: fetches the page again while somebody looks at it, and takes over what is marked as fresh.
// What may not enter: a change to a field or a button, or to where anybody reads.

const EVERY_MS = 5000;

const root = document.querySelector("[data-refresh]");

function start() {
  const status = root.querySelector(".live-status");
  const words = root.querySelector("[data-refresh-words]");
  const button = root.querySelector("[data-refresh-switch]");
  let paused = false;
  let asking = false;

  const say = (state, text) => {
    status.dataset.state = state;
    words.textContent = text;
  };

  const refresh = async () => {
    if (paused || asking || document.hidden) return;
    asking = true;
    try {
      // What the last action came to is said once.
      const url = new URL(location.href);
      url.searchParams.delete("done");
      url.searchParams.delete("touched");
      const answer = await fetch(url, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (!paused) say("on", "Up to date");
    } catch {
      if (!paused) say("waiting", "Not reachable, trying again");
    } finally {
      asking = false;
    }
  };

  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Resume updates" : "Pause updates";
    say(paused ? "off" : "on", paused ? "Updates paused" : "Up to date");
    refresh();
  });
  status.hidden = false;
  button.hidden = false;
  root.querySelector("[data-refresh-link]").hidden = true;
  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
}

function take(page) {
  for (const place of document.querySelectorAll("[data-fresh]")) {
    const key = CSS.escape(place.dataset.fresh);
    const fresh = page.querySelector(`[data-fresh="${key}"]`);
    if (fresh && fresh.innerHTML !== place.innerHTML) place.replaceChildren(...fresh.childNodes);
  }
}

if (root) start();
