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
  if (!document.hidden) refresh().catch(() => {});
}, POLL_MS);
