// A view that is a list: filters, table and pages, driven by the address alone.

import { fill, h } from './dom.js';
import { conceal } from './focus.js';
import { failedState, pager, showRows, showSort, showWaiting } from './table.js';
import { locked } from './locked.js';

/**
 * Ties a list together. `load(query, page, signal)` gives `{rows, total, capped?}`, `empty(query)` what is shown
 * where there are none; `usual` is the order without another.
 */
export function listing({ made, filter, size, noun, usual = '', load, empty, bar, loaded }) {
  const pages = pager(size);
  const instead = h('div', { hidden: true });
  const sheet = h('div', { class: 'sheet' }, bar, made.node, instead);
  const node = h('div', null, filter?.node, sheet, pages.node);
  const list = {
    node,
    size,
    noun,
    usual,
    load,
    empty,
    made,
    filter,
    pages,
    instead,
    loaded,
    query: new URLSearchParams(),
  };
  list.update = (query) => {
    list.query = query;
    return refresh(list);
  };
  list.reload = () => refresh(list);
  return list;
}

async function refresh(list) {
  list.asked?.abort();
  list.asked = new AbortController();
  const { signal } = list.asked;
  list.filter?.update(list.query);
  showSort(list.made, list.query.get('sort') || list.usual);
  showWaiting(list.made);
  list.pages.wait();
  try {
    const page = Math.max(1, Number(list.query.get('page')) || 1);
    const found = await list.load(list.query, page, signal);
    if (!signal.aborted) show(list, found, page);
  } catch (error) {
    if (error.name !== 'AbortError' && !signal.aborted) fail(list, error);
  }
}

function show(list, found, page) {
  showRows(list.made, found.rows);
  list.pages.show({ page, noun: list.noun, ...found });
  swap(list, found.rows.length ? null : list.empty(list.query, found));
  list.loaded?.(found);
}

function fail(list, error) {
  showRows(list.made, []);
  conceal(list.pages.node, true);
  swap(list, error.code === 'locked' ? locked() : failedState(error, list.reload));
}

function swap(list, other) {
  fill(list.instead, other);
  conceal(list.made.node, other !== null);
  conceal(list.instead, other === null);
}
