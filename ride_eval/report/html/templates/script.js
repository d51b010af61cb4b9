"use strict";
(() => {
  const table = document.getElementById("flipped");
  if (!table) return;
  const rows = [...table.tBodies];
  const byId = (id) => document.getElementById(id);
  const texts = rows.map((row) => row.textContent.toLowerCase());

  const filter = () => {
    const words = byId("query").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [model, task, arm] = ["by-model", "by-task", "by-arm"].map((id) => byId(id).value);
    let shown = 0;
    rows.forEach((row, place) => {
      const fits = (!model || row.dataset.model === model) && (!task || row.dataset.task === task) &&
        (!arm || row.dataset.by.split("\n").includes(arm)) && words.every((word) => texts[place].includes(word));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    byId("matches").textContent = `${shown} of ${rows.length}`;
  };
  byId("filter").addEventListener("input", filter);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  filter();

  const numeric = new Set(["arms", "entropy", "change"]);
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const head = button.closest("th");
    const name = button.dataset.sort;
    const rising = numeric.has(name) ? head.getAttribute("aria-sort") === "descending" : head.getAttribute("aria-sort") !== "ascending";
    table.tHead.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const key = (row) => numeric.has(name) ? (row.dataset[name] === "" ? NaN : Math.abs(Number(row.dataset[name]))) : row.dataset[name];
    const order = [...rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (numeric.has(name)) {
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return rising ? x - y : y - x;
      }
      return rising ? x.localeCompare(y) : y.localeCompare(x);
    });
    order.forEach((row) => table.append(row));
  });
})();
