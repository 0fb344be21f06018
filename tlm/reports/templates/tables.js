// Tables: sorted by a head's button; one stop of the Tab key each, then the arrow keys.
function valueOf(cell) {
  const value = cell.dataset.order ?? cell.dataset.value ?? cell.textContent;
  const number = Number(value.replaceAll(",", ""));
  return value.trim() !== "" && Number.isFinite(number) ? number : value;
}

function compare(one, other) {
  const numbers = [one, other].map((value) => typeof value === "number");
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return numbers[0] ? one - other : one.localeCompare(other);
}

function sort(table, place) {
  const head = table.tHead.rows[0].cells[place];
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row.cells[place]), row]);
  rows.sort((one, other) => (down ? -1 : 1) * compare(one[0], other[0]));
  table.tBodies[0].append(...rows.map((pair) => pair[1]));
}

for (const table of document.querySelectorAll("table")) {
  if (table.classList.contains("sortable")) {
    table.tHead.addEventListener("click", (event) => {
      const head = event.target.closest("th");
      if (head && event.target.closest("button")) sort(table, head.cellIndex);
    });
  }
  const first = table.tBodies[0].querySelector("td");
  if (first) first.tabIndex = 0;
  table.tBodies[0].addEventListener("keydown", step);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
function step(event) {
  const cell = event.target.closest("td"), by = STEPS[event.key];
  if (!cell || !by) return;
  const rows = cell.closest("tbody").rows;
  const next = rows[cell.parentElement.sectionRowIndex + by[1]]?.cells[cell.cellIndex + by[0]];
  if (!next || next.tagName !== "TD") return;
  event.preventDefault();
  cell.removeAttribute("tabindex");
  next.tabIndex = 0;
  next.focus();
}
