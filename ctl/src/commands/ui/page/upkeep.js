// Secrets that want attention: those that have expired, those that expire soon, and the oldest values.

import * as api from './api.js';
import { h } from './dom.js';
import { counted, expiry, moment, number } from './format.js';
import { named } from './named.js';
import { link } from './route.js';

const SHOWN = 6;

const GONE = { expiry: 'expired', sort: 'expiresAt' };
const SOON = { expiry: 'soon', sort: 'expiresAt' };
const OLDEST = { sort: 'versionCreatedAt' };

/** Reads all of it: one look in the log. */
export const lookedUp = () => api.get('/vault/upkeep', { query: { orgId: '*', limit: SHOWN } });

/** Makes the cards of what `lookedUp()` gave. */
export function upkeep({ expired, expiresSoon, oldest }) {
  const expires = (row) => expiry(row.expiresAt);
  return [
    expired.total > 0 && part(`Expired (${number(expired.total)})`, '', expired, expires, GONE),
    part('Expiring within 30 days', 'Nothing expires within 30 days.', expiresSoon, expires, SOON),
    part('Oldest values', 'No secret is stored.', oldest, age, OLDEST),
  ];
}

const age = (row) => h('span', { class: 'muted' }, 'value from ', moment(row.versionCreatedAt));

function part(title, none, list, tell, more) {
  return h('section', { class: 'card card-third' }, h('h2', null, title), lines(list, none, tell, more));
}

function lines({ secrets, total }, none, tell, more) {
  if (!total) return h('p', { class: 'muted' }, none);
  const line = (row) => h('li', null, h('a', { href: link('secrets', {}, row.id) }, named(row.name, 'mono')), tell(row));
  return [
    h('ul', { class: 'lines' }, secrets.slice(0, SHOWN).map(line)),
    total > SHOWN && h('p', null, h('a', { href: link('secrets', more) }, `See all ${counted(total, 'secret')}`)),
  ];
}
