// One table for every list: sorted by its headings, chosen row by row, and a column of cards where the page is narrow.

import { button, fill, h, icon } from './dom.js';
import { conceal } from './focus.js';
import { counted, number } from './format.js';
import { oneStop, roving } from './roving.js';
import * as route from './route.js';
import { trouble } from './say.js';

/**
 * Makes a table. `columns` are `{label, cell(row), sort?, kind?}`; `key(row)` names a row; `open(row)` is what a
 * click on it does; `chosen`, where rows can be chosen, is a set of keys.
 */
export function table(given) {
  const body = h('tbody', { role: 'rowgroup' });
  const heads = given.columns.map((column) => heading(column));
  const all = given.chosen && chooser('Choose all on this page', (on) => chooseAll(made, on));
  const row = h('tr', { role: 'row' }, all && h('th', { role: 'columnheader', class: 'cell-check' }, all.node), heads);
  const node = h(
    'table',
    { role: 'table', class: given.kind, 'aria-label': given.caption },
    h('thead', { role: 'rowgroup' }, row),
    body,
  );
  const made = { ...given, node, body, heads, all, rows: [] };
  oneStop(row);
  roving(node);
  return made;
}

function heading({ label, sort, kind = '' }) {
  const props = { role: 'columnheader', class: kind, scope: 'col' };
  if (!sort) return h('th', props, kind === 'cell-actions' ? h('span', { class: 'unseen' }, label) : label);
  const turn = () => route.change({ sort: turned(route.read().query.get('sort'), sort), page: '' });
  const up = icon('up');
  const head = h(
    'th',
    { ...props, 'data-sort': sort },
    h('button', { type: 'button', class: 'sorter', 'data-focus': `sort-${sort}`, on: { click: turn } }, label, up),
  );
  return head;
}

function turned(present, sort) {
  return present === sort ? `-${sort}` : sort;
}

/** Shows by which column the rows are sorted. */
export function showSort(made, sort) {
  for (const head of made.heads.filter((one) => one.dataset.sort)) {
    const is = sort.replace('-', '') === head.dataset.sort;
    const down = sort.startsWith('-');
    head.setAttribute('aria-sort', is ? (down ? 'descending' : 'ascending') : 'none');
    head.querySelector('use').setAttribute('href', is && down ? '#i-down' : '#i-up');
  }
}

/** Shows the rows of a page. */
export function showRows(made, rows) {
  made.rows = rows;
  fill(
    made.body,
    rows.map((row) => line(made, row)),
  );
  made.body.removeAttribute('aria-busy');
  countChosen(made);
}

function line(made, row) {
  const key = made.key(row);
  // What names the row is its heading.
  const cells = made.columns.map(({ label, cell, kind = '' }) =>
    kind.includes('cell-title')
      ? h('th', { role: 'rowheader', scope: 'row', class: kind, 'data-label': label }, cell(row))
      : h('td', { role: 'cell', class: kind, 'data-label': label }, cell(row)),
  );
  const props = { role: 'row', 'data-key': key, class: made.open ? 'opens' : '' };
  const node = h('tr', props, made.chosen && checkCell(made, row, key), cells);
  node.addEventListener('click', (event) => {
    if (!event.target.closest('button, a, input, label') && !String(getSelection())) made.open?.(row);
  });
  oneStop(node, node.querySelector('.name-button'));
  return node;
}

function checkCell(made, row, key) {
  const one = chooser(`Choose ${made.title(row)}`, (on) => choose(made, key, on));
  one.input.dataset.focus = `choose-${key}`;
  one.input.checked = made.chosen.has(key);
  return h('td', { role: 'cell', class: 'cell-check' }, one.node);
}

function chooser(words, change) {
  const input = h('input', { type: 'checkbox', 'aria-label': words });
  input.addEventListener('change', () => change(input.checked));
  return { input, node: h('label', { class: 'hit' }, input) };
}

function choose(made, key, on) {
  if (on) made.chosen.add(key);
  else made.chosen.delete(key);
  countChosen(made);
}

/** Chooses all rows of this page, or none. */
export function chooseAll(made, on) {
  for (const row of made.rows) choose(made, made.key(row), on);
  for (const input of made.body.querySelectorAll('.cell-check input')) input.checked = on;
}

function countChosen(made) {
  if (!made.chosen) return;
  for (const row of made.body.children) row.classList.toggle('is-chosen', made.chosen.has(row.dataset.key));
  const here = made.rows.filter((row) => made.chosen.has(made.key(row))).length;
  made.all.input.checked = here > 0 && here === made.rows.length;
  made.all.input.indeterminate = here > 0 && here < made.rows.length;
  made.onChosen?.(made.chosen);
}

/** Shows that rows are on their way: grey bars at first, the present rows dimmed later. */
export function showWaiting(made) {
  made.body.setAttribute('aria-busy', 'true');
  if (made.rows.length) return;
  const span = made.columns.length + (made.chosen ? 1 : 0);
  const bars = Array.from({ length: 6 }, () =>
    h(
      'tr',
      { role: 'row' },
      h('td', { role: 'cell', colspan: span, class: 'cell-title' }, h('span', { class: 'skeleton' })),
    ),
  );
  fill(made.body, bars);
}

/** Shows that there is nothing, and what to do about it. */
export function emptyState(mark, title, ...more) {
  return h('div', { class: 'empty' }, icon(mark), h('h2', null, title), more);
}

/** Shows that a list could not be read. */
export const failedState = (error, again) => h('div', { class: 'failed' }, trouble(error, again));

/** Makes the buttons that go from page to page of `size` rows; `noun` names one row and many. */
export function pager(size, noun) {
  const where = h('span', { 'aria-live': 'polite', class: 'figure' });
  const shown = { page: 1, last: 1 };
  // A button that is disabled loses the focus; one that only says so keeps it.
  const to = (words, mark, key, page) => {
    const go = ({ currentTarget }) => {
      if (currentTarget.getAttribute('aria-disabled') === 'true') return;
      route.change({ page: page() });
      scrollTo(0, 0);
    };
    return button(words, go, { kind: 'small', mark, 'data-focus': `page-${key}` });
  };
  const first = to('First', 'up', 'first', () => 1);
  const back = to('Previous', 'left', 'back', () => shown.page - 1);
  const on = to('Next', 'right', 'on', () => shown.page + 1);
  const last = to('Last', 'down', 'last', () => shown.last);
  const all = [first, back, on, last];
  const node = h('nav', { class: 'pager', 'aria-label': 'Pages' }, where, h('div', { class: 'buttons' }, all));
  const show = ({ page, total }) => {
    Object.assign(shown, { page, last: lastPage(total, size) });
    const from = number((page - 1) * size + 1);
    fill(where, `${from}–${number(Math.min(total, page * size))} of ${counted(total, ...noun)}`);
    for (const one of [first, back]) one.setAttribute('aria-disabled', String(page <= 1));
    for (const one of [on, last]) one.setAttribute('aria-disabled', String(page >= shown.last));
    conceal(node.lastChild, shown.last === 1);
    conceal(node, total === 0);
  };
  const wait = () => all.forEach((one) => one.setAttribute('aria-disabled', 'true'));
  return { node, show, wait };
}

/** The page that holds the last row. */
export const lastPage = (total, size) => Math.max(1, Math.ceil(total / size));
