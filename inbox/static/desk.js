// The bell, the flash of what is new, the keys. The list itself is kept fresh by live.js.
"use strict";
(() => {
  const list = document.getElementById("cases");
  const button = document.getElementById("sound");
  const hint = document.getElementById("sound-hint");
  const news = document.getElementById("news");
  const KEY = "suifang.sound";
  let context = null;

  const keep = (value) => { try { localStorage.setItem(KEY, value); } catch { /* private window */ } };
  const kept = () => { try { return localStorage.getItem(KEY) === "on"; } catch { return false; } };
  let wanted = kept();

  // Two short tones, made here: no file to load, nothing to go missing.
  function ring() {
    if (!context || context.state !== "running") return;
    for (const [at, pitch] of [[0, 880], [0.28, 660], [0.56, 880]]) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      const begin = context.currentTime + at;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, begin);
      volume.gain.exponentialRampToValueAtTime(0.4, begin + 0.03);
      volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.24);
      tone.connect(volume).connect(context.destination);
      tone.start(begin);
      tone.stop(begin + 0.26);
    }
    document.documentElement.dataset.rang = String(Number(document.documentElement.dataset.rang || 0) + 1);
  }

  function show() {
    button.setAttribute("aria-pressed", String(wanted));
    button.textContent = wanted ? "响铃已开" : "打开响铃";
    const asleep = wanted && (!context || context.state !== "running");
    hint.textContent = asleep ? "浏览器要先点一下页面，铃声才会响。" : wanted ? "有新的紧急情况会响铃，请别静音。" : "";
    document.documentElement.dataset.awake = wanted ? "yes" : "";
  }

  async function wake() {
    if (!wanted) return;
    const Sound = window.AudioContext || window.webkitAudioContext;
    if (!Sound) { hint.textContent = "这个浏览器不会响铃，请常看一眼。"; return; }
    context ??= new Sound();
    if (context.state !== "running") await context.resume().catch(() => {});
    show();
  }

  const seen = new Map();
  const note = () => { for (const one of list.querySelectorAll("[data-case]")) seen.set(one.dataset.case, one.dataset.level); };

  // A case that was not here before, or that has become an emergency.
  function compare() {
    let grave = 0, fresh = 0;
    for (const one of list.querySelectorAll("[data-case]")) {
      const before = seen.get(one.dataset.case);
      const worse = before !== "emergency" && one.dataset.level === "emergency";
      if (before === undefined || worse) {
        one.classList.add("fresh");
        fresh += 1;
        grave += worse ? 1 : 0;
      }
    }
    note();
    if (fresh) news.textContent = grave ? `新来紧急情况 ${grave} 件` : `新来 ${fresh} 件`;
    if (grave && wanted) ring();
  }

  if (list && button) {
    note();
    new MutationObserver(compare).observe(list, { childList: true });
    document.getElementById("bell").hidden = false;
    button.addEventListener("click", async () => {
      wanted = !wanted;
      keep(wanted ? "on" : "off");
      await wake();
      show();
      if (wanted) ring();
    });
    document.addEventListener("pointerdown", wake);
    document.addEventListener("keydown", wake);
    const village = document.getElementById("village");
    village?.addEventListener("change", () => village.form.requestSubmit());
    show();
  }

  // 70 characters in one SMS, 67 in each of several.
  function measure(area) {
    const line = document.getElementById(area.dataset.length);
    const length = area.value.length;
    const most = Number(area.dataset.most);
    const parts = length <= 70 ? 1 : Math.ceil(length / 67);
    line.textContent = length ? `${length} 字，短信 ${parts} 条${length > most ? `，最多 ${most} 字` : ""}` : "";
    line.classList.toggle("over", length > most);
  }
  for (const area of document.querySelectorAll("textarea[data-length]")) {
    area.addEventListener("input", () => measure(area));
    measure(area);
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "Escape" && typing) typing.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "r" && document.getElementById("text")) {
      event.preventDefault();
      document.getElementById("text").focus();
    }
    if (!list || (event.key !== "j" && event.key !== "k")) return;
    const all = [...list.querySelectorAll("[data-case]")];
    const at = all.indexOf(document.activeElement);
    const next = event.key === "j" ? at + 1 : Math.max(0, at - 1);
    all[Math.min(next, all.length - 1)]?.focus();
  });
})();
