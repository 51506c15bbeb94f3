// Facts: a list of what is known, term by term.

import { h } from './dom.js';

/** Shows `[[term, what], …]`; a dash where nothing is known. */
export function facts(all) {
  return h(
    'dl',
    { class: 'facts' },
    all.map(([term, what]) => [h('dt', null, term), h('dd', null, what ?? '—')]),
  );
}

/** Shows a list that may be longer than its place: it scrolls, by keys too. */
export function foundList(label, lines) {
  return h('div', { class: 'found', tabindex: '0', role: 'group', 'aria-label': label }, h('ul', null, lines));
}

/** Writes a value of metadata: texts as they are, anything else as JSON. */
export const written = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
