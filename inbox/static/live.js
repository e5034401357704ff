// Small comforts. Everything works without this file: the list then reloads itself once a minute.
"use strict";
(() => {
  const EVERY = 20000;
  const offline = document.getElementById("offline");
  // The page of a refused form stands at the form's address, which cannot be asked again.
  const shown = document.querySelector("link[rel=canonical]");
  const here = shown ? shown.href : location.pathname + location.search;
  const signedOut = document.getElementById("signed-out");

  const active = (part) => (part.contains(document.activeElement) && document.activeElement !== part ? document.activeElement : null);
  const listening = (part) => [...part.querySelectorAll("audio")].some((one) => !one.paused);
  const busy = (part) => listening(part) || Boolean(active(part)?.closest("input, textarea, select, summary, .latest"));

  // Whoever walks the list with the keyboard stays where they are.
  function renew(part, html) {
    const at = active(part)?.getAttribute("href");
    part.innerHTML = html;
    if (at) [...part.querySelectorAll("a[href]")].find((one) => one.getAttribute("href") === at)?.focus();
  }

  async function refresh() {
    // With the bell on, the page listens even from behind another window.
    const awake = document.documentElement.dataset.awake;
    if ((document.hidden && !awake) || !document.querySelector("[data-live]")) return;
    try {
      const answer = await fetch(here, { headers: { "X-Refresh": "1" }, redirect: "manual" });
      // Signed out: say so, and leave the page and what was typed alone.
      signedOut.hidden = answer.type !== "opaqueredirect";
      if (!signedOut.hidden) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const other = fresh.getElementById(part.id);
        if (other && !busy(part) && other.innerHTML !== part.innerHTML) renew(part, other.innerHTML);
      }
      document.title = fresh.title;
      offline.hidden = true;
    } catch {
      offline.hidden = false;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    event.preventDefault();
    const text = document.getElementById("text");
    text.value = text.value + button.dataset.insert;
    text.dispatchEvent(new Event("input"));
    text.focus();
  });

  // A second tap on a slow line must not send a second form.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
})();
