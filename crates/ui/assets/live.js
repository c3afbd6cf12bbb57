// Keeps a thread current: new replies appear, changed ones change. The server renders; this file only puts in place.
// What may not enter: markup. Whatever is shown of a post comes from the server as one fragment.

import { refresh } from "./time.js";

const MOST_FAILURES = 8;

class LiveThread {
  constructor(section) {
    this.section = section;
    this.posts = section.querySelector("#posts");
    this.announcer = section.querySelector("[data-live-announce]");
    this.status = document.querySelector("[data-live-status]");
    this.toasts = section.querySelector("[data-live-toast]");
    this.lastId = null;
    this.failures = 0;
    this.unseen = 0;
    // One fragment after the other, so that posts come in the order of their events.
    this.queue = Promise.resolve();
    this.pill = this.makePill();
    this.open();
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (event) => event.persisted && this.open());
    addEventListener("scroll", () => this.atEnd() && this.seen(), { passive: true });
  }

  open() {
    const url = new URL(this.section.dataset.liveUrl, location.href);
    if (this.lastId) url.searchParams.set("after", this.lastId);
    this.source = new EventSource(url);
    this.source.addEventListener("error", () => this.failed());
    this.on("hello", (event) => this.greeted(event));
    this.on("reply_posted", (event) => this.replied(event));
    this.on("post_edited", (event) => this.edited(event));
    this.on("thread_locked", () => this.toast("This thread was locked."));
    this.on("thread_unlocked", () => this.toast("This thread was unlocked: reload to reply."));
  }

  on(name, handle) {
    this.source.addEventListener(name, (message) => {
      if (message.lastEventId) this.lastId = message.lastEventId;
      let event;
      try {
        event = JSON.parse(message.data);
      } catch {
        return;
      }
      this.queue = this.queue.then(() => handle(event)).catch(() => this.show("off", "Updates missed: reload"));
    });
  }

  // First on every connection. A mere opened connection proves less: a proxy may hold back what follows.
  greeted(event) {
    this.failures = 0;
    // Away for so long that the server does not go through all that happened since.
    if (event.missed) this.show("off", "Updates missed: reload");
    else this.show("on", "Live");
  }

  // The browser tries again by itself, unless the server said that there is nothing to come back for.
  failed() {
    this.failures += 1;
    if (this.source.readyState !== EventSource.CLOSED && this.failures < MOST_FAILURES) {
      this.show("waiting", "Reconnecting…");
      return;
    }
    this.source.close();
    this.show("off", "Not live: reload for news");
  }

  show(state, text) {
    if (!this.status) return;
    this.status.hidden = false;
    this.status.dataset.state = state;
    this.status.querySelector("[data-live-text]").textContent = text;
  }

  // A post that may not be seen, or no longer, is no failure: there is simply nothing to show.
  async fragment(id) {
    const base = this.section.dataset.fragmentBase;
    const answer = await fetch(base + encodeURIComponent(id), { headers: { Accept: "text/html" } });
    if (answer.status === 403 || answer.status === 404 || answer.status === 410) return null;
    if (!answer.ok) throw new Error(`The fragment was answered with ${answer.status}.`);
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    refresh(template.content);
    return template.content.querySelector("article");
  }

  find(id) {
    return document.getElementById(`post-${id}`);
  }

  async replied({ post_id: id }) {
    if (this.find(id)) return;
    const wasAtEnd = this.atEnd();
    const post = await this.fragment(id);
    if (!post || this.find(id)) return;
    this.count(Number(post.dataset.number));
    if (this.section.dataset.liveEnd === undefined) {
      this.announce("A new reply was posted at the end of this thread.");
      return;
    }
    post.classList.add("post--new");
    this.posts.append(post);
    this.announce(`New reply: ${post.getAttribute("aria-label")}`);
    if (wasAtEnd && !document.hidden) return;
    this.unseen += 1;
    this.firstUnseen ??= post;
    this.pill.textContent = this.unseen === 1 ? "1 new reply" : `${this.unseen} new replies`;
    this.pill.hidden = false;
  }

  async edited({ post_id: id }) {
    const old = this.find(id);
    if (!old) return;
    const post = await this.fragment(id);
    // Nothing is taken from under somebody's hands: who works inside the post keeps it as it is.
    if (!post || old.contains(document.activeElement)) return;
    old.replaceWith(post);
    if (this.firstUnseen === old) this.firstUnseen = post;
  }

  count(number) {
    for (const element of document.querySelectorAll("[data-post-count]")) {
      const most = Math.max(Number(element.textContent), number);
      element.textContent = String(most);
      const noun = element.parentElement.querySelector("[data-post-noun]");
      if (noun) noun.textContent = most === 1 ? "post" : "posts";
    }
  }

  // One at a time: the newest state of the thread is the one that counts.
  toast(text) {
    const template = this.section.querySelector("[data-live-toast-template]");
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelector(".alert__text").textContent = text;
    const dismiss = toast.querySelector("[data-dismiss]");
    dismiss.hidden = false;
    dismiss.addEventListener("click", () => toast.remove());
    this.toasts.replaceChildren(toast);
  }

  announce(text) {
    if (this.announcer) this.announcer.textContent = text;
  }

  atEnd() {
    const last = this.posts.lastElementChild;
    return !last || last.getBoundingClientRect().top < innerHeight;
  }

  makePill() {
    const pill = document.createElement("button");
    pill.type = "button";
    pill.className = "pill";
    pill.hidden = true;
    pill.addEventListener("click", () => {
      const post = this.firstUnseen;
      this.seen();
      post?.scrollIntoView({ block: "start" });
      post?.querySelector("a")?.focus({ preventScroll: true });
    });
    document.body.append(pill);
    return pill;
  }

  seen() {
    this.unseen = 0;
    this.firstUnseen = null;
    this.pill.hidden = true;
  }
}

for (const section of document.querySelectorAll("[data-live-url]")) new LiveThread(section);
