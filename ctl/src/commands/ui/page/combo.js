// One of many, found by typing: an input with a list below, as the ARIA practices describe a combobox.

import { fill, h, uid } from './dom.js';
import { searchBox } from './fields.js';
import { chip } from './pills.js';

/**
 * Makes the choice of `[{value, words, more, terms}, …]`. `chosen(value)` is called with what is taken, and with null
 * when the text is changed after that: what is chosen is what the box says, or nothing. Until something is chosen the
 * list stays in sight; `mark(noted)` has the choices for which `noted(value)` is true come first, with that word. If no
 * choice has the typed name, `instead(text)` is the choice, or the words that say so.
 */
export function combo({ label, placeholder, choices, instead, chosen }) {
  const made = searchBox(label, {
    type: 'text',
    role: 'combobox',
    'aria-autocomplete': 'list',
    'aria-expanded': 'true',
    placeholder,
  });
  const list = h('ul', { class: 'options', role: 'listbox', id: uid('options'), 'aria-label': label });
  made.input.setAttribute('aria-controls', list.id);
  const state = { ...made, list, choices, instead, shown: [], at: -1, taken: null, chosen, noted: () => false };
  made.node.classList.add('combo');
  made.node.append(list);
  made.input.addEventListener('input', () => typed(state));
  made.input.addEventListener('click', () => open(state));
  made.input.addEventListener('keydown', (event) => key(state, event));
  made.input.addEventListener('blur', () => left(state));
  // The press must not take the focus away, or the list would be gone before the click.
  list.addEventListener('mousedown', (event) => event.preventDefault());
  offer(state);
  const mark = (noted) => {
    state.noted = noted;
    if (!list.hidden) offer(state);
  };
  return { node: made.node, input: made.input, refuse: (words) => refuse(state, words), mark };
}

function typed(state) {
  state.help('');
  if (state.taken && state.input.value !== state.taken.words) {
    state.taken = null;
    state.chosen(null);
  }
  open(state);
}

/** Marks the box, and offers what can be chosen. */
function refuse(state, words) {
  state.help(words, 'bad');
  state.input.focus();
  open(state);
}

function open(state) {
  offer(state);
  state.list.hidden = false;
  state.input.setAttribute('aria-expanded', 'true');
  mark(state, state.input.value && state.shown.length ? 0 : -1);
}

function offer(state) {
  const words = state.input.value.toLowerCase().split(/\s+/);
  const fits = state.choices.filter((one) => words.every((word) => one.terms.includes(word)));
  const rank = (one) => (one.words.toLowerCase().startsWith(words[0]) ? 0 : 2) + (state.noted(one.value) ? 0 : 1);
  state.shown = [0, 1, 2, 3].flatMap((at) => fits.filter((one) => rank(one) === at));
  const other = state.shown.length ? null : state.instead(state.input.value.trim());
  if (other?.words) state.shown = [other];
  fill(
    state.list,
    state.shown.map((one, at) => option(state, one, at)),
    !state.shown.length && h('li', { class: 'option muted', role: 'option', 'aria-disabled': 'true' }, other),
  );
}

function option(state, one, at) {
  return h(
    'li',
    { class: 'option', role: 'option', id: `${state.list.id}-${at}`, on: { click: () => take(state, one) } },
    h('span', null, one.words),
    state.noted(one.value) && chip('stored', 'good'),
  );
}

function mark(state, at) {
  state.at = at;
  [...state.list.children].forEach((node, place) => {
    node.classList.toggle('active', place === at);
    node.setAttribute('aria-selected', String(place === at));
  });
  const node = state.list.children[at];
  if (at < 0) state.input.removeAttribute('aria-activedescendant');
  else state.input.setAttribute('aria-activedescendant', node.id);
  node?.scrollIntoView({ block: 'nearest' });
}

function key(state, event) {
  const open_ = !state.list.hidden;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) {
    event.preventDefault();
    if (!open_) open(state);
    if (state.shown.length) mark(state, (state.at + steps[event.key] + state.shown.length) % state.shown.length);
  } else if (event.key === 'Enter' && open_ && state.at >= 0) {
    event.preventDefault();
    take(state, state.shown[state.at]);
  } else if (event.key === 'Escape' && open_) {
    event.preventDefault();
    event.stopPropagation();
    close(state);
  }
}

function close(state) {
  state.list.hidden = true;
  state.input.setAttribute('aria-expanded', 'false');
  state.input.removeAttribute('aria-activedescendant');
  state.at = -1;
}

// What is pressed must not move away before it is let go, or the click is lost.
function left(state) {
  if (!state.taken) return;
  if (!document.querySelector(':active')) return void close(state);
  addEventListener('pointerup', () => setTimeout(close, 0, state), { once: true });
}

function take(state, one) {
  state.taken = one;
  state.input.value = one.words;
  state.help('');
  close(state);
  state.chosen(one.value);
}
