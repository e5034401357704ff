// The keys under the screen write digits. Everything on the page works without this file.
"use strict";

const keypad = document.getElementById("keypad");
const draft = document.querySelector(".write-text");

keypad.hidden = false;
keypad.addEventListener("click", (event) => {
  const key = event.target.dataset.key;
  if (!key) return;
  if (key === "删") draft.value = draft.value.slice(0, -1);
  else if (draft.value.length < draft.maxLength) draft.value += key === "空格" ? " " : key;
});
