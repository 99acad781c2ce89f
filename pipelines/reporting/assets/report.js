// What a reader's filter changes: the same views as the page was made with, of the facts that are left.
// Reads no network and no other file. Without it the page shows everything, unfiltered and without charts.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const locale = data.language + "-u-nu-latn";
  const filters = document.getElementById("filters");
  const ORDER = ["inside", "outside", "hybrid", "unknown"], CHOICES = ["rep_type", "team", "source_type"];
  const word = (text) => data.words[text] ?? text;
  const number = (options) => new Intl.NumberFormat(locale, options);
  const numbers = {
    count: number({ maximumFractionDigits: 0 }),
    number: number({ minimumFractionDigits: 1, maximumFractionDigits: 2 }),
    tiny: number({ minimumSignificantDigits: 1, maximumSignificantDigits: 3 }),
    share: number({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    change: number({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "always" }),
    money: number({ style: "currency", currency: data.currency, minimumFractionDigits: 0, maximumFractionDigits: 0 }),
  };
  const plurals = new Intl.PluralRules(locale);
  const days = {
    date: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" }),
    month: new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", timeZone: "UTC" }),
    weekday: new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" }),
    instant: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", timeZone: data.timezone }),
  };
  const clock = (value) => {
    const seconds = Math.round(value), two = (part) => String(part).padStart(2, "0");
    return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  };

  function scopeOf(value) {
    const [scope] = value.split("/", 1), name = value.slice(scope.length + 1);
    return scope === "company" ? word("Company") : scope === "team" ? name : word(name);
  }

  // Between Arabic letters a symbol such as US$ is held together by marks, as the page has it.
  function money(value) {
    const mark = document.documentElement.dir === "rtl" ? "\u200e" : "";
    return numbers.money.formatToParts(value).map(({ type, value: part }) => (type === "currency" ? mark + part + mark : part)).join("");
  }

  function shown(value, kind) {
    if (value === null || value === undefined) return "–";
    if (kind === "word") return word(String(value));
    if (kind === "scope") return scopeOf(String(value));
    if (kind === "weekday") return days.weekday.format(new Date(Date.UTC(2024, 0, value)));
    if (kind === "date" || kind === "month" || kind === "instant") return days[kind].format(new Date(value));
    if (kind === "seconds") return clock(value);
    if (kind === "number" && value && Math.abs(value) < 0.01) return numbers.tiny.format(value);
    if (kind === "money") return money(value);
    return kind in numbers ? numbers[kind].format(value) : String(value);
  }

  // The cell of a column: texts and days are characters that number a list of them, the first is ">".
  const at = (column, row) => (column.codes ? column.values[column.codes.charCodeAt(row) - 62] : column[row]);

  function chosen() {
    return filters && !filters.hidden ? Object.fromEntries(new FormData(filters)) : {};
  }

  function rowsLeft(cube, wanted) {
    const since = wanted.period && cube.period ? new Date(Date.parse(data.asOf) - wanted.period * 864e5).toISOString().slice(0, 10) : "";
    const scope = cube.whole && (wanted.scope || cube.whole), left = [];
    for (let row = 0; row < cube.rows; row++) {
      const fits = CHOICES.every((name) => !wanted[name] || !cube.columns[name] || at(cube.columns[name], row) === wanted[name]);
      if (fits && (!scope || at(cube.columns.scope, row) === scope) && (!since || at(cube.columns[cube.period], row) > since)) left.push(row);
    }
    return left;
  }

  function rank(value) {
    const place = ORDER.indexOf(value);
    return place < 0 ? ORDER.length : place;
  }

  function compare(by, a, b) {
    for (const { name } of by) {
      if (a[name] === b[name]) continue;
      if (name === "rep_type") return rank(a[name]) - rank(b[name]);
      return a[name] < b[name] ? -1 : 1;
    }
    return 0;
  }

  function byMost(measures, a, b) {
    for (const name of measures) {
      const [one, other] = [a[name] ?? -Infinity, b[name] ?? -Infinity];
      if (one !== other) return one > other ? -1 : 1;
    }
    return 0;
  }

  function rowsOf(name) {
    const view = data.views[name], cube = data.cubes[view.cube], left = rowsLeft(cube, chosen());
    if (!view.measures.length) {
      const names = Object.keys(cube.columns);
      return left.map((row) => Object.fromEntries(names.map((column) => [column, at(cube.columns[column], row)])));
    }
    const parts = [...new Set(view.measures.flatMap((one) => [one.numerator, one.denominator].filter(Boolean)))];
    const groups = new Map();
    if (!view.by.length) groups.set("[]", Object.fromEntries(parts.map((part) => [part, 0])));
    const names = [...view.by.map(({ name }) => name), ...view.by.map(({ link }) => link).filter(Boolean)];
    for (const row of left) {
      const values = names.map((name) => at(cube.columns[name], row)), key = JSON.stringify(values);
      let group = groups.get(key);
      if (!group) {
        group = Object.fromEntries([...names.map((name, place) => [name, values[place]]), ...parts.map((part) => [part, 0])]);
        groups.set(key, group);
      }
      for (const part of parts) group[part] += at(cube.columns[part], row) ?? 0;
    }
    const rows = [...groups.values()].map((group) => {
      const row = Object.fromEntries(names.map((name) => [name, group[name]]));
      for (const { name, numerator, denominator } of view.measures) {
        row[name] = !denominator ? group[numerator] : group[denominator] ? group[numerator] / group[denominator] : null;
      }
      return row;
    });
    rows.sort((a, b) => byMost(view.mostFirst, a, b) || (view.latestFirst ? -compare(view.by, a, b) : compare(view.by, a, b)));
    return rows;
  }

  const columnsOf = (name) => [...data.views[name].by, ...data.views[name].measures];
  const isNumber = (kind) => kind in numbers || kind === "seconds";

  function fillFigures(element, rows) {
    for (const value of element.querySelectorAll("[data-measure]")) {
      const column = columnsOf(element.dataset.view).find((one) => one.name === value.dataset.measure);
      value.textContent = shown(rows[0][column.name], column.kind);
    }
  }

  function fillTrend(element, [now, before]) {
    const { value, when, trend } = element.dataset, kind = columnsOf(trend).find((one) => one.name === value).kind;
    const moved = !now || !before || now[value] === null || !(before[value] > 0) ? null : now[value] / before[value] - 1;
    element.querySelector(".when").textContent = shown(now?.[when], "month");
    element.querySelector(".value").textContent = shown(now?.[value], kind);
    element.querySelector(".change").textContent = before ? shown(moved, "change") + " " + data.words["against %(before)s before"].replace("%(before)s", () => shown(before[value], kind)) : "";
  }

  function cellOf(column, row) {
    const cell = document.createElement("td"), text = document.createElement("bdi");
    if (isNumber(column.kind)) cell.className = "n";
    text.textContent = shown(row[column.name], column.kind);
    if (!cell.className && text.textContent.length > 60) cell.className = "long";
    if (column.link && row[column.link]) {
      const link = document.createElement("a");
      link.href = document.body.dataset.root + row[column.link];
      link.append(text);
      cell.append(link);
    } else cell.append(text);
    return cell;
  }

  function fillTable(table, rows) {
    const most = Number(table.dataset.most), columns = columnsOf(table.dataset.view);
    table.tBodies[0].replaceChildren(...rows.slice(0, most).map((row) => {
      const line = document.createElement("tr");
      line.append(...columns.map((column) => cellOf(column, row)));
      return line;
    }));
    const said = table.closest(".scroll").nextElementSibling;
    said.firstChild.textContent = (rows.length ? (data.rowsShown[plurals.select(rows.length)] ?? data.rowsShown.other).replace("%(shown)s", shown(Math.min(most, rows.length), "count")).replace("%(all)s", shown(rows.length, "count")) : word("No row matches the filter.")) + " ";
  }

  // Charts ------------------------------------------------------------------------------------------------------------
  const drawn = new Map();

  // On a phone a legend's entries stand below each other: beside each other they would be cut off.
  function look(width) {
    const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
    const text = { labelColor: colour("--ink"), titleColor: colour("--quiet") };
    const turned = document.documentElement.dir === "rtl" ? { scale: { xReverse: true }, axisY: { orient: "right" } } : {};
    return {
      ...turned, background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
      axis: { ...text, gridColor: colour("--line"), domainColor: colour("--line"), tickColor: colour("--line"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: 400 },
      legend: { ...text, labelFontSize: 12, ...(width < 480 ? { columns: 1 } : {}) }, text: { color: colour("--ink") }, rule: { color: colour("--ink") },
      bar: { color: colour("--accent") }, line: { color: colour("--accent") }, rect: { stroke: colour("--paper") },
    };
  }

  function chartRows(name) {
    const columns = columnsOf(name);
    return rowsOf(name).map((row) => ({ ...row, ...Object.fromEntries(columns.map(({ name, kind }) => ["shown_" + name, shown(row[name], kind)])) }));
  }

  // A mark that is pointed at says all columns of its row, as the table does.
  function pointedAt(spec, view) {
    const tooltip = columnsOf(view).map(({ name, label }) => ({ field: "shown_" + name, type: "nominal", title: label }));
    const said = (one) => ({ ...one, encoding: { ...one.encoding, tooltip } });
    return spec.layer ? { ...spec, layer: [said(spec.layer[0]), ...spec.layer.slice(1)] } : said(spec);
  }

  // Rows of bars or fields: as high as there are rows. Vega would count them too, and warn that it fits the width alone.
  function tall(spec, rows) {
    const { y, yOffset } = spec.encoding ?? {}, step = spec.height?.step;
    if (!step) return {};
    const different = (place) => (place ? new Set(rows.map((row) => row[place.field])).size : 1), beside = different(yOffset);
    return { height: Math.max(1, different(y)) * step * (beside > 1 ? 0.6 * beside + 0.5 : 1) };
  }

  async function draw(element) {
    const rows = chartRows(element.dataset.view);
    drawn.get(element)?.finalize();
    if (!rows.length) {
      drawn.set(element, undefined);
      element.textContent = word("No row matches the filter.");
      element.dataset.drawn = "yes";
      return;
    }
    const plain = data.charts[element.dataset.chart];
    const spec = { ...pointedAt(plain, element.dataset.view), ...tall(plain, rows), datasets: { rows }, config: look(element.clientWidth) };
    drawn.set(element, await vegaEmbed(element, spec, { renderer: "svg", actions: false, expressionFunctions: { shown } }));
    const picture = element.querySelector("svg");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", element.dataset.label);
    picture.querySelectorAll("[aria-roledescription], [role='graphics-symbol'], [role='graphics-object']").forEach((part) => {
      if (part !== picture) ["role", "aria-roledescription", "aria-label"].forEach((name) => part.removeAttribute(name));
    });
    element.dataset.drawn = "yes";
  }

  const charts = [...document.querySelectorAll("[data-chart]")];
  const drawAll = () => Promise.all(charts.filter((element) => drawn.has(element)).map(draw));

  function drawWhenSeen() {
    const seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting && !drawn.has(target)) { drawn.set(target, undefined); draw(target); }
      }
    }, { rootMargin: "400px" });
    charts.forEach((element) => seen.observe(element));
  }

  // Saving ------------------------------------------------------------------------------------------------------------
  const plain = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };

  function save(name) {
    const columns = columnsOf(name).map((one) => one.name);
    const lines = [columns, ...rowsOf(name).map((row) => columns.map((column) => row[column]))];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.map((line) => line.map(plain).join(",")).join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = name + ".csv";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // What happens when -------------------------------------------------------------------------------------------------
  function fill() {
    for (const element of document.querySelectorAll(".cards[data-view]")) fillFigures(element, rowsOf(element.dataset.view));
    for (const element of document.querySelectorAll("[data-trend]")) fillTrend(element, rowsOf(element.dataset.trend));
    for (const table of document.querySelectorAll("table[data-view]")) fillTable(table, rowsOf(table.dataset.view));
    drawAll();
  }

  function remember() {
    const wanted = new URLSearchParams(Object.entries(chosen()).filter(([, value]) => value));
    history.replaceState(null, "", location.pathname + location.search + (String(wanted) ? "#" + wanted : ""));
    for (const link of document.querySelectorAll("header nav a")) link.href = link.getAttribute("href").split("#")[0] + (String(wanted) ? "#" + wanted : "");
    document.getElementById("chosen").textContent = [...wanted.values()].length ? [...filters.querySelectorAll("select")].filter((one) => one.value).map((one) => one.selectedOptions[0].textContent).join(" · ") : "";
  }

  function recall() {
    let found = false;
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const field = filters.elements[name];
      if (field && [...field.options].some((option) => option.value === value)) { field.value = value; found = true; }
    }
    return found;
  }

  if (filters) {
    filters.hidden = false;
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("change", () => { remember(); fill(); });
    filters.addEventListener("reset", () => setTimeout(() => { remember(); fill(); }));
    if (recall()) { remember(); fill(); }
  }
  for (const button of document.querySelectorAll("[data-csv]")) {
    button.hidden = false;
    button.addEventListener("click", () => save(button.dataset.csv));
  }
  for (const link of document.querySelectorAll("th a")) link.title = data.meanings[link.hash.slice(1)] ?? "";
  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("touchline-theme", root.dataset.theme); } catch { /* a private window */ }
    drawAll();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  document.querySelector("header [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  drawWhenSeen();
  document.documentElement.dataset.ready = "yes";
})();
