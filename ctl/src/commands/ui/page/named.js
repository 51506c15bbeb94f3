// Names as they are shown: apart from the text around them, and with a mark for each character that cannot be seen.

import { h } from './dom.js';
import { UNSEEN, point } from './names.js';

/** Writes a name for where only text can stand: `[U+202E]` for what cannot be seen. */
export const seen = (name) => [...name].map((char) => (UNSEEN.test(char) ? `[${point(char)}]` : char)).join('');

/** Shows a name. */
export function named(name, kind = '') {
  const parts = [...name].map((char) => (UNSEEN.test(char) ? h('span', { class: 'hidden-mark' }, point(char)) : char));
  return h('bdi', { class: kind }, parts);
}
