"use strict";
(() => {
  const HISTORIES = JSON.parse(document.getElementById("data").textContent).histories;
  const ROW = 28, COLUMN = 16, FONT = 13, COLOURS = 8, BEYOND = 12, SMALLEST = 0.15, LARGEST = 2.5, LEGIBLE = 0.45, NEAR = 30;
  const SVG = "http://www.w3.org/2000/svg";
  const $ = (id) => document.getElementById(id);
  const scroll = $("scroll"), sheet = $("sheet"), list = $("list"), lines = $("lines"), details = $("details");
  const search = $("search"), found = $("found"), which = $("which"), database = $("database");

  let history, revisions, gaps, widths, widest, newer, neededBy, marks, dashes;
  let scale = 1, active = 0, came = [], matches = null, matching = new Set(), applied = null, drawn = "";

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    // texts are never read as HTML
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  // Between a row and the next one: pairs of the column in which a line is at the top, and at the bottom.
  function lead(rows) {
    gaps = []; widths = []; widest = 0;
    let open = new Set();
    for (const [column, ends, links] of rows) {
      open.add(column);
      let width = Math.max(...open);
      if (ends) open.delete(column);
      let pairs = [...open].map((each) => [each, each]);
      for (const [start, end, last] of links) {
        const moved = pairs.filter((pair) => pair[1] === start);
        if (last) pairs = pairs.filter((pair) => pair[1] !== start);
        for (const [top] of moved) {
          if (!pairs.some((pair) => pair[0] === top && pair[1] === end)) pairs.push([top, end]);
        }
      }
      open = new Set(pairs.map((pair) => pair[1]));
      gaps.push(pairs);
      widths.push(width + 1);
      widest = Math.max(widest, width + 1);
    }
  }

  function choose(number) {
    history = HISTORIES[number];
    revisions = history.revisions;
    lead(history.rows);
    newer = revisions.map(() => []); neededBy = revisions.map(() => []);
    dashes = [];
    revisions.forEach((revision, place) => {
      for (const each of revision.down) newer[each].push(place);
      for (const each of revision.needs) { neededBy[each].push(place); dashes.push([place, each]); }
      revision.text = [revision.id, revision.title, revision.doc, revision.file, ...revision.notes, ...revision.operations]
        .join("\n").toLowerCase();
    });
    marks = new Map();
    for (const each of history.databases) {
      for (const place of each.at) marks.set(place, [...(marks.get(place) || []), each.name]);
    }
    database.replaceChildren(element("option", { value: "" }, "any"),
      ...history.databases.map((each, place) => element("option", { value: place }, each.name)));
    $("choose-database").hidden = !history.databases.length;
    database.value = history.databases.length === 1 ? "0" : "";
    $("heading").textContent = `History of revisions${history.title ? `: ${history.title}` : ""}`;
    document.title = $("heading").textContent;
    active = 0; came = []; matches = null; matching = new Set(); search.value = "";
    details.hidden = true;
    scroll.scrollTo(0, 0);
    stand();
    draw(true);
  }

  // What is applied on the chosen database: where it is, and all below.
  function stand() {
    applied = null;
    if (database.value !== "") {
      applied = new Set();
      const waiting = [...history.databases[database.value].at];
      while (waiting.length) {
        const place = waiting.pop();
        if (applied.has(place)) continue;
        applied.add(place);
        waiting.push(...revisions[place].down, ...revisions[place].needs);
      }
    }
    tell();
  }

  function tell() {
    const said = [];
    if (matches) {
      const at = matches.indexOf(active);
      said.push(matches.length ? `${at >= 0 ? `${at + 1} of ` : ""}${matches.length} found` : "nothing found");
    } else {
      said.push(`${revisions.length} revision${revisions.length === 1 ? "" : "s"}`);
    }
    if (applied) {
      const elsewhere = history.databases[database.value].elsewhere;
      said.push(`${applied.size} applied, ${revisions.length - applied.size} pending`);
      if (elsewhere.length) said.push(`at ${elsewhere.join(", ")}, which isn't in this picture`);
    }
    found.textContent = said.join("; ");
  }

  const rowHeight = () => ROW * scale;
  const across = (column) => (column + 0.75) * COLUMN * scale;
  const down = (place) => (place + 0.5) * rowHeight();
  const colour = (column) => `var(--c${column % COLOURS})`;

  function state(place) {
    return applied === null ? "" : applied.has(place) ? "applied" : "pending";
  }

  function spoken(place) {
    const revision = revisions[place];
    const names = (places) => places.map((each) => revisions[each].id).join(", ");
    return [
      revision.id, revision.title, revision.notes.join(", "), state(place),
      marks.has(place) && `databases: ${marks.get(place).join(", ")}`,
      revision.down.length && `follows ${names(revision.down)}`,
      revision.needs.length && `depends on ${names(revision.needs)}`,
    ].filter(Boolean).join("; ");
  }

  function few(names) {
    return names.length > 6 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
  }

  function row(place) {
    const revision = revisions[place], now = state(place);
    return element("div", {
      role: "option", id: `r${place}`, class: matching.has(place) ? "match" : null,
      "aria-selected": place === active ? "true" : "false", "aria-label": spoken(place),
      "aria-setsize": revisions.length, "aria-posinset": place + 1, "data-place": place,
      style: `top:${place * rowHeight()}px;height:${rowHeight()}px;padding-left:${across(widths[place] + 0.3)}px`,
    },
    element("span", { class: "id" }, revision.id),
    now ? element("span", { class: now, title: now }, now === "applied" ? "\u2713" : "\u25cb") : null,
    ...revision.notes.map((note) => element("span", { class: "note" }, note)),
    revision.needs.length
      ? element("span", { class: "note needs" }, `needs ${few(revision.needs.map((each) => revisions[each].id))}`) : null,
    marks.has(place) ? element("span", { class: "at" }, few(marks.get(place))) : null,
    element("span", { class: "title" }, revision.title));
  }

  function shape(tag, attributes) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  function draw(anew) {
    const height = rowHeight(), count = revisions.length;
    const first = Math.max(0, Math.floor(scroll.scrollTop / height) - BEYOND);
    const last = Math.min(count, Math.ceil((scroll.scrollTop + scroll.clientHeight) / height) + BEYOND);
    const key = `${first} ${last}`;
    if (!anew && key === drawn) return;
    drawn = key;
    const bases = history.databases.filter((each) => !each.at.length && !each.elsewhere.length).map((each) => each.name);
    sheet.style.height = `${(count + (bases.length ? 1.5 : 0.5)) * height}px`;
    sheet.style.width = `max(100%, ${across(widest) + 24 * FONT * scale}px)`;
    sheet.style.fontSize = `${FONT * scale}px`;
    sheet.classList.toggle("small", scale < LEGIBLE);
    list.classList.toggle("searching", matches !== null && matches.length > 0);

    const places = [];
    for (let place = first; place < last; place++) places.push(place);
    // the row to which the list points is always there
    if (count && (active < first || active >= last)) places.push(active);
    list.replaceChildren(...places.map(row),
      ...(bases.length && last === count
        ? [element("div", { class: "base", role: "presentation", style: `top:${count * height}px` }, `(base): ${few(bases)}`)]
        : []));
    list.setAttribute("aria-activedescendant", count ? `r${active}` : "");

    const paths = new Map();
    for (let place = Math.max(0, first - 1); place < Math.min(last, count - 1); place++) {
      const above = down(place), below = down(place + 1), middle = (above + below) / 2;
      for (const [top, bottom] of gaps[place]) {
        const which = Math.max(top, bottom) % COLOURS;
        const curve = top === bottom
          ? `M${across(top)} ${above}V${below}`
          : `M${across(top)} ${above}C${across(top)} ${middle} ${across(bottom)} ${middle} ${across(bottom)} ${below}`;
        paths.set(which, (paths.get(which) || "") + curve);
      }
    }
    const shapes = [...paths].map(([which, d]) => shape("path", { d, style: `stroke:${colour(which)}` }));
    let needs = "";
    for (const [place, older] of dashes) {
      if (place >= last || older < first) continue;
      // a long line would only cross others, so it is there as long as one of its ends is chosen
      if (older - place > NEAR && place !== active && older !== active) continue;
      const column = history.rows[place][0], other = history.rows[older][0];
      const bow = Math.max(column, other) + 0.9;
      needs += `M${across(column)} ${down(place)}C${across(bow)} ${down(place) + height} ${across(bow)} ${down(older) - height} ` +
        `${across(other)} ${down(older)}`;
    }
    if (needs) shapes.push(shape("path", { d: needs, class: "needs" }));
    for (let place = first; place < last; place++) {
      const column = history.rows[place][0], chosen = place === active;
      shapes.push(shape("circle", {
        cx: across(column), cy: down(place), r: (chosen ? 6 : 4.5) * Math.max(scale, 0.35),
        style: `stroke:${colour(column)};fill:${state(place) === "pending" ? "var(--back)" : colour(column)}`,
      }));
    }
    lines.replaceChildren(...shapes);
  }

  function reveal() {
    const top = active * rowHeight();
    if (top < scroll.scrollTop) scroll.scrollTop = top - rowHeight();
    else if (top + rowHeight() > scroll.scrollTop + scroll.clientHeight) {
      scroll.scrollTop = top + 2 * rowHeight() - scroll.clientHeight;
    }
    const left = across(history.rows[active][0]);
    if (left < scroll.scrollLeft || left > scroll.scrollLeft + scroll.clientWidth * 0.8) scroll.scrollLeft = left - 60;
    draw(true);
  }

  function go(place, quietly) {
    active = place;
    reveal();
    if (matches) tell();
    if (!details.hidden && !quietly) show();
  }

  // Follow a line: to an older revision or a newer one, where possible that from which one came.
  function along(older) {
    const ways = older ? revisions[active].down : newer[active];
    const next = older ? active + 1 : active - 1;
    if (!ways.length) {
      if (next >= 0 && next < revisions.length) { came = []; go(next); }
      return;
    }
    const before = [...came].reverse().find((each) => ways.includes(each));
    const chosen = before === undefined ? ways[0] : before;
    came = [...came.slice(-99), active];
    go(chosen);
  }

  // Go to a revision beside: of another line that leads to the same, or comes from the same.
  function beside(step) {
    const others = new Set();
    for (const each of revisions[active].down) for (const other of newer[each]) others.add(other);
    if (others.size < 2) for (const each of newer[active]) for (const other of revisions[each].down) others.add(other);
    const ordered = [...others].sort((one, other) =>
      history.rows[one][0] - history.rows[other][0] || one - other);
    const at = ordered.indexOf(active);
    if (ordered.length > 1 && ordered[at + step] !== undefined) go(ordered[at + step]);
  }

  function links(heading, places, more) {
    if (!places.length && !(more && more.length)) return [];
    return [element("h3", {}, heading), element("ul", {},
      ...places.map((place) => element("li", {}, element("button", {
        type: "button", onclick: () => { came = []; go(place); focusHeading(); },
      }, revisions[place].id), ` ${revisions[place].title}`)),
      ...(more || []).map((each) => element("li", {}, `${each} (not in this picture)`)))];
  }

  function focusHeading() { $("details-heading").focus(); }

  function show() {
    const revision = revisions[active], now = state(active);
    const facts = [...revision.notes, ...(now ? [`${now} on ${history.databases[database.value].name}`] : [])];
    details.hidden = false;
    details.replaceChildren(
      element("button", { type: "button", class: "close", "aria-label": "Close details", onclick: hide }, "\u00d7"),
      element("h2", { id: "details-heading", tabindex: "-1" }, revision.id),
      element("div", { class: "title" }, revision.title),
      ...(facts.length ? [element("p", {}, ...facts.map((each) => element("span", { class: "note" }, each)))] : []),
      ...(marks.has(active) ? [element("h3", {}, "Databases here"), element("p", {}, marks.get(active).join(", "))] : []),
      ...links("Follows", revision.down, revision.more),
      ...links("Followed by", newer[active]),
      ...links("Depends on", revision.needs),
      ...links("Needed by", neededBy[active]),
      ...(revision.operations.length
        ? [element("h3", {}, "Operations"), element("ul", {}, ...revision.operations.map((each) => element("li", {}, each)))]
        : []),
      ...(revision.doc ? [element("h3", {}, "Docstring"), element("pre", { tabindex: "0" }, revision.doc)] : []),
      ...(revision.file ? [element("h3", {}, "File"), element("code", {}, revision.file)] : []),
      ...(revision.source
        ? [element("details", {}, element("summary", {}, "Source"), element("pre", { tabindex: "0" }, revision.source))]
        : []));
    details.scrollTop = 0;
    draw(true);
    reveal();
  }

  function hide() {
    details.hidden = true;
    draw(true);
    list.focus({ preventScroll: true });
  }

  function look() {
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    matches = null;
    matching = new Set();
    if (words.length) {
      matches = [];
      revisions.forEach((revision, place) => {
        if (words.every((word) => revision.text.includes(word))) matches.push(place);
      });
      const next = matches.find((place) => place >= active);
      matching = new Set(matches);
      if (matches.length) go(next === undefined ? matches[0] : next, true);
    }
    tell();
    draw(true);
  }

  function nextMatch(step) {
    if (!matches || !matches.length) return;
    const at = matches.indexOf(active);
    go(matches[(at + step + matches.length) % matches.length]);
  }

  function zoom(to, x, y) {
    const before = scale;
    const left = x === undefined ? 0 : x, top = y === undefined ? scroll.clientHeight / 2 : y;
    scale = Math.min(LARGEST, Math.max(SMALLEST, to));
    const ratio = scale / before;
    const wantedTop = (scroll.scrollTop + top) * ratio - top, wantedLeft = (scroll.scrollLeft + left) * ratio - left;
    draw(true);
    scroll.scrollTop = wantedTop; scroll.scrollLeft = wantedLeft;
    draw(true);
    $("scale").textContent = `${Math.round(scale * 100)}%`;
  }

  const page = () => Math.max(1, Math.floor(scroll.clientHeight / rowHeight()) - 1);
  const step = (by) => { came = []; go(Math.min(revisions.length - 1, Math.max(0, active + by))); };
  const KEYS = {
    ArrowDown: () => along(true), ArrowUp: () => along(false), ArrowLeft: () => beside(-1), ArrowRight: () => beside(1),
    j: () => step(1), k: () => step(-1), PageDown: () => step(page()), PageUp: () => step(-page()),
    Home: () => step(-revisions.length), End: () => step(revisions.length),
    Enter: () => { show(); focusHeading(); }, " ": () => { show(); focusHeading(); }, Escape: () => { if (!details.hidden) hide(); },
  };

  list.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || !revisions.length || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "+" || event.key === "=") zoom(scale * 1.25);
    else if (event.key === "-") zoom(scale / 1.25);
    else if (event.key === "0") zoom(1);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); nextMatch(event.shiftKey ? -1 : 1); }
    else if (event.key === "ArrowDown") { event.preventDefault(); list.focus({ preventScroll: true }); }
    else if (event.key === "Escape") {
      if (search.value) { event.preventDefault(); search.value = ""; look(); }
      list.focus({ preventScroll: true });
    }
  });
  details.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); hide(); } });
  search.addEventListener("input", look);
  database.addEventListener("change", () => { stand(); draw(true); if (!details.hidden) show(); });
  which.addEventListener("change", () => choose(Number(which.value)));
  $("smaller").addEventListener("click", () => zoom(scale / 1.25));
  $("larger").addEventListener("click", () => zoom(scale * 1.25));
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-place]");
    if (!option || dragged) return;
    came = [];
    go(Number(option.dataset.place), true);
    show();
    list.focus({ preventScroll: true });
  });

  let frame = 0;
  const later = () => { if (!frame) frame = requestAnimationFrame(() => { frame = 0; draw(false); }); };
  scroll.addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later);
  scroll.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = scroll.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  // Drag with the mouse; a finger scrolls anyway.
  let held = null, dragged = false;
  scroll.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    held = [event.clientX, event.clientY, scroll.scrollLeft, scroll.scrollTop];
    dragged = false;
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    const [x, y, left, top] = held;
    if (!dragged && Math.abs(event.clientX - x) + Math.abs(event.clientY - y) < 6) return;
    dragged = true;
    scroll.classList.add("dragged");
    scroll.scrollTo(left - event.clientX + x, top - event.clientY + y);
  });
  addEventListener("pointerup", () => {
    held = null;
    scroll.classList.remove("dragged");
    // the click that follows belongs to the drag
    setTimeout(() => { dragged = false; });
  });

  which.replaceChildren(...HISTORIES.map((each, place) => element("option", { value: place }, each.title || "Application")));
  $("choose-history").hidden = HISTORIES.length < 2;
  which.value = String(HISTORIES.length - 1);
  choose(HISTORIES.length - 1);
  list.focus({ preventScroll: true });
})();
