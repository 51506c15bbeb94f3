// The fields that narrow a list. What they say stands in the address, so that it can be kept and gone back to.

import { h, settled } from './dom.js';
import { searchBox, selectField, textField } from './fields.js';
import * as route from './route.js';

const PAUSE = 220;
/** Fields whose words do not stand in the address yet. */
const ahead = new Set();
const MAKERS = {
  search: searchFilter,
  select: selectFilter,
  text: textFilter,
  date: dateFilter,
  suggest: suggestFilter,
};

/** Makes the fields of `[{kind, name, label, choices?}, …]`; `update(query)` shows what the address says. */
export function filters(described) {
  const all = described.map((one) => ({ name: one.name, ...MAKERS[one.kind](one) }));
  const node = h(
    'div',
    { class: 'filters', role: 'search', 'aria-label': 'Narrow the list' },
    all.map((one) => one.node),
  );
  return { node, update: (query) => all.forEach((one) => show(one, query)) };
}

function show({ input, name }, query) {
  const value = query.get(name) ?? '';
  // A field that is being typed into is ahead of the address, and so is one that was left just now.
  if (input.value !== value && document.activeElement !== input && !ahead.has(input)) input.value = value;
}

function typed(input, name) {
  const write = settled(() => {
    ahead.delete(input);
    route.adjust({ [name]: input.value.trim(), page: '' });
  }, PAUSE);
  input.addEventListener('input', () => {
    ahead.add(input);
    write();
  });
}

function picked(input, name) {
  input.addEventListener('change', () => route.change({ [name]: input.value, page: '' }));
}

function searchFilter({ name, label, placeholder }) {
  const made = searchBox(label, { placeholder, 'data-focus': `filter-${name}` });
  made.node.classList.add('search-field');
  typed(made.input, name);
  return made;
}

function textFilter({ name, label, placeholder }) {
  const made = textField(label, { placeholder });
  typed(made.input, name);
  return made;
}

function selectFilter({ name, label, choices, narrow }) {
  const made = selectField(label, choices);
  if (narrow) made.node.classList.add('narrow-only');
  picked(made.input, name);
  return made;
}

function dateFilter({ name, label }) {
  const made = textField(label, { type: 'date' });
  picked(made.input, name);
  return made;
}

function suggestFilter({ name, label, choices, placeholder }) {
  const made = textField(label, { placeholder });
  const list = h(
    'datalist',
    { id: `${made.input.id}-list` },
    choices.map(([value, words]) => h('option', { value }, words)),
  );
  made.input.setAttribute('list', list.id);
  made.node.append(list);
  typed(made.input, name);
  return made;
}
