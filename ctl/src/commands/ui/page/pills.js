// Pills and chips: small words with a colour. The colour never says more than the word.

import { h, icon } from './dom.js';
import { ACTIONS, OUTCOMES, category } from './words.js';

/** Gives an element the colour of a category. */
export function tint(node, id) {
  node.classList.add('tinted');
  node.style.setProperty('--tint', category(id).color);
  return node;
}

/** Shows a category. */
export function categoryPill(id) {
  return tint(h('span', { class: 'pill', title: category(id).description }, category(id).label), id);
}

/** Shows a word with a tone: `good`, `bad`, `warn`, `accent` or `plain`. */
export function chip(words, tone = 'plain', mark) {
  return h('span', { class: `chip chip-${tone}` }, mark && icon(mark), words);
}

/** Shows an action. */
export const actionChip = (action) => chip(action, ACTIONS[action]);

/** Shows how an act ended. */
export function outcomeChip(outcome) {
  const [tone, words] = OUTCOMES[outcome] ?? ['plain', outcome];
  return chip(words, tone, tone === 'good' ? 'check' : 'alert');
}
