// Relative times, in the words of `time.rs`: the server's first sight and the browser's later ones must agree.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "3 h ago", "in 5 min", "2 Jan": both arguments in milliseconds since 1970. */
export function relative(at, now) {
  const seconds = Math.trunc((now - at) / 1000);
  const s = Math.abs(seconds);
  if (s < MINUTE) return "just now";
  if (s >= 30 * DAY) return date(new Date(at), new Date(now));
  let distance = `${Math.floor(s / DAY)} days`;
  if (s < HOUR) distance = `${Math.floor(s / MINUTE)} min`;
  else if (s < DAY) distance = `${Math.floor(s / HOUR)} h`;
  else if (s < 2 * DAY) distance = "1 day";
  return seconds < 0 ? `in ${distance}` : `${distance} ago`;
}

function date(at, now) {
  const year = at.getUTCFullYear() === now.getUTCFullYear() ? undefined : "numeric";
  const parts = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year, timeZone: "UTC" });
  // British English abbreviates September to four letters; the server does not.
  return parts.format(at).replace("Sept", "Sep");
}

/** Brings every relative time below `root` up to date, and its title into the reader's own time zone. */
export function refresh(root = document) {
  const now = Date.now();
  for (const element of root.querySelectorAll("time[data-relative]")) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) continue;
    const words = relative(at, now);
    if (element.textContent !== words) element.textContent = words;
    element.title = new Date(at).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  }
}
