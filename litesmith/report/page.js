// What a browser adds to a page that is whole without it: sorting and filtering tables, choosing
// one of several panes.
"use strict";

/** Make an element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Return what a cell is sorted by: its number, else its text; null where nothing is known. */
function sortKey(cell) {
  const text = (cell.dataset.value ?? cell.textContent).trim();
  if (["", "–", "not measured"].includes(text)) return null;
  const plain = text.replace(/\s/g, "").replace("\u2212", "-");
  const number = Number.parseFloat(plain);
  return /^[-+]?[\d.]/.test(plain) && !Number.isNaN(number) ? number : text.toLowerCase();
}

/** Order two keys: numbers before words, the unknown last whichever way the table is sorted. */
function inOrder(a, b, direction) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return direction * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
}

function sortRows(table, column, direction) {
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row) => [sortKey(row.cells[column]), row]);
  keyed.sort(([a], [b]) => inOrder(a, b, direction));
  body.append(...keyed.map(([, row]) => row));
}

/** Give each column's header a button that sorts by it, the other way at the second press. */
function makeSortable(table) {
  const headers = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  headers.forEach((header, column) => {
    const button = make("button", { type: "button", className: "sort" }, ...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
      sortRows(table, column, direction);
    });
  });
}

/** Put a field before a table that hides the rows without every one of its words. */
function makeFilterable(frame, noun) {
  const rows = [...frame.querySelector("table").tBodies[0].rows];
  const field = make("input", { type: "search", autocomplete: "off", spellcheck: false });
  const status = make("output", {}, `${rows.length} ${noun}`);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    status.value = words.length ? `${shown} of ${rows.length} ${noun}` : `${rows.length} ${noun}`;
  });
  frame.before(make("p", { className: "control" }, make("label", {}, `Filter ${noun} `, field), " ", status));
}

/** Show one of the models that stand side by side, chosen from a list; without this script each opens for itself. */
function makeChooser(group) {
  const panes = [...group.children].filter((one) => one.matches("details[data-model]"));
  const list = make("select", {}, ...panes.map((pane) => new Option(pane.querySelector("summary").textContent)));
  const show = () => panes.forEach((pane, position) => {
    pane.hidden = position !== list.selectedIndex;
    pane.open = true;
  });
  list.addEventListener("change", show);
  group.classList.add("chooser");
  panes[0].before(make("p", { className: "control" }, make("label", {}, "Model ", list)));
  show();
}

for (const frame of document.querySelectorAll("[data-filter]")) makeFilterable(frame, frame.dataset.filter);
for (const frame of document.querySelectorAll("[data-sortable]")) makeSortable(frame.querySelector("table"));
const groups = [...document.querySelectorAll("details[data-model]")].map((pane) => pane.parentElement);
for (const group of new Set(groups)) makeChooser(group);
