// When something expires: never, after a usual time, or on a day.

import { selectField, textField } from './fields.js';
import { h } from './dom.js';

const DAY = 86400e3;
const CHOICES = [
  ['', 'Never'],
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
  ['date', 'On a day…'],
];

/** Makes the choice; `read()` gives a time, or null for never. */
export function lifetimeField(time = null) {
  const when = textField('Expires on', { type: 'datetime-local', value: time ? local(new Date(time)) : '' });
  const choice = selectField('Expires', CHOICES, { value: time ? 'date' : '' });
  const show = () => {
    when.node.hidden = choice.input.value !== 'date';
  };
  choice.input.addEventListener('change', show);
  show();
  const read = () => {
    if (choice.input.value === '') return null;
    if (choice.input.value !== 'date') return new Date(Date.now() + Number(choice.input.value) * DAY).toISOString();
    if (!when.input.value)
      throw Object.assign(new Error('The day of expiry is missing.'), { hint: 'Choose a day and a time, or Never.' });
    // An untouched time keeps its seconds.
    return time && when.input.value === local(new Date(time)) ? time : new Date(when.input.value).toISOString();
  };
  return { node: h('div', { class: 'grid-2' }, choice.node, when.node), read };
}

function local(date) {
  return new Date(date - date.getTimezoneOffset() * 60e3).toISOString().slice(0, 16);
}
