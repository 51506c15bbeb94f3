// A list whose filters let nothing through, and the way out of them.

import { button, h } from './dom.js';
import * as route from './route.js';
import { emptyState } from './table.js';

/** Takes these filters away. */
export const clear = (names) => route.change(Object.fromEntries([...names, 'page'].map((one) => [one, ''])));

/** Shows that nothing fits; `names` are the filters that are taken away. */
export function nothingFits(title, words, names) {
  return emptyState(
    'search',
    title,
    h('p', null, words),
    button('Show all', () => clear(names)),
  );
}
