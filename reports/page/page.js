// The page's script: from a story's data every layout, step by step. It makes elements and text
// nodes and never reads text as HTML, so that whatever stands in a trace stays text.
'use strict';
(() => {
  const PAGE_SHIFT = 12n;
  // As the terminal's picture has it: a hole of more pages parts what hangs together.
  const HOLE_PAGES = 16n;
  // As many as page.css has.
  const COLOURS = 8;
  const BORDERS = 3;
  const NARROW = 640;  // CSS pixels
  const AXIS_LENGTH = 10000;

  const make = (tag, attributes = {}, ...children) => {
    const isSvg = ['svg', 'rect', 'line', 'title'].includes(tag);
    const element = isSvg ? document.createElementNS('http://www.w3.org/2000/svg', tag)
                          : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  window.addEventListener('error', (event) => {
    document.body.dataset.errors = String(Number(document.body.dataset.errors ?? 0) + 1);
    document.getElementById('main').prepend(
        make('p', {class: 'trouble'}, `The page's script failed: ${event.message}`));
  });

  const address = (text) => BigInt('0x' + text);
  const hex = (value) => value.toString(16).padStart(8, '0');
  const bits = (value) => value.toString(2).length;
  const valueText = (value) => typeof value === 'string' ? value : JSON.stringify(value);
  const kindText = (kind) => Object.entries(kind)
      .filter(([, value]) => valueText(value) !== '')
      .map(([key, value]) => key === 'flags' ? `[${valueText(value)}]` : valueText(value))
      .join(' ');
  const vmasText = (count) => `${count} VMA${count === 1 ? '' : 's'}`;
  const kindClass = (kind) => `k${kind % COLOURS} h${Math.floor(kind / COLOURS) % BORDERS}`;
  const role = (view, views) => views === 1 ? 'seen' : view === 0 ? 'expected' : 'actual';
  const percent = (position) => `${(position * 100 / AXIS_LENGTH).toFixed(2)}%`;
  const letter = (i) => String.fromCharCode(65 + i % 26);

  const sizeText = (pages) => {
    const units = ['KiB', 'MiB', 'GiB', 'TiB'];
    let size = Number(pages) * 4;
    let unit = 0;
    while (size >= 1024 && unit < 3) { size /= 1024; ++unit; }
    return `${Number.isInteger(size) ? size : size.toFixed(1)} ${units[unit]}`;
  };
  // A tick: pages from the beginning of the part, short where it is large and round.
  const tickText = (pages) => {
    if (pages >= 1048576n && pages % 1048576n === 0n) return `${pages / 1048576n}Mi`;
    if (pages >= 10240n && pages % 1024n === 0n) return `${pages / 1024n}Ki`;
    return `${pages}`;
  };

  class Story {
    constructor(element) {
      this.element = element;
      const source = element.querySelector('script[type="application/json"]');
      if (!source) return;
      this.data = JSON.parse(source.textContent);
      this.at = this.data.axis.at.map(address);
      this.short = this.shortTexts();
      this.items = [...element.querySelectorAll('.steps > li')];
      this.step = this.data.shown;
      this.drawRows();
      this.makeStage();
      this.show(this.step);
    }

    // A bar has little room: of the flags those in which the story's kinds differ, and that the
    // permissions do not say.
    shortTexts() {
      const said = ['rd', 'wr', 'ex', 'sh', 'ms'];
      const flags = this.data.kinds.map((kind) => valueText(kind.flags ?? '').split(' '));
      const isCommon = (flag) => flags.every((others) => others.includes(flag));
      return this.data.kinds.map((kind, i) =>
          kindText({...kind, flags: flags[i].filter((flag) => !isCommon(flag) && !said.includes(flag)).join(' ')}));
    }

    bars(layout) {
      return this.data.layouts[layout].map((place) => {
        const [from, to, kind, detail] = this.data.bars[place];
        return {start: this.at[from], end: this.at[to], from, to, kind, detail};
      });
    }

    // Below each call its layout, on the axis of the whole story.
    drawRows() {
      this.data.steps.forEach((step, i) => {
        const rows = this.items[i].querySelector('.rows');
        rows.replaceChildren(...step.views.map((view, k) => this.row(view, role(k, step.views.length))));
        this.items[i].addEventListener('click', (event) => {
          if (!event.target.closest('a')) this.show(i);
        });
      });
    }

    row(view, as) {
      const row = make('div', {class: 'row'}, make('span', {class: 'who'}, as));
      if (view.layout === undefined) {
        row.append(make('span', {class: 'none'}, 'not seen'));
        return row;
      }
      const x = this.data.axis.x;
      const bars = this.bars(view.layout);
      const svg = make('svg', {class: 'bars', role: 'img', 'aria-label': `${view.systems.join(', ')}: ${vmasText(bars.length)}`});
      for (const bar of bars) {
        svg.append(make('rect', {
          class: kindClass(bar.kind), x: percent(x[bar.from]), width: percent(x[bar.to] - x[bar.from]), y: 1, height: 14,
        }, make('title', {}, `${hex(bar.start)}-${hex(bar.end)} ${kindText(this.data.kinds[bar.kind])}`)));
      }
      for (const name of ['extra', 'missing']) {
        for (const place of view[name] ?? []) {
          svg.append(make('line', {class: name, x1: percent(x[place]), x2: percent(x[place]), y1: 0, y2: 16}));
        }
      }
      row.append(svg);
      return row;
    }

    makeStage() {
      const count = this.data.steps.length;
      this.slider = make('input', {type: 'range', min: 1, max: count, step: 1, 'aria-label': 'call'});
      this.slider.addEventListener('input', () => this.show(Number(this.slider.value) - 1));
      const button = (text, label, to) => {
        const made = make('button', {type: 'button', 'aria-label': label}, text);
        made.addEventListener('click', () => this.show(to()));
        return made;
      };
      this.counter = make('output');
      this.current = make('div', {class: 'current'});
      this.parts = make('div', {class: 'parts'});
      this.told = make('div', {class: 'told', 'aria-live': 'polite'});
      this.legend = make('div', {class: 'legend', 'aria-label': 'colours'});
      this.stage = make('div', {class: 'picture', role: 'group', 'aria-label': 'the address space, call by call'},
          make('div', {class: 'controls'},
              button('\u25c0\ufe0e', 'the call before', () => this.step - 1), this.slider,
              button('\u25b6\ufe0e', 'the next call', () => this.step + 1), this.counter),
          this.current, this.parts, this.told, this.legend);
      this.element.querySelector('.stage').replaceChildren(this.stage);
    }

    // The layout that the process of a step had before it.
    before(n) {
      const {steps} = this.data;
      for (let i = n - 1; i >= 0; --i) {
        if (steps[i].process === steps[n].process && steps[i].views.length > 0) return steps[i].views[0];
      }
      return undefined;
    }

    show(n) {
      const count = this.data?.steps.length ?? 0;
      if (count === 0) return;
      this.items[this.step].classList.remove('now');
      this.step = Math.min(Math.max(n, 0), count - 1);
      const item = this.items[this.step];
      item.classList.add('now');
      const number = this.data.first + this.step + 1;
      const call = item.querySelector('.call a').textContent;
      this.slider.value = this.step + 1;
      this.slider.setAttribute('aria-valuetext', `call ${number}: ${call}`);
      this.counter.textContent = `call ${number} of ${this.data.first + count}`;
      this.stage.dataset.step = number;
      this.current.replaceChildren(make('code', {}, call),
          ...[...item.querySelectorAll('.given, .of, .stated')].flatMap((part) => [' ', part.cloneNode(true)]));
      this.drawParts();
      this.tellStep();
    }

    // What stands below each other: before the call, what it names, and what came of it.
    rows() {
      const step = this.data.steps[this.step];
      const rows = [];
      const before = this.before(this.step);
      if (before?.layout !== undefined) {
        rows.push({role: 'before', kind: 'before', bars: this.bars(before.layout), extra: [], missing: [], differing: []});
      }
      const named = (step.named ?? []).map(([start, end]) => ({start: address(start), end: address(end)}));
      if (named.length > 0) rows.push({role: 'call', kind: 'range', bars: named, extra: [], missing: [], differing: []});
      step.views.forEach((view, k) => {
        rows.push({
          role: role(k, step.views.length), kind: 'state', systems: view.systems.join(', '),
          bars: view.layout === undefined ? [] : this.bars(view.layout),
          extra: (view.extra ?? []).map((place) => this.at[place]),
          missing: (view.missing ?? []).map((place) => this.at[place]),
          differing: view.differing ?? [],
          seen: view.layout !== undefined,
        });
      });
      return rows;
    }

    // Parts of the address space that hang together, each no wider than can be read.
    split(rows) {
      const all = rows.flatMap((row) => row.bars);
      const sorted = [...new Set(all.flatMap((bar) => [bar.start, bar.end]))].sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
      // How many bars begin less how many end, at each boundary: their sum is how many are above it.
      const change = new Map(sorted.map((boundary) => [boundary, 0]));
      for (const bar of all) {
        change.set(bar.start, change.get(bar.start) + 1);
        change.set(bar.end, change.get(bar.end) - 1);
      }
      const longest = window.innerWidth < NARROW ? 6 : 14;
      const parts = [];
      let part = [];
      let above = 0;
      for (let i = 0; i + 1 < sorted.length; ++i) {
        above += change.get(sorted[i]);
        const pages = (sorted[i + 1] - sorted[i]) >> PAGE_SHIFT;
        if (above === 0 && pages > HOLE_PAGES) {
          if (part.length > 0) parts.push({segments: part, gap: pages});
          part = [];
          continue;
        }
        if (part.length === longest) {
          parts.push({segments: part, gap: 0n});
          part = [];
        }
        part.push({start: sorted[i], end: sorted[i + 1], pages});
      }
      if (part.length > 0) parts.push({segments: part, gap: 0n});
      return parts;
    }

    drawParts() {
      const rows = this.rows();
      const parts = this.split(rows);
      this.used = new Map();
      this.parts.replaceChildren(...parts.flatMap(({segments, gap}) => {
        const made = [this.part(rows, segments)];
        if (gap > 0n) made.push(make('span', {class: 'gap'}, `⋯ ${sizeText(gap)} ⋯`));
        return made;
      }));
      if (parts.length === 0) this.parts.replaceChildren(make('span', {class: 'none'}, 'nothing is mapped by the calls'));
      this.legend.replaceChildren(...[...this.used.keys()].sort((a, b) => a - b).map((kind) =>
          make('span', {class: 'chip'}, make('i', {class: kindClass(kind)}), kindText(this.data.kinds[kind]))));
    }

    // Where the call changed nothing, what was there before need not stand there once more.
    rowsOf(rows, from, to) {
      const inside = (row) => row.bars.filter((bar) => bar.start < to && bar.end > from);
      const text = (row) => inside(row).map((bar) => [bar.start, bar.end, bar.kind, bar.detail].join()).join(' ');
      const shown = rows.filter((row) => row.kind !== 'range' || inside(row).length > 0);
      const isSame = shown.every((row) => row.kind !== 'range' && text(row) === text(shown[0]));
      return isSame && shown.length > 1 ? shown.filter((row) => row.kind === 'state') : shown;
    }

    part(rows, segments) {
      const from = segments[0].start;
      const to = segments[segments.length - 1].end;
      const ticks = segments.map(({start}) => tickText((start - from) >> PAGE_SHIFT));
      const end = tickText((to - from) >> PAGE_SHIFT);
      const grid = make('div', {class: 'grid'});
      grid.style.gridTemplateColumns = ['max-content',
        ...segments.map(({pages}, i) => `minmax(${ticks[i].length + 2}ch, ${2 + bits(pages)}fr)`), `${end.length + 2}ch`].join(' ');
      const column = new Map(segments.map(({start}, i) => [start, i + 2]));
      column.set(to, segments.length + 2);
      const put = (element, line, first, last) => {
        element.style.gridRow = line;
        element.style.gridColumn = last === undefined ? `${first}` : `${first} / ${last}`;
        grid.append(element);
      };
      put(make('span', {class: 'role'}, 'pages'), 1, 1);
      [...ticks, end].forEach((text, i) => put(make('span', {class: 'tick'}, text), 1, i + 2));
      let line = 2;
      for (const row of this.rowsOf(rows, from, to)) {
        put(make('span', {class: 'role'}, row.role), line, 1);
        row.bars.forEach((bar, i) => {
          const start = bar.start < from ? from : bar.start;
          const stop = bar.end > to ? to : bar.end;
          if (start >= stop) return;
          const element = row.kind === 'range' ? make('span', {class: 'range', role: 'img', 'aria-label': `the call names ${hex(bar.start)}-${hex(bar.end)}`})
                                               : this.bar(row, bar, i);
          if (bar.start < from) element.classList.add('cut-left');
          if (bar.end > to) element.classList.add('cut-right');
          put(element, line, column.get(start), column.get(stop));
        });
        const flagged = this.mark(row, column, line, put);
        line += flagged ? 2 : 1;
      }
      return make('div', {class: 'part'}, make('div', {class: 'base'}, `pages from 0x${from.toString(16)}`), grid);
    }

    mark(row, column, line, put) {
      let flagged = false;
      for (const [name, sign, text] of [['extra', '▲', 'that should not be there'], ['missing', '△', 'that is missing']]) {
        for (const boundary of row[name]) {
          if (!column.has(boundary)) continue;
          flagged = true;
          put(make('span', {class: `boundary ${name}`, role: 'img', 'aria-label': `boundary at ${hex(boundary)} ${text}`}), line, column.get(boundary));
          put(make('span', {class: 'flag', 'aria-hidden': 'true'}, sign), line + 1, column.get(boundary));
        }
      }
      return flagged;
    }

    bar(row, bar, i) {
      this.used.set(bar.kind, true);
      const kind = this.data.kinds[bar.kind];
      const differs = row.differing.includes(i);
      const text = `${letter(i)} ${this.short[bar.kind]}`;
      const element = make('button', {
        type: 'button', class: `bar ${kindClass(bar.kind)}${row.kind === 'before' ? ' before' : ''}${differs ? ' differs' : ''}`,
        'aria-label': `${row.role} ${letter(i)}: ${hex(bar.start)}-${hex(bar.end)} ${kindText(kind)}${differs ? ', differs' : ''}`,
      }, text);
      for (const event of ['mouseenter', 'focus', 'click']) element.addEventListener(event, () => this.tellBar(row, bar, i, element));
      element.addEventListener('mouseleave', () => { if (document.activeElement !== element) this.tellStep(); });
      element.addEventListener('blur', () => this.tellStep());
      return element;
    }

    tell(list) {
      const dl = make('dl');
      for (const [name, value, isOther] of list) dl.append(make('dt', {}, name), make('dd', isOther ? {class: 'other'} : {}, value));
      this.told.replaceChildren(dl);
    }

    tellBar(row, bar, i, element) {
      for (const chosen of this.parts.querySelectorAll('.chosen')) chosen.classList.remove('chosen');
      element.classList.add('chosen');
      const pages = (bar.end - bar.start) >> PAGE_SHIFT;
      this.tell([
        [`${row.role} ${letter(i)}`, `${hex(bar.start)}-${hex(bar.end)}${row.systems ? ` (${row.systems})` : ''}`, row.differing.includes(i)],
        ['size', `${pages} page${pages === 1n ? '' : 's'}, ${sizeText(pages)}`],
        ...Object.entries(this.data.kinds[bar.kind]).concat(Object.entries(this.data.details[bar.detail]))
            .map(([key, value]) => [key, valueText(value)]),
      ]);
    }

    tellStep() {
      for (const chosen of this.parts.querySelectorAll('.chosen')) chosen.classList.remove('chosen');
      const {views} = this.data.steps[this.step];
      const list = views.map((view, k) => {
        const as = role(k, views.length);
        const count = view.layout === undefined ? 'not seen' : vmasText(this.data.layouts[view.layout].length);
        return [as, `${view.systems.join(', ')}: ${count}`];
      });
      views.forEach((view, k) => {
        const facts = Object.entries(view.facts ?? {});
        if (facts.length === 0) return;
        const other = k > 0 && facts.some(([key, value]) => key in views[0].facts && views[0].facts[key] !== value);
        list.push(['counters', `${role(k, views.length)}: ${facts.map(([key, value]) => `${key} ${valueText(value)}`).join(', ')}`, other]);
      });
      this.tell(list);
    }
  }

  // Stories, made when they are first open: a page can hold hundreds.
  const stories = new Map();
  const storyOf = (element) => {
    if (!stories.has(element)) stories.set(element, new Story(element));
    return stories.get(element);
  };
  const elements = [...document.querySelectorAll('.story')];
  for (const element of elements) {
    if (element.tagName !== 'DETAILS' || element.open) storyOf(element);
    element.addEventListener('toggle', () => { if (element.open) storyOf(element); });
  }

  // `#step=3`, `#s2`, `#s2&step=3`.
  const follow = () => {
    const words = location.hash.slice(1).split('&');
    const step = words.find((word) => /^step=\d+$/.test(word));
    const element = elements.find(({id}) => words.includes(id)) ?? (step ? elements[0] : undefined);
    if (!element) return;
    if (element.tagName === 'DETAILS') element.open = true;
    const story = storyOf(element);
    if (step && story.data) story.show(Number(step.slice('step='.length)) - 1 - story.data.first);
    (step && story.stage ? story.stage : element).scrollIntoView({block: 'nearest'});
  };
  window.addEventListener('hashchange', follow);
  follow();

  // Arrow keys go from call to call in the story that is looked at, wherever the focus is but in
  // what has arrows of its own.
  document.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest('input, summary, table')) return;
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    const element = event.target.closest('.story') ?? (elements.length === 1 ? elements[0] : undefined);
    const story = element && storyOf(element);
    if (by === undefined || !story?.data) return;
    event.preventDefault();
    story.show(story.step + by);
  });

  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if ((width < NARROW) === (window.innerWidth < NARROW)) return;
    width = window.innerWidth;
    for (const story of stories.values()) if (story.data) story.drawParts();
  });

  const index = document.querySelector('table.index');
  if (index) {
    const filter = make('input', {type: 'search', class: 'filter', placeholder: 'traces whose name has …', 'aria-label': 'show traces whose name has this'});
    filter.addEventListener('input', () => {
      for (const row of index.tBodies[0].rows) row.hidden = !row.cells[0].textContent.includes(filter.value);
    });
    index.parentElement.before(filter);
  }
  document.body.dataset.ready = 'yes';
})();
