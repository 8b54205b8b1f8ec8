// Search, sorting, and cards that open when something leads to them. The page is whole without it.
"use strict";
(() => {
  const one = (id) => document.getElementById(id);
  const table = one("functions");
  const cards = [...document.querySelectorAll("details.card")];

  const openTarget = () => {
    const card = location.hash.length > 1 && one(decodeURIComponent(location.hash.slice(1)));
    if (card && card.matches("details.card")) {
      card.open = true;
      card.scrollIntoView();
    }
  };
  addEventListener("hashchange", openTarget);
  // A second click on the same link changes no hash.
  document.addEventListener("click", (event) => {
    if (event.target.closest('a[href^="#"]')) setTimeout(openTarget);
  });
  openTarget();
  if (!table) return;

  const rows = [...table.tBodies[0].rows];
  const texts = new Map(rows.map((row) => [row, (row.textContent + " " + one(row.dataset.card).textContent).toLowerCase()]));
  const found = one("found");
  const search = () => {
    const words = one("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = words.every((word) => texts.get(row).includes(word));
      row.hidden = one(row.dataset.card).hidden = !fits;
      count += fits;
    }
    found.textContent = words.length ? `${count} of ${rows.length}` : "";
  };
  one("tools").hidden = false;
  one("search").addEventListener("input", search);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input")) {
      event.preventDefault();
      one("search").focus();
    }
  });

  one("all").addEventListener("click", (event) => {
    const opens = cards.some((card) => !card.open && !card.hidden);
    for (const card of cards) if (!card.hidden) card.open = opens;
    event.target.textContent = opens ? "close all" : "open all";
  });

  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.addEventListener("click", () => {
      const isNumber = head.classList.contains("number");
      // Of numbers the largest is what one looks for.
      const first = isNumber ? "descending" : "ascending";
      const second = isNumber ? "ascending" : "descending";
      const order = head.getAttribute("aria-sort") === first ? second : first;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const value = (row) => row.cells[column].dataset.value;
      rows.sort((a, b) => sign * (isNumber ? value(a) - value(b) : value(a).localeCompare(value(b))));
      table.tBodies[0].append(...rows);
    });
  });
})();
