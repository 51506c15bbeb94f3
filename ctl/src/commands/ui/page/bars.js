// What the page says for as long as it is so, with a button: at its lower edge, and within the topmost dialog.

import { h } from './dom.js';
import * as focus from './focus.js';

const place = h('div', { class: 'bars', id: 'bars' });

/** Shows a bar; the function that it returns takes it away. */
export function show(...children) {
  const bar = h('div', { class: 'note-bar' }, children);
  if (!place.isConnected) document.body.append(place);
  place.append(bar);
  return () => {
    const had = bar.contains(document.activeElement);
    bar.remove();
    if (had) focus.give();
  };
}

/** Moves the bars: behind a dialog they could not be reached. */
export function goTo(node) {
  const at = place.contains(document.activeElement) ? document.activeElement : null;
  node.append(place);
  at?.focus();
}
