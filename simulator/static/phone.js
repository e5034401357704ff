// Keeps the phone alive: sends forms without leaving the page and fetches what changed.
// Everything on the page works without this file.
"use strict";

const POLL_MS = 900;
const chat = document.getElementById("chat");
const line = document.getElementById("line");
const problem = document.getElementById("problem");
const following = chat.classList.contains("chat-live");
let version = following ? chat.firstElementChild.dataset.version : "";

async function refresh() {
  const response = await fetch(`${chat.dataset.feed}?version=${version}`);
  if (response.status !== 200) return;
  const screen = await response.json();
  if (screen.following !== following) {
    location.reload();
    return;
  }
  version = screen.version;
  line.innerHTML = screen.line;
  if (!following) return;
  const atBottom = chat.scrollTop > -40;
  chat.innerHTML = screen.chat;
  if (atBottom) chat.scrollTop = 0;
}

function show(message) {
  problem.textContent = message;
  problem.hidden = !message;
}

async function post(form, submitter) {
  const body = new FormData(form, submitter);
  const headers = { accept: "application/json" };
  const response = await fetch(form.action, { method: "POST", body, headers });
  const answer = response.ok ? await response.json() : { problem: "模拟器没有应答" };
  show(answer.problem);
  return !answer.problem;
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const typed = form.querySelector('input[type="text"]');
  const words = typed ? typed.value : "";
  const sending = post(form, event.submitter);
  if (typed) {
    typed.value = "";
    typed.focus();
  }
  try {
    const done = await sending;
    if (!done && typed && !typed.value) typed.value = words;
    if (chat.classList.contains("chat-live")) chat.scrollTop = 0;
    await refresh();
  } catch {
    show("模拟器没有应答");
    if (typed && !typed.value) typed.value = words;
  }
  for (const open of form.querySelectorAll("details[open]")) open.open = false;
  if (form.closest(".tools")) document.getElementById("more-open").checked = false;
});

document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.type === "file" && input.files.length) {
    input.form.requestSubmit();
    input.form.reset();
  }
});

const chosen = document.querySelector(".person.is-chosen");
if (chosen) chosen.scrollIntoView({ block: "nearest" });

// On a touch screen the keyboard would cover half of the chat.
if (following && matchMedia("(hover: hover)").matches) document.querySelector(".write-text").focus();

setInterval(() => {
  if (!document.hidden) refresh().catch(() => {});
}, POLL_MS);
