// Live counters, and a preview that follows what is typed. The form works without it.
"use strict";
(() => {
  const form = document.getElementById("article");
  if (!form) return;
  const PAUSE = 900;
  let waiting = 0;
  let running = null;

  function count(field) {
    const line = document.getElementById(field.dataset.count);
    const length = [...field.value].length;
    const most = Number(field.dataset.most || 0);
    line.textContent = length ? `${length} 字${most ? `，最多 ${most} 字` : ""}` : "";
    line.classList.toggle("over", most > 0 && length > most);
  }

  // form.action would be the button of that name. The server composes, as it does for patients; and keeps what is typed, should the session end.
  async function look() {
    running?.abort();
    running = new AbortController();
    const typed = new URLSearchParams(new FormData(form));
    typed.set("action", "preview");
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: typed, signal: running.signal });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("preview");
      const here = document.getElementById("preview");
      if (fresh && here) here.replaceChildren(...fresh.childNodes);
      document.documentElement.dataset.previewed = String(Number(document.documentElement.dataset.previewed || 0) + 1);
    } catch { /* typed on, or offline: the next pause tries again */ }
  }

  for (const field of form.querySelectorAll("[data-count]")) {
    field.addEventListener("input", () => count(field));
    count(field);
  }
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, PAUSE);
  });
  form.addEventListener("submit", () => { clearTimeout(waiting); running?.abort(); });
})();
