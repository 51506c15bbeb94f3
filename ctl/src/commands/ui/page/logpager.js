// The way along the log: by places, so that nothing is shown twice or left out while entries are added.

import * as api from './api.js';
import { button, fill, h } from './dom.js';
import { textField } from './fields.js';
import { conceal } from './focus.js';
import { counted, number } from './format.js';
import * as route from './route.js';
import { say } from './say.js';

/** Makes the buttons that go to either end of the log, from page to page and to a day; `asked(query)` narrows the log. */
export function logPager(asked) {
  const where = h('span', { 'aria-live': 'polite', class: 'figure' });
  const shown = { rows: [] };
  const to = (words, mark, key, place) =>
    button(
      words,
      ({ currentTarget }) =>
        currentTarget.getAttribute('aria-disabled') === 'true' ||
        route.change({ before: '', after: '', ...place() }),
      { kind: 'small', mark, 'data-focus': `log-${key}` },
    );
  const may = (is, ...buttons) => buttons.forEach((one) => one.setAttribute('aria-disabled', String(!is)));
  const newest = to('Newest', 'up', 'newest', () => ({}));
  const newer = to('Newer', 'left', 'newer', () => ({ after: shown.rows[0].seq }));
  const older = to('Older', 'right', 'older', () => ({ before: shown.rows.at(-1).seq }));
  const oldest = to('Oldest', 'down', 'oldest', () => ({ after: 0 }));
  const all = [newest, newer, older, oldest];
  const buttons = h('div', { class: 'buttons' }, dayField(asked), all);
  const node = h('nav', { class: 'pager', 'aria-label': 'Pages' }, where, buttons);
  const show = (found) => {
    shown.rows = found.rows;
    conceal(node, !found.rows.length);
    if (!found.rows.length) return;
    const [first, last] = [found.rows[0].seq, found.rows.at(-1).seq];
    const place = first === last ? `#${number(first)}` : `#${number(first)} to #${number(last)}`;
    fill(where, `${place} of ${found.capped ? 'more than ' : ''}${counted(found.total, 'entry', 'entries')}`);
    may(found.newer, newest, newer);
    may(found.older, older, oldest);
    conceal(node.lastChild, !found.newer && !found.older);
  };
  return { node, show, wait: () => may(false, ...all) };
}

function dayField(asked) {
  const { node, input } = textField('Jump to a day', { type: 'date' });
  input.addEventListener('change', () => {
    const end = new Date(`${input.value}T23:59:59.999`);
    if (input.value) toDay(end, asked(route.read().query)).catch(({ message }) => say(message));
  });
  return node;
}

/** Goes to the page that begins with the last entry of a day; if no entry is that old, to the oldest. */
async function toDay(end, asked) {
  const query = { ...asked, until: end.toISOString(), limit: 1 };
  const { entries } = await api.get('/vault/audit-log', { query });
  route.change(entries.length ? { before: entries[0].seq + 1, after: '' } : { before: '', after: 0 });
}

/** Where the address is in the log, as a request asks for it; one more than is shown says whether more follow. */
export function placeOf(query, size) {
  const place = (name) => (/^\d{1,15}$/.test(query.get(name) ?? '') ? Number(query.get(name)) : undefined);
  return { before: place('before'), after: place('after'), limit: size + 1 };
}

/** Takes a page out of an answer, newest first; nothing where another page is meant, which the address then says. */
export function pageOf({ entries, total, totalCapped }, { before, after }, size) {
  const more = entries.length > size;
  const rows = entries.slice(0, size);
  const found = { total, capped: totalCapped };
  if (after !== undefined) {
    if (!more && after > 0) return void route.adjust({ after: '' });
    return { ...found, rows: rows.reverse(), newer: more, older: after > 0 };
  }
  if (before !== undefined && !rows.length && total > 0) return void route.adjust({ before: '', after: '0' });
  return { ...found, rows, newer: before !== undefined, older: more };
}
