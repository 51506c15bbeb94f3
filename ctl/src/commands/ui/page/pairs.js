// Metadata as rows of a key and its text.

import { button, fill, h, iconButton } from './dom.js';
import { touch } from './draft.js';
import { written } from './facts.js';
import { takeAway } from './focus.js';

/** Makes the rows of an object; `read()` gives it back, and throws where a key stands twice. */
export function pairRows(object = {}) {
  const rows = h('div', { class: 'pairs' });
  const state = { rows, originals: new Map(Object.entries(object)) };
  fill(
    rows,
    Object.entries(object).map(([key, value]) => pair(state, key, written(value))),
  );
  const add = button(
    'Add a row',
    () => {
      rows.append(pair(state));
      rows.lastChild.querySelector('input').focus();
    },
    { kind: 'small', mark: 'plus' },
  );
  const node = h(
    'fieldset',
    { class: 'stack-tight' },
    h('legend', null, 'Metadata', h('span', { class: 'optional muted' }, ' optional, kept in clear')),
    rows,
    h('div', { class: 'buttons' }, add),
  );
  return { node, read: () => collect(state) };
}

function pair(state, key = '', value = '') {
  const still = { autocomplete: 'off', spellcheck: 'false' };
  const row = h(
    'div',
    { class: 'pair' },
    h('input', { 'aria-label': 'Key', placeholder: 'Key', value: key, ...still }),
    h('input', { 'aria-label': 'Text', placeholder: 'Text', value, ...still }),
    iconButton('close', 'Remove this row', () => leave(row)),
  );
  return row;
}

function leave(row) {
  const part = row.closest('fieldset');
  touch(part);
  takeAway(row, part.querySelector('.buttons .button'));
}

function collect({ rows, originals }) {
  const found = {};
  for (const row of rows.children) {
    const [key, value] = [...row.querySelectorAll('input')].map((input) => input.value);
    if (!key && !value) continue;
    if (!key) throw Object.assign(new Error('A row of metadata has no key.'), { hint: 'Name it, or remove the row.' });
    if (Object.hasOwn(found, key))
      throw Object.assign(new Error(`The key ${key} stands twice.`), { hint: 'Keep one of the rows.' });
    // A number or an object that was not touched stays one.
    const same = originals.has(key) && written(originals.get(key)) === value;
    Object.defineProperty(found, key, { value: same ? originals.get(key) : value, enumerable: true });
  }
  return found;
}
