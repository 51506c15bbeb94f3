// The field that a list is searched with. A list that is read is an entry of the log, so typing a search writes two at most:
// it is made once when the typing has stopped, and from then on with Enter or when the field is left by a key. A press
// elsewhere is for what is there: a list that was searched in between would take it away from under the pointer.

import { h } from './dom.js';
import { searchBox } from './fields.js';

const LETTERS = 3;
/** After how many milliseconds the typing has stopped: at least, at most, and as a multiple of the longest gap in it. */
const [SHORTEST, LONGEST, GAPS] = [400, 3000, 3];

let isPressed = false;
addEventListener('pointerdown', () => (isPressed = true), { capture: true });
for (const kind of ['pointerup', 'pointercancel'])
  addEventListener(kind, () => (isPressed = false), { capture: true });

/** Makes the field of `{name, label, placeholder}`; `find(words)` has the list searched. */
export function searchFilter({ name, label, placeholder }, find) {
  const { node, input } = searchBox(label, { placeholder, 'data-focus': `filter-${name}` });
  const enter = h('kbd', { class: 'enter', hidden: true, 'aria-hidden': 'true' }, 'Enter');
  const heard = h('span', { class: 'unseen', role: 'status' });
  node.classList.add('search-field');
  input.after(enter, heard);
  const state = { input, enter, heard, find, timer: 0, typed: null, gap: 0, isAhead: false, wasMade: false, shown: '' };
  input.addEventListener('input', () => typed(state, performance.now()));
  input.addEventListener('keydown', ({ key }) => key === 'Enter' && make(state));
  input.addEventListener('blur', () => left(state));
  const show = (value) => {
    const isNew = value !== state.shown;
    state.shown = value;
    // A field that is being typed into is ahead of the address, and stays so until that changes.
    if (document.activeElement === input || (state.isAhead && !isNew)) return;
    settle(state);
    if (input.value !== value) input.value = value;
  };
  return { node, show };
}

function typed(state, now) {
  clearTimeout(state.timer);
  state.gap = state.typed === null ? 0 : Math.max(state.gap, now - state.typed);
  state.typed = now;
  state.isAhead = true;
  const words = state.input.value.trim();
  if (!words) begin(state);
  const isForEnter = words !== '' && (state.wasMade || words.length < LETTERS);
  waits(state, isForEnter);
  if (isForEnter) return;
  const pause = Math.min(Math.max(SHORTEST, state.gap * GAPS), LONGEST);
  state.timer = setTimeout(make, words ? pause : SHORTEST, state);
}

/** Has the list searched for what the field says. */
function make(state) {
  settle(state);
  state.wasMade = state.input.value.trim() !== '';
  state.find(state.input.value.trim());
}

function settle(state) {
  clearTimeout(state.timer);
  waits(state, false);
  state.isAhead = false;
}

function left(state) {
  if (state.isAhead && !isPressed) make(state);
  begin(state);
}

function begin(state) {
  Object.assign(state, { wasMade: false, typed: null, gap: 0 });
}

/** Says that the search waits for Enter, or no more. */
function waits({ enter, heard }, is) {
  if (enter.hidden !== is) return;
  enter.hidden = !is;
  heard.textContent = is ? 'Press Enter to search for this.' : '';
}
