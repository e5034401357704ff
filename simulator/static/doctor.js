// Fetches new notices; without this file the page reloads itself.
"use strict";

const POLL_MS = 1500;
const notices = document.getElementById("notices");

async function refresh() {
  const url = new URL(notices.dataset.feed, location.href);
  url.searchParams.set("version", notices.dataset.version);
  const response = await fetch(url);
  if (response.status !== 200) return;
  const screen = await response.json();
  notices.dataset.version = screen.version;
  notices.innerHTML = screen.notices;
}

setInterval(() => {
  // Whoever is typing an answer is not interrupted.
  const typing = notices.contains(document.activeElement) && document.activeElement.value;
  if (!document.hidden && !typing) refresh().catch(() => {});
}, POLL_MS);
