// What the page says for as long as it is so, with a button: at its lower edge, and within the topmost dialog.

import { h } from './dom.js';
import * as focus from './focus.js';

const place = h('section', { class: 'bars', id: 'bars', 'aria-label': 'Notices' });

/** Shows a bar; the function that it returns takes it away. */
export function show(...children) {
  const bar = h('div', { class: 'note-bar' }, children);
  if (!place.isConnected) goTo(null);
  place.append(bar);
  return () => {
    const had = bar.contains(document.activeElement);
    bar.remove();
    if (had) focus.give();
  };
}

/** Moves the bars into a dialog, behind which they could not be reached; without one to the page's edge. */
export function goTo(dialog) {
  const at = place.contains(document.activeElement) ? document.activeElement : null;
  (dialog ?? document.getElementById('edge')).append(place);
  at?.focus();
}
