// The fields that narrow a list. What they say stands in the address, so that it can be kept and gone back to.

import { button, fill, h, uid } from './dom.js';
import { selectField, textField } from './fields.js';
import * as route from './route.js';
import { searchFilter } from './search.js';

/** What takes a list back to its beginning. */
const BEGINNING = { page: '', before: '', after: '' };
const MAKERS = { search: sought, select: selectFilter, date: dateFilter, several: severalFilter, toggle: toggleFilter };

/** Makes the fields of `[{kind, name, label, choices?}, …]`; `update(query)` shows what the address says. */
export function filters(described) {
  const all = described.map((one) => ({ name: one.name, ...MAKERS[one.kind](one) }));
  const toggles = all.filter((one) => one.isToggle);
  const node = h(
    'div',
    { class: 'filters', role: 'search', 'aria-label': 'Narrow the list' },
    all.filter((one) => !one.isToggle).map((one) => one.node),
    toggles.length > 0 && h('div', { class: 'toggles' }, toggles.map((one) => one.node)),
  );
  return { node, update: (query) => all.forEach((one) => one.show(query.get(one.name) ?? '')) };
}

const narrow = (name, value) => route.change({ ...BEGINNING, [name]: value });

/** `choices` are those that are known, `more()` gives others later; what the address says is a choice too. */
function selectFilter({ name, label, choices, more, narrow: isNarrow }) {
  const { node, input } = selectField(label, choices);
  if (isNarrow) node.classList.add('narrow-only');
  input.addEventListener('change', () => narrow(name, input.value));
  const offer = ([value, words]) => {
    if (![...input.options].some((one) => one.value === value)) input.append(h('option', { value }, words));
  };
  const show = (value) => {
    offer([value, value]);
    if (input.value !== value) input.value = value;
  };
  more?.().then(
    (others) => {
      const chosen = input.value;
      fill(input, [...choices, ...others].map(([value, words]) => h('option', { value }, words)));
      show(chosen);
    },
    () => null,
  );
  return { node, show };
}

function dateFilter({ name, label }) {
  const { node, input } = textField(label, { type: 'date' });
  input.addEventListener('change', () => narrow(name, input.value));
  return { node, show: (value) => input.value !== value && (input.value = value) };
}

/** What is typed and left behind with its view is sought no more. */
function sought(given) {
  const { view } = route.read();
  return searchFilter(given, (value) => route.read().view === view && route.adjust({ ...BEGINNING, [given.name]: value }));
}

/** A button that opens a list of boxes; the address has what is ticked, with commas between. */
function severalFilter({ name, label, choices }) {
  const boxes = choices.map((one) => h('input', { type: 'checkbox', value: one }));
  const list = h(
    'div',
    { class: 'picker-list', id: uid('picker'), role: 'group', 'aria-label': label, hidden: true },
    boxes.map((box) => h('label', { class: 'check' }, box, box.value)),
  );
  const head = button('All', () => open(list.hidden), {
    class: 'button picker-head',
    'aria-expanded': 'false',
    'aria-controls': list.id,
    'data-focus': `filter-${name}`,
  });
  const node = h('div', { class: 'field picker' }, h('span', { class: 'label' }, label), head, list);
  const open = (is) => {
    list.hidden = !is;
    head.setAttribute('aria-expanded', String(is));
  };
  const ticked = () => boxes.filter((box) => box.checked).map((box) => box.value);
  list.addEventListener('change', () => narrow(name, ticked().join(',')));
  node.addEventListener('focusout', ({ relatedTarget }) => relatedTarget && !node.contains(relatedTarget) && open(false));
  const pressed = ({ target }) => {
    if (!node.isConnected) document.removeEventListener('pointerdown', pressed);
    else if (!node.contains(target)) open(false);
  };
  document.addEventListener('pointerdown', pressed);
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || list.hidden) return;
    open(false);
    head.focus();
  });
  const show = (value) => {
    const wanted = value.split(',');
    for (const box of boxes) box.checked = wanted.includes(box.value);
    const words = ticked().join(', ') || 'All';
    fill(head, words);
    head.setAttribute('aria-label', `${label}: ${words}`);
  };
  return { node, show };
}

/** A button that is pressed or not; the address has `on` if it is, `off` if it is not, and one of them is nothing. */
function toggleFilter({ name, label, on = '', off = '' }) {
  const press = () => narrow(name, node.getAttribute('aria-pressed') === 'true' ? off : on);
  const node = button(label, press, { class: 'button toggle', 'data-focus': `filter-${name}` });
  const isPressed = (value) => (on ? value === on : value !== off);
  return { node, isToggle: true, show: (value) => node.setAttribute('aria-pressed', String(isPressed(value))) };
}
