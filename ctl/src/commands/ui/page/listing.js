// A view that is a list: filters, table and pages, driven by the address alone.

import { fill, h } from './dom.js';
import { conceal } from './focus.js';
import { failedState, lastPage, pager, showRows, showSort, showWaiting } from './table.js';
import { locked } from './locked.js';
import * as route from './route.js';

/**
 * Ties a list together. `load(query, page, signal)` gives `{rows, total}`, or nothing where the address now says another
 * page; `empty(query)` is what is shown where there are none; `usual` is the order without another; `pages` replaces the
 * usual buttons.
 */
export function listing({ made, filter, size, noun, usual = '', load, empty, bar, loaded, pages = pager(size, noun) }) {
  const instead = h('div', { hidden: true });
  const sheet = h('div', { class: 'sheet' }, bar, made.node, instead);
  const node = h('div', null, filter?.node, sheet, pages.node);
  const list = { node, size, usual, load, empty, made, filter, pages, instead, loaded, query: new URLSearchParams() };
  list.update = (query) => {
    // What is open in the list may be another one: that is no reason to read it again.
    if (list.asked && String(query) === String(list.query)) return undefined;
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
    const page = pageOf(list.query);
    const found = await list.load(list.query, page, signal);
    if (!signal.aborted && found) show(list, found, page);
  } catch (error) {
    if (error.name !== 'AbortError' && !signal.aborted) fail(list, error);
  }
}

/** The page that an address asks for; beyond any list it is as good as any other. */
function pageOf(query) {
  const asked = Math.trunc(Number(query.get('page'))) || 1;
  return Math.min(Math.max(1, asked), 1e6);
}

function show(list, found, page) {
  const last = lastPage(found.total, list.size);
  if (!found.rows.length && page > last) return void route.adjust({ page: last === 1 ? '' : last });
  showRows(list.made, found.rows);
  list.pages.show({ page, ...found });
  swap(list, found.total ? null : list.empty(list.query));
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
