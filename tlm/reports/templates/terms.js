"use strict";
// What a figure is, shown where it is pointed at or has the focus. Text only: nothing of a file becomes markup.
const definitions = JSON.parse(document.getElementById("definitions").textContent);
const tip = document.getElementById("tip");
let told = null;

function columnOf(cell) {
  const head = cell.closest("table").tHead.rows[0];
  return head.cells[cell.cellIndex];
}

function saidOf(element) {
  const cell = element.closest("td");
  if (!cell) {
    const owner = element.closest("[data-def]");
    if (!owner) return null;
    return { head: (owner.querySelector("button, .term") || owner).innerText.trim(), text: definitions[owner.dataset.def] };
  }
  const column = columnOf(cell), name = cell.closest("tr").dataset.def || column.dataset.def;
  if (!name) return null;
  const unit = column.dataset.unit || "";
  return { head: `${cell.dataset.value ?? cell.innerText} ${unit}`.trim(), text: definitions[name] };
}

function show(element, at) {
  const said = saidOf(element);
  if (!said) return hide();
  tip.replaceChildren();
  const head = document.createElement("b");
  head.textContent = said.head;
  tip.append(head, said.text);
  tip.hidden = false;
  told = element.closest("button, .term, td") || element;
  told.setAttribute("aria-describedby", "tip");
  place(at);
}

function place(at) {
  const box = told.getBoundingClientRect();
  const width = tip.offsetWidth, height = tip.offsetHeight;
  const left = at ? at.clientX + 14 : box.left;
  const below = box.bottom + 8 + height < window.innerHeight;
  tip.style.left = `${Math.max(8, Math.min(left, window.innerWidth - width - 8))}px`;
  tip.style.top = `${Math.max(8, below ? box.bottom + 8 : box.top - height - 8)}px`;
}

function hide() {
  tip.hidden = true;
  if (told) told.removeAttribute("aria-describedby");
  told = null;
}

const POINTED = "td, th[data-def], dt[data-def], .keys button, tr[data-def] > th";
document.addEventListener("mouseover", (event) => {
  const element = event.target.closest(POINTED);
  if (element) show(element, event);
  else hide();
});
document.addEventListener("focusin", (event) => {
  const element = event.target.closest("td, .term, th button, .keys button");
  if (element) show(element);
  else hide();
});
document.addEventListener("focusout", hide);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
document.addEventListener("scroll", () => {
  if (told && told === document.activeElement) place();
  else hide();
}, { capture: true, passive: true });

// The section that is read is marked in the navigation.
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const reading = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.classList.remove("here");
    links.get(entry.target.id).classList.add("here");
  }
}, { rootMargin: "-20% 0px -70% 0px" });
for (const section of document.querySelectorAll("main > section")) reading.observe(section);
