// The dictionary's search and its pictures of what a table is made from. Reads no network and no other file.
"use strict";
(() => {
  // By table and column, the columns that it is made from, by their table: as the last cells say, "table: column, column; …".
  // Thousands of links would be a third of the file, so they are made here.
  const lineage = {};
  for (const cell of document.querySelectorAll(".entry td:last-child")) {
    if (!cell.textContent.trim()) continue;
    const [table, column] = parts(cell.parentNode.id), made = ((lineage[table] ??= {})[column] = {});
    for (const said of cell.textContent.trim().split("; ")) {
      const [origin, columns] = said.split(": ");
      made[origin] = columns.split(", ");
    }
    cell.replaceChildren(...Object.entries(made).flatMap(([origin, columns], place) => [
      (place ? "; " : "") + origin + ": ", ...columns.flatMap((one, at) => [...(at ? [", "] : []), linkTo(origin, one)])]));
  }
  function linkTo(table, column) {
    const link = document.createElement("a");
    link.href = "#" + table + "." + column;
    link.textContent = column;
    return link;
  }
  function parts(id) {
    const dot = id.lastIndexOf(".");
    return [id.slice(0, dot), id.slice(dot + 1)];
  }

  const search = document.getElementById("search"), wanted = document.getElementById("wanted"), found = document.getElementById("found");
  const tables = [...document.querySelectorAll("section.entry")].map((section) => ({
    section,
    said: (section.id + " " + section.querySelector("p").textContent).toLowerCase(),
    rows: [...section.querySelectorAll("tbody tr")].map((row) => ({ row, said: (row.id + " " + row.textContent).toLowerCase() })),
  }));
  const said = JSON.parse(found.dataset.said), locale = document.documentElement.lang + "-u-nu-latn";
  const plurals = new Intl.PluralRules(locale), numbers = new Intl.NumberFormat(locale);
  const all = tables.reduce((sum, { rows }) => sum + rows.length, 0);

  // A table whose own name or text fits shows all of its columns.
  function filter() {
    const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (text) => words.every((word) => text.includes(word));
    let shown = 0;
    for (const { section, said, rows } of tables) {
      const whole = fits(said);
      let left = 0;
      for (const { row, said: of } of rows) {
        row.hidden = !(whole || fits(of));
        left += !row.hidden;
      }
      section.hidden = left === 0;
      shown += left;
    }
    found.textContent = words.length ? (said[plurals.select(all)] ?? said.other).replace("%(shown)s", numbers.format(shown)).replace("%(all)s", numbers.format(all)) : "";
  }

  // Pictures ------------------------------------------------------------------------------------------------------
  const WIDE = 250, LINE = 15, GAP = 90, MOST = 6;

  // What a table's column (all of them: "") is made of, table by table, down to the fields of sources.
  function ancestors(aim, column) {
    const nodes = new Map([[aim, new Set(column ? [column] : [])]]), edges = new Map();
    const waiting = (column ? [column] : Object.keys(lineage[aim])).map((one) => [aim, one]), seen = new Set();
    while (waiting.length) {
      const [table, name] = waiting.pop(), key = table + "." + name;
      if (seen.has(key)) continue;
      seen.add(key);
      for (const [origin, columns] of Object.entries(lineage[table]?.[name] ?? {})) {
        if (!nodes.has(origin)) nodes.set(origin, new Set());
        if (origin !== table) edges.set(origin + ">" + table, [origin, table]);
        for (const one of columns) { nodes.get(origin).add(one); waiting.push([origin, one]); }
      }
    }
    return { nodes, edges: [...edges.values()] };
  }

  // How many steps each table lies before the aim; tables that are made of each other share a way, so depth is bounded.
  function depths(aim, nodes, edges) {
    const depth = new Map([[aim, 0]]);
    for (let round = 0; round < nodes.size; round++) {
      let moved = false;
      for (const [from, to] of edges) {
        const next = (depth.get(to) ?? -1) + 1;
        if (depth.has(to) && next > (depth.get(from) ?? -1) && next < nodes.size) { depth.set(from, next); moved = true; }
      }
      if (!moved) break;
    }
    return depth;
  }

  function place(aim, { nodes, edges }) {
    const depth = depths(aim, nodes, edges), deepest = Math.max(...depth.values()), layers = [];
    for (const [table, columns] of nodes) {
      const layer = table.startsWith("landing.") ? 0 : deepest - (depth.get(table) ?? deepest);
      const names = [...columns].sort(), lines = names.length > MOST ? [...names.slice(0, MOST), "+ " + (names.length - MOST)] : names;
      (layers[layer] ??= []).push({ table, lines, high: LINE * (lines.length + 1) + 12, layer });
    }
    const boxes = new Map(), filled = layers.filter(Boolean), tall = (layer) => layer.reduce((sum, { high }) => sum + high + 12, 0), most = Math.max(...filled.map(tall));
    filled.forEach((layer, across) => {
      let down = 10 + (most - tall(layer)) / 2;
      layer.sort((a, b) => (a.table < b.table ? -1 : 1));
      for (const box of layer) {
        Object.assign(box, { x: 10 + across * (WIDE + GAP), y: down });
        down += box.high + 12;
        boxes.set(box.table, box);
      }
    });
    return boxes;
  }

  function make(name, attributes, ...inside) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  }

  function drawBox({ table, lines, high, x, y }, aim) {
    const texts = lines.map((line, at) => make("text", { x: x + 8, y: y + 18 + LINE * (at + 1), class: "columns" }, line));
    return make("a", { href: "#" + table, class: table === aim ? "aim" : "" },
      make("rect", { x, y, width: WIDE, height: high, rx: 6 }), make("text", { x: x + 8, y: y + 18 }, table), ...texts);
  }

  function drawEdge(from, to) {
    const [x, y, toX, toY] = [from.x + WIDE, from.y + from.high / 2, to.x, to.y + to.high / 2], bend = Math.max(40, (toX - x) / 2);
    return make("path", { d: `M${x} ${y} C${x + bend} ${y} ${toX - bend} ${toY} ${toX} ${toY}` });
  }

  function draw(picture, aim, column, label) {
    const made = ancestors(aim, column), boxes = place(aim, made), all = [...boxes.values()];
    const width = Math.max(...all.map((box) => box.x)) + WIDE + 10, height = Math.max(...all.map((box) => box.y + box.high)) + 10;
    const lines = made.edges.map(([from, to]) => drawEdge(boxes.get(from), boxes.get(to)));
    picture.replaceChildren(make("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label },
      ...lines, ...all.map((box) => drawBox(box, aim))));
    picture.scrollLeft = width;
    picture.scrollTop = 0;
  }

  function open(details) {
    const aim = details.dataset.picture, label = document.createElement("label"), choice = document.createElement("select"), drawing = document.createElement("div");
    choice.append(new Option(aim + ".*", ""), ...Object.keys(lineage[aim]).map((name) => new Option(aim + "." + name, name)));
    choice.setAttribute("aria-label", details.querySelector("summary").textContent);
    label.append(choice);
    Object.assign(drawing, { className: "drawing", tabIndex: 0 });
    drawing.setAttribute("role", "group");
    drawing.setAttribute("aria-label", details.dataset.label);
    details.append(label, drawing);
    const again = () => draw(drawing, aim, choice.value, details.dataset.label);
    choice.addEventListener("change", again);
    again();
  }

  for (const details of document.querySelectorAll("[data-picture]")) {
    details.hidden = false;
    details.addEventListener("toggle", () => { if (details.open && !details.querySelector("svg")) open(details); });
  }
  search.hidden = false;
  search.addEventListener("submit", (event) => event.preventDefault());
  wanted.addEventListener("input", filter);
  // A link into what the search has hidden shows everything again.
  const arrive = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.closest("[hidden]")) { wanted.value = ""; filter(); target.scrollIntoView(); }
  };
  addEventListener("hashchange", arrive);
})();
