// What the page says about what happened. A message holds names and words of the server, never a value.

import { button, fill, h, icon } from './dom.js';
import { plainly } from './faults.js';

const SHOWN = 6000;

/** Says something, where it is heard: in the topmost dialog, or at the page's edge. */
export function say(words) {
  const dialogs = document.querySelectorAll('dialog[open] .heard');
  const place = dialogs.length ? dialogs[dialogs.length - 1] : document.getElementById('toasts');
  const shown = dialogs.length ? note('good', words) : h('div', { class: 'toast' }, words);
  if (dialogs.length) fill(place, shown);
  else place.append(shown);
  setTimeout(() => shown.remove(), SHOWN);
}

const MARKS = { good: 'check', bad: 'alert', warn: 'alert', plain: 'vault' };

/** Shows a note with an icon; what it is about comes first. */
export function note(tone, words, ...more) {
  return h('div', { class: `note note-${tone}` }, icon(MARKS[tone]), h('div', null, h('strong', null, words), ...more));
}

/** Shows what went wrong and what to do, and a way to try again where there is one. */
export function trouble(error, again) {
  const { message, hint: next } = plainly(error);
  const hint = next && h('span', { class: 'hint' }, sentence(next));
  const retry = again && h('div', { class: 'buttons' }, button('Try again', again, { kind: 'small', mark: 'rotate' }));
  const shown = note('bad', sentence(message), hint, retry);
  shown.setAttribute('role', 'alert');
  return shown;
}

/** Writes words as a sentence: a capital at its beginning, unless a command or a name stands there. */
export function sentence(words) {
  return /^[a-z]+[ ,]/.test(words) && !/^vaultctl|^vaultd/.test(words)
    ? words[0].toUpperCase() + words.slice(1)
    : words;
}
