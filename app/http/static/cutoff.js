// Keeps a page up to date by one event stream, and leaves it when its session has ended. Without it, pages work as well.
"use strict";

(() => {
  const CHECK_AFTER_MS = 2000;
  const CHECK_AT_LEAST_EVERY_MS = 60000;
  const TELL_AFTER_MS = 3000;
  const BACK_IN = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

  const SHORT = { dateStyle: "medium", timeStyle: "short" };
  // Where an instant in UTC is asked for beside it.
  const WITH_ZONE = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };

  // Times --------------------------------------------------------------------------------------------------

  // Full dates in the visitor's own zone and manner; the server wrote them in UTC. Ages stay as they were told.
  function tellTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]:not([data-told])")) {
      const at = new Date(time.dateTime);
      time.dataset.told = "";
      const full = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
      if ("age" in time.dataset) {
        time.title = full;
      } else {
        time.title = time.textContent;
        time.textContent = at.toLocaleString(undefined, time.closest("[data-zoned]") ? WITH_ZONE : SHORT);
      }
    }
  }

  // By how long they have been here, so the visitor's clock need not be right.
  function inWords(seconds) {
    for (const [unit, size] of BACK_IN) {
      if (seconds >= size) {
        const count = Math.floor(seconds / size);
        return `${count} ${unit}${count === 1 ? "" : "s"}`;
      }
    }
    return "no time";
  }

  // Each counts from when it came: a fragment that is fetched again says anew how much is left.
  const countedFrom = new WeakMap();

  function tellCountdowns() {
    for (const each of document.querySelectorAll("[data-seconds-left]")) {
      const left = Number(each.dataset.secondsLeft);
      if (countedFrom.get(each)?.left !== left) countedFrom.set(each, { left, at: performance.now() });
      const gone = (performance.now() - countedFrom.get(each).at) / 1000;
      each.textContent = inWords(Math.max(0, left - gone));
    }
  }

  // The stream ---------------------------------------------------------------------------------------------

  const told = () => document.getElementById("stream");
  let source = null;
  let next = null;
  let checkAfterMs = CHECK_AFTER_MS;
  let silentSince = null;

  function topics() {
    const named = [...document.querySelectorAll("[data-topic]")].map((each) => each.dataset.topic);
    return [...new Set(named)].sort();
  }

  function refresh(topic) {
    for (const each of document.querySelectorAll("[data-topic]")) {
      if (topic === null || each.dataset.topic === topic) {
        htmx.trigger(each, "changed");
      }
    }
  }

  function leave(reason) {
    const here = location.pathname + location.search;
    location.assign(`/sign-in?${new URLSearchParams({ reason, next: here })}`);
  }

  function stop() {
    clearTimeout(next);
    source?.close();
    source = null;
  }

  // A page that nobody looks at does not listen: browsers have only a few connections to one server.
  function listen(afterMs = 0) {
    stop();
    const wanted = topics();
    if (wanted.length === 0 || document.hidden) return;
    next = setTimeout(() => {
      source = new EventSource(`/events?${new URLSearchParams(wanted.map((topic) => ["topic", topic]))}`);
      source.addEventListener("open", opened);
      source.addEventListener("changed", (event) => refresh(event.data));
      source.addEventListener("closing", closing);
      source.addEventListener("error", failed);
    }, afterMs);
  }

  function opened() {
    refresh(null); // whatever changed since the page was made, or the last stream ended, was not heard
    silentSince = null;
    checkAfterMs = CHECK_AFTER_MS;
    told().textContent = "";
  }

  // The last event: the credential is dead, or this node is going and another one will do.
  function closing(event) {
    const { reason, retry, retry_after_ms: waitMs } = JSON.parse(event.data);
    stop();
    silentSince = performance.now();
    if (retry === "now") {
      listen(waitMs);
    } else {
      leave(reason);
    }
  }

  // The browser tries again by itself, unless the server said no: then it is to be seen whether we are still signed in.
  function failed() {
    silentSince ??= performance.now();
    setTimeout(() => {
      if (silentSince !== null && performance.now() - silentSince >= TELL_AFTER_MS) {
        told().textContent = "This page does not keep up at the moment; it will again when the server answers.";
      }
    }, TELL_AFTER_MS);
    if (source?.readyState === EventSource.CLOSED) {
      refresh(null);
      listen(checkAfterMs);
      checkAfterMs = Math.min(2 * checkAfterMs, CHECK_AT_LEAST_EVERY_MS);
    }
  }

  // ---------------------------------------------------------------------------------------------------------

  document.addEventListener("DOMContentLoaded", () => {
    tellTimes(document);
    tellCountdowns();
    setInterval(tellCountdowns, 1000);
    listen();
  });
  document.addEventListener("htmx:after:swap", () => tellTimes(document));
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  // A form leads on by itself, also where what it does ends this very session.
  document.addEventListener("submit", stop);
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) listen(); // back from the browser's own store, where no stream lives
  });
})();
